import Encodings
public import Quantities
public import Statistics

/// What generated sessions look like; sizes in tokens, waits in seconds.
public struct GeneratorSettings: Hashable, Sendable {
    /// The name of the profile.
    public var profile: String
    /// The size of the tool definitions.
    public var toolsTokens: TokenCount
    /// The size of the system prompt.
    public var systemTokens: TokenCount
    /// Calls per session, at least one.
    public var calls: Distribution
    /// The size of the task that opens a session.
    public var firstUserTokens: Distribution
    /// The size of one tool result.
    public var toolResultTokens: Distribution
    /// The size of one answer.
    public var outputTokens: Distribution
    /// How long a tool runs, in seconds.
    public var toolSeconds: Distribution
    /// The share of answers that call several tools at once.
    public var parallelShare: Double
    /// The share of tool results that are errors.
    public var errorShare: Double

    /// The mixture of tool times that autonomous coding agents show: file tools, shell commands, long runs.
    private static let codingTools = Distribution.mixture([
        .init(weight: 0.49, .logNormal(mu: -3.5, sigma: 0.5)), .init(weight: 0.49, .logNormal(mu: 0.5, sigma: 1.2)),
        .init(weight: 0.02, .logNormal(mu: 4.5, sigma: 0.7)),
    ])

    /// `coding-S`: a small coding session for gates, about 0.2 M input tokens.
    public static let codingSmall = GeneratorSettings(
        profile: "coding-S", toolsTokens: 8000, systemTokens: 2000, calls: .constant(12),
        firstUserTokens: .constant(800),
        toolResultTokens: .clipped(.logNormal(mu: 5.92, sigma: 0.98), lower: 16, upper: 6000),
        outputTokens: .clipped(.logNormal(mu: 5.1, sigma: 0.63), lower: 16, upper: 1000),
        toolSeconds: .clipped(codingTools, lower: 0, upper: 5), parallelShare: 0.14, errorShare: 0.12)

    /// `coding-autonomous`: fitted to 111 autonomous runs on SWE-rebench (AgentCgroup).
    public static let codingAutonomous = GeneratorSettings(
        profile: "coding-autonomous", toolsTokens: 10700, systemTokens: 2700,
        calls: .clipped(.logNormal(mu: 3.807, sigma: 0.55), lower: 18, upper: 92),
        firstUserTokens: .uniform(lower: 1000, upper: 2000),
        toolResultTokens: .clipped(.logNormal(mu: 5.93, sigma: 1.22), lower: 4, upper: 20_000),
        outputTokens: .clipped(.logNormal(mu: 5.1, sigma: 0.95), lower: 8, upper: 4000),
        toolSeconds: .clipped(codingTools, lower: 0, upper: 600), parallelShare: 0.14, errorShare: 0.12)

    /// The settings of a name.
    public static let named = ["coding-S": codingSmall, "coding-autonomous": codingAutonomous]
}

/// Draws sessions from settings.
public enum WorkloadGenerator {
    /// Draws sessions; the same settings and seed give the same sessions, and more sessions begin with the same ones.
    ///
    /// - Parameters:
    ///   - settings: what they look like.
    ///   - count: how many.
    ///   - seed: where the draws come from.
    /// - Returns: the sessions, with a header that names their source.
    public static func generate(_ settings: GeneratorSettings, count: Int, seed: Seed) -> SessionLibrary {
        let sessions = (0..<count).map { session(settings, number: $0, seed: seed.derived("session", $0)) }
        let source = SessionFile.header(
            name: settings.profile,
            source: [
                "generator": .string(settings.profile), "seed": .string(String(seed.value)), "licence": "Apache-2.0",
            ])
        return SessionLibrary(header: source, sessions: sessions)
    }

    private static func session(_ settings: GeneratorSettings, number: Int, seed: Seed) -> Session {
        var generator = SeededGenerator(seed: seed)
        func tokens(_ distribution: Distribution) -> TokenCount {
            TokenCount(max(1, Int(distribution.sample(using: &generator).rounded())))
        }
        let count = max(1, tokens(settings.calls).value)
        var calls: [Call] = []
        var input = settings.toolsTokens + settings.systemTokens
        for index in 0..<count {
            let last = calls.last
            var added = [Call.AddedItem(role: "user", tokens: .zero)]
            if last == nil {
                added[0].tokens = tokens(settings.firstUserTokens)
            } else {
                let parallel = generator.uniform() < settings.parallelShare ? 2 + generator.below(2) : 1
                added = (0..<parallel).map { _ in
                    let size = tokens(settings.toolResultTokens)
                    return Call.AddedItem(
                        role: "tool", tokens: size, isError: generator.uniform() < settings.errorShare)
                }
            }
            let carry = last?.output ?? .zero
            input = input + carry + added.reduce(.zero) { $0 + $1.tokens }
            let wait = last == nil ? 0 : settings.toolSeconds.sample(using: &generator)
            calls.append(
                Call(
                    identifier: CallIdentifier("\(index)"), after: last.map { [$0.identifier] } ?? [],
                    wait: .milliseconds(Int64((wait * 1000).rounded())), waitKind: last == nil ? .start : .tool,
                    context: last == nil ? .new : .continuing, carry: carry, added: added, input: input,
                    output: tokens(settings.outputTokens), stop: index == count - 1 ? "end_turn" : "tool_use"))
        }
        return Session(
            identifier: SessionIdentifier("\(settings.profile)-\(number)"), profile: settings.profile,
            toolsTokens: settings.toolsTokens, systemTokens: settings.systemTokens, calls: calls)
    }
}
