public import Profiles
import Quantities

/// One provider of the loopback fleet: an engine, a network, habits, and faults.
public struct Persona: Hashable, Sendable {
    /// The name of the provider document that it plays.
    public var name: String
    /// What it speaks as.
    public var system: PersonaSystem
    /// The models that it has; empty for any.
    public var models: [String] = []
    /// The time before a request reaches the engine and after an answer leaves it, together.
    public var network: Duration
    /// Prompt tokens that are read per second.
    public var prefillTokensPerSecond: Double
    /// Tokens that one stream gets per second when it is alone.
    public var decodeTokensPerSecond: Double
    /// How much each further stream slows all of them down, as a share.
    public var slowdownPerStream: Double
    /// Streams that run at once; the others queue.
    public var slotCount: Int
    /// How long a prompt stays cached; zero for no cache.
    public var cacheLifetime: Duration
    /// True if only what a request marks is cached.
    public var cachesOnlyMarks: Bool
    /// Tokens per event.
    public var tokensPerEvent: Int
    /// How much times vary around their mean, as a standard deviation in logarithms.
    public var jitter: Double
    /// The share of the output that is reasoning, from zero to one.
    public var reasoningShare: Double
    /// How long answers would be by themselves: their mean as a share of the request's limit; beyond it they are cut.
    public var outputShare: Double
    /// How long ``Scenario/stallResume`` is silent, and ``Scenario/lateClose`` holds a stream open.
    public var stallDuration: Duration = .seconds(2)
    /// The upstream that the response names; nil for none.
    public var upstream: String?
    /// True if the usage comes with the finish reason, false to follow the system's habit.
    public var hasUsageAtFinish: Bool
    /// True if usage tells the cost.
    public var tellsCost: Bool
    /// What it plays, as shares of its requests; the shares of faults add up to at most one.
    public var scenarios: [Scenario: Double]

    /// Makes a persona; each parameter sets the property of its name.
    ///
    /// The system also decides whether only marked places are cached, and makes the usage tell the cost where the real one
    /// does.
    public init(
        name: String, system: PersonaSystem = .generic, network: Duration = .milliseconds(10),
        prefillTokensPerSecond: Double = 40_000, decodeTokensPerSecond: Double = 400, slowdownPerStream: Double = 0.02,
        slotCount: Int = 64, cacheLifetime: Duration = .seconds(300), tokensPerEvent: Int = 4, jitter: Double = 0.05,
        reasoningShare: Double = 0, outputShare: Double = 0.5, upstream: String? = nil, hasUsageAtFinish: Bool = false,
        tellsCost: Bool = false, scenarios: [Scenario: Double] = [:]
    ) {
        self.name = name
        self.system = system
        self.network = network
        self.prefillTokensPerSecond = prefillTokensPerSecond
        self.decodeTokensPerSecond = decodeTokensPerSecond
        self.slowdownPerStream = slowdownPerStream
        self.slotCount = slotCount
        self.cacheLifetime = cacheLifetime
        cachesOnlyMarks = [.anthropic, .bedrockConverse, .bedrockInvoke].contains(system)
        self.tokensPerEvent = tokensPerEvent
        self.jitter = jitter
        self.reasoningShare = reasoningShare
        self.outputShare = outputShare
        self.upstream = upstream
        self.hasUsageAtFinish = hasUsageAtFinish
        self.tellsCost = tellsCost || system == .openRouter || system == .liteLLM
        self.scenarios = scenarios
    }

    /// The model that answers where one is asked for: llama.cpp has only the one that it was started with.
    func answeringModel(_ wanted: String) -> String { system == .llamaCpp ? models.first ?? wanted : wanted }

    /// The providers of the demonstration, one per delivery path.
    public static let demonstration: [Persona] = [
        Persona(
            name: "demo-aggregator", network: .milliseconds(45), prefillTokensPerSecond: 90_000,
            decodeTokensPerSecond: 520, upstream: "demo-upstream", tellsCost: true,
            scenarios: [.rateLimit: 0.004, .streamError: 0.002]),
        Persona(
            name: "demo-platform", network: .milliseconds(15), prefillTokensPerSecond: 140_000,
            decodeTokensPerSecond: 900),
        Persona(
            name: "demo-hyperscaler", network: .milliseconds(25), prefillTokensPerSecond: 60_000,
            decodeTokensPerSecond: 360, cacheLifetime: .zero, tokensPerEvent: 8),
        Persona(
            name: "demo-self-hosted", network: .milliseconds(5), prefillTokensPerSecond: 70_000,
            decodeTokensPerSecond: 640),
        Persona(
            name: "demo-vendor", network: .milliseconds(80), prefillTokensPerSecond: 100_000,
            decodeTokensPerSecond: 280, hasUsageAtFinish: true),
    ]
}

extension Persona {
    /// The persona that plays a provider document.
    ///
    /// - Parameters:
    ///   - name: the document's name.
    ///   - profile: how the document wants it to be played; nil takes the persona of the demonstration that has the name,
    ///     or an ordinary one.
    ///   - models: the models that it has; empty for any.
    public init(name: String, profile: RehearsalProfile?, models: [String] = []) {
        guard let profile else {
            self = Self.demonstration.first { $0.name == name } ?? Persona(name: name)
            return
        }
        self.init(
            name: name, system: profile.system, network: profile.network,
            prefillTokensPerSecond: profile.prefillTokensPerSecond,
            decodeTokensPerSecond: profile.decodeTokensPerSecond, slowdownPerStream: profile.slowdownPerStream,
            slotCount: profile.slots, cacheLifetime: profile.cacheLifetime, tokensPerEvent: profile.tokensPerEvent,
            jitter: profile.jitter, reasoningShare: profile.reasoningShare, outputShare: profile.outputShare,
            upstream: profile.upstream, scenarios: profile.scenarios)
        self.models = models
        if let marks = profile.cachesOnlyMarks { cachesOnlyMarks = marks }
        stallDuration = profile.stallDuration
    }
}
