import Quantities
import Statistics

/// A session while it is drawn: keeps the token equation of every call, so that a profile says only what is added.
///
/// The parts of a profile draw from ``random`` in the order in which they are called; that order is part of a profile, since
/// another order gives other sessions for the same seed.
struct SessionDraft {
    /// One call to be made.
    struct Step {
        var agent = Call.mainAgent
        /// Nil: after the previous call of the same agent, if there is one.
        var after: [CallIdentifier]?
        var waitSeconds = 0.0
        var waitKind = Call.WaitKind.tool
        /// Nil: continue the agent's context, or begin it.
        var context: Call.Context?
        var added: [Call.AddedItem]
        var answer: Answers.Answer
        var role = "main"
    }

    /// Where everything random comes from.
    var random: SeededGenerator
    private var session: Session
    private var lastOfAgent: [String: Int] = [:]
    private var countOfAgent: [String: Int] = [:]
    private let carriesReasoning: Bool

    init(_ generator: SessionGenerator, number: Int, seed: Seed) {
        var random = SeededGenerator(seed: seed)
        let tenant = generator.prefix.owner(using: &random)
        session = Session(
            identifier: SessionIdentifier("\(generator.name)-\(number)"), tenant: tenant.name,
            profile: generator.name, toolsTokens: tenant.toolsTokens, systemTokens: tenant.systemTokens,
            share: generator.prefix.share, calls: [])
        if generator.tools != nil {
            session.prefixAssets[Call.mainAgent] = Session.PrefixAssets(tools: generator.toolsIdentifier(tenant))
        }
        self.random = random
        carriesReasoning = generator.carriesReasoning
    }

    /// A size of at least one token.
    mutating func tokens(_ distribution: Distribution) -> TokenCount {
        TokenCount(count(distribution))
    }

    /// A number of at least one, to the nearest.
    mutating func count(_ distribution: Distribution) -> Int {
        max(1, Int(distribution.sample(using: &random).rounded()))
    }

    /// True with a chance of `share`.
    mutating func happens(_ share: Double) -> Bool {
        random.uniform() < share
    }

    /// The tools and system prompt of the main agent.
    var prefixTokens: TokenCount { session.prefixTokens(of: Call.mainAgent) }

    /// The last call of the main agent.
    var last: Call? { last(of: Call.mainAgent) }

    /// How many agents there are beside the main one.
    var subAgentCount: Int { session.agentPrefixTokens.count }

    /// The context that the main agent's next call would continue.
    var contextTokens: TokenCount { last.map { $0.input + carried(from: $0) } ?? prefixTokens }

    private func last(of agent: String) -> Call? { lastOfAgent[agent].map { session.calls[$0] } }

    private func carried(from call: Call) -> TokenCount {
        carriesReasoning ? call.output : call.output - call.reasoning
    }

    /// Adds an agent that has its own tools and system prompt.
    mutating func addAgent(_ name: String, prefixTokens: TokenCount) {
        precondition(session.agentPrefixTokens[name] == nil, "an agent is added once")
        session.agentPrefixTokens[name] = prefixTokens
    }

    /// Appends a call.
    ///
    /// - Returns: its name.
    @discardableResult
    mutating func add(_ step: Step) -> CallIdentifier {
        let last = last(of: step.agent)
        let context = step.context ?? (last == nil ? .new : .continuing)
        var kept = session.prefixTokens(of: step.agent)
        // A tool's result needs the answer that called the tool, whatever else is forgotten.
        var carries = step.added.contains { $0.role == "tool" }
        switch context {
        case .continuing: (kept, carries) = (last?.input ?? kept, true)
        case .keep(let tokens): kept = tokens
        case .new: carries = false
        case .fork: preconditionFailure("no profile forks a context")
        }
        let carry = carries ? last.map { carried(from: $0) } ?? .zero : .zero
        let number = countOfAgent[step.agent, default: 0]
        let call = Call(
            identifier: CallIdentifier(step.agent == Call.mainAgent ? "\(number)" : "\(step.agent).\(number)"),
            agent: step.agent, after: step.after ?? last.map { [$0.identifier] } ?? [],
            wait: .milliseconds(Int64((step.waitSeconds * 1000).rounded())), waitKind: step.waitKind, context: context,
            carry: carry, added: step.added, input: step.added.reduce(kept + carry) { $0 + $1.tokens },
            output: step.answer.tokens, reasoning: step.answer.reasoning, role: step.role)
        lastOfAgent[step.agent] = session.calls.count
        countOfAgent[step.agent] = number + 1
        session.calls.append(call)
        return call.identifier
    }

    /// The session, every call with its stop: a tool was called if the agent's next call brings a tool's result, and it was the
    /// one that the result names.
    func finished() -> Session {
        precondition(!session.calls.isEmpty, "a profile must draw at least one call")
        var session = session
        var stopOfAgent: [String: String] = [:]
        var namesOfAgent: [String: [Call.RecordedToolCall]] = [:]
        for index in session.calls.indices.reversed() {
            let call = session.calls[index]
            session.calls[index].stop = stopOfAgent[call.agent] ?? "end_turn"
            session.calls[index].answer.toolCalls = namesOfAgent[call.agent] ?? []
            namesOfAgent[call.agent] = call.added.compactMap { item in
                item.role == "tool" ? item.name.map { Call.RecordedToolCall(name: $0) } : nil
            }
            stopOfAgent[call.agent] = call.added.contains { $0.role == "tool" } ? "tool_use" : "end_turn"
        }
        return session
    }
}

/// What the sessions of a profile begin with, and who shares it.
enum SharedPrefix: Sendable {
    /// One set of tools and one system prompt for all sessions.
    case everyone(tools: TokenCount, system: TokenCount)
    /// Several owners with a prefix each; the n-th has a weight of 1/n, as few customers make most of the load.
    case tenants([(tools: TokenCount, system: TokenCount)])

    /// Whose session it is.
    struct Owner {
        let name: String
        let toolsTokens: TokenCount
        let systemTokens: TokenCount
    }

    /// Who shares the prefix.
    var share: PrefixShare {
        switch self {
        case .everyone: .corpus
        case .tenants: .tenant
        }
    }

    /// All owners, those with the most sessions first.
    var owners: [Owner] {
        switch self {
        case .everyone(let tools, let system): [Owner(name: "t0", toolsTokens: tools, systemTokens: system)]
        case .tenants(let sizes):
            sizes.enumerated().map { place, size in
                Owner(name: "t\(place)", toolsTokens: size.tools, systemTokens: size.system)
            }
        }
    }

    /// Draws an owner; draws nothing where there is one prefix for all.
    func owner(using random: inout SeededGenerator) -> Owner {
        let owners = owners
        guard case .tenants = self else { return owners[0] }
        let weights = owners.indices.map { Distribution.Component(weight: 1 / Double($0 + 1), .constant(Double($0))) }
        return owners[Int(Distribution.mixture(weights).sample(using: &random))]
    }
}
