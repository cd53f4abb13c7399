import Encodings
public import Quantities

/// One endpoint as a plan names it.
public struct EndpointProfile: Hashable, Sendable {
    /// The endpoint's name in tables.
    public var identifier: EndpointIdentifier
    /// The provider behind it.
    public var provider: ProviderIdentifier
    /// A base URL in place of the provider's.
    public var baseURL: String?
    /// The region, for the price and for `{region}` in the base URL.
    public var region: String?
    /// Values for the names in braces of the provider's base URL and path.
    public var parameters: [String: String]
    /// Where the endpoint is named, for later checks.
    public var mark: YAMLMarkBox
}

/// A place that does not take part in comparisons.
public struct YAMLMarkBox: Hashable, Sendable {
    let mark: YAMLMark

    /// All places are alike.
    public static func == (left: YAMLMarkBox, right: YAMLMarkBox) -> Bool { true }
    /// Adds nothing.
    public func hash(into hasher: inout Hasher) {}
}

/// How long to wait for what.
public struct Timeouts: Hashable, Sendable {
    /// Name, connection and TLS together.
    public var connect: Duration
    /// From the first request byte to the first content event.
    public var firstToken: Duration
    /// Between two reads.
    public var idle: Duration
    /// The whole call.
    public var total: Duration
}

/// When a run ends before all its sessions are done.
public struct StopRules: Hashable, Sendable {
    /// After so long; a run that is resumed counts anew.
    public var duration: Duration?
    /// When more than this share of an endpoint's calls fail.
    public var errorRate: Double?
    /// But not before an endpoint has had so many calls.
    public var errorRateMinimumCalls: Int
    /// True to call an endpoint no more once sessions have come faster than it serves them; only at a constant rate.
    public var overSaturation: Bool
}

/// Whether and when a failed call is sent again; every time is an attempt of its own and is paid for.
public struct RetryRules: Hashable, Sendable {
    /// How often a call is sent again at most; zero, the default, never.
    public var maximum: Int
    /// The classes of failure after which it is.
    public var outcomes: Set<OutcomeClass>
    /// A provider that asks for a longer wait than this is not asked again.
    public var longestWait: Duration

    /// Makes rules.
    public init(maximum: Int, outcomes: Set<OutcomeClass>, longestWait: Duration) {
        self.maximum = maximum
        self.outcomes = outcomes
        self.longestWait = longestWait
    }

    /// The classes that the official clients send again: too many requests, no capacity, faults of the server, and
    /// connections that broke before an answer (openai-python and together-python, `_base_client.py`).
    public static let usualOutcomes: Set<OutcomeClass> = [
        .rateLimited, .overloaded, .server, .connectRefused, .timeoutConnect,
    ]
}

/// A limit that a call must meet to be good.
public struct Objective: Hashable, Sendable {
    /// What is limited.
    public enum Metric: String, CaseIterable, Hashable, Sendable {
        /// Time to the first content event of any kind, an upper limit.
        case timeToFirstToken = "time_to_first_token"
        /// Time to the first visible text or tool call, an upper limit.
        case timeToFirstOutput = "time_to_first_output"
        /// The whole call, an upper limit.
        case turnTime = "turn_time"
        /// Tokens per second after the first, a lower limit.
        case decodeRate = "decode_rate"
    }

    /// What is limited.
    public var metric: Metric
    /// Seconds, or tokens per second.
    public var limit: Double
}

/// What of a prompt must be new, so that caches are not warm by accident.
public struct SaltPolicy: Hashable, Sendable {
    /// New in every run, and apart for every endpoint.
    public var run: Bool
    /// Apart for every tenant.
    public var tenant: Bool
    /// Apart for every replayed session.
    public var session: Bool

    /// Makes a policy; each parameter sets the property of its name.
    public init(run: Bool, tenant: Bool, session: Bool) {
        self.run = run
        self.tenant = tenant
        self.session = session
    }
}

/// How a plan's results are ranked.
public struct RankingSettings: Hashable, Sendable {
    /// Fewer rounds than this rank nobody.
    public var minimumRounds: Int
    /// The lower bound of the success share must reach this.
    public var minimumSuccess: Double
    /// What an hour of waiting is worth.
    public var valueOfTimePerHour: Money
    /// Differences smaller than this share are ties.
    public var differenceThreshold: Double
    /// Draws of the bootstrap.
    public var replicates: Int
}

/// A plan: which endpoints, which workload, how much, how long.
public struct PlanProfile: Hashable, Sendable {
    /// Whose answers later calls of a session send back.
    public enum HistoryPolicy: String, CaseIterable, Hashable, Sendable {
        /// The recorded ones: every endpoint is sent the same bytes, but for salts of equal length.
        case recorded
        /// The endpoint's own: contexts part from one another, and a cache covers what was generated.
        case live
        /// The endpoint's own, made as large as the recorded ones.
        case pinned
    }

    /// Who decides whether a tool is called.
    public enum ToolChoicePolicy: String, CaseIterable, Hashable, Sendable {
        /// The model.
        case model
        /// The recording: a tool is required where one was called, and forbidden where none was.
        case recorded
    }

    /// What decides how long answers are.
    public enum OutputLengthPolicy: String, CaseIterable, Hashable, Sendable {
        /// The model, within a limit that leaves it room.
        case natural
        /// The recording is the limit; the model may end before.
        case capped
        /// The recording: the server is made to write so many tokens, and no more.
        case exact
    }

    /// How the endpoints take turns within a round.
    public enum Order: String, CaseIterable, Hashable, Sendable {
        /// One after another, in an order drawn anew for each round.
        case random
        /// All at the same time.
        case sideBySide = "side-by-side"
    }

    /// The name.
    public var name: String
    /// Decides everything random.
    public var seed: Int
    /// The model, by its name in the provider documents.
    public var model: String
    /// The model of calls that are meant for a small one, by its name there; nil sends them to ``model`` too.
    public var smallModel: String?
    /// Provider documents, relative to the plan.
    public var providerFiles: [String]
    /// Price documents, relative to the plan.
    public var priceFiles: [String]
    /// The workload document, relative to the plan.
    public var workloadFile: String
    /// A policy document, relative to the plan.
    public var policyFile: String?
    /// The endpoints.
    public var endpoints: [EndpointProfile]
    /// The number of rounds.
    public var rounds: Int
    /// Sessions per endpoint and round.
    public var sessionsPerRound: Int
    /// Sessions under way at once, per endpoint, in a closed loop.
    public var liveSessions: Int
    /// What makes sessions begin.
    public var load: LoadProfile
    /// How the endpoints take turns.
    public var order: Order
    /// What waits are multiplied with; 1 is real time.
    public var timeScale: Double
    /// What else becomes of waits.
    public var waits: WaitRules
    /// How long to wait for what.
    public var timeouts: Timeouts
    /// The most money that may be spent.
    public var budget: Money?
    /// When to stop early.
    public var stop: StopRules
    /// When to send a failed call again.
    public var retries: RetryRules
    /// What a good call meets.
    public var objectives: [Objective]
    /// What must be new.
    public var salts: SaltPolicy
    /// How results are ranked.
    public var ranking: RankingSettings
    /// The sampling temperature; nil sends none.
    public var temperature: Double?
    /// Whose answers later calls of a session send back.
    public var history: HistoryPolicy
    /// Who decides whether a tool is called.
    public var toolChoice: ToolChoicePolicy
    /// What decides how long answers are.
    public var outputLength: OutputLengthPolicy

    init(_ reader: inout MappingReader) {
        let diagnosis = reader.diagnosis
        name = reader.string("name")
        Self.checkName(name, reader)
        seed = reader.integer("seed", in: 0...Int.max, default: 1)
        model = reader.string("model")
        smallModel = reader.optionalString("small_model")
        providerFiles = reader.strings("providers").map(\.text)
        priceFiles = reader.strings("prices").map(\.text)
        workloadFile = reader.string("workload")
        policyFile = reader.optionalString("policy")
        endpoints = reader.list("endpoints") { Self.endpoint($0, $1, diagnosis) }
        if endpoints.isEmpty { reader.report("endpoints", "must name at least one endpoint") }
        for (index, endpoint) in endpoints.enumerated()
        where endpoints[..<index].contains(where: { $0.identifier == endpoint.identifier }) {
            diagnosis.report(endpoint.mark.mark, "endpoints[\(index)].name", "'\(endpoint.identifier)' stands twice")
        }
        rounds = reader.integer("rounds", in: 1...10_000, default: 12)
        sessionsPerRound = reader.integer("sessions_per_round", in: 1...100_000, default: 4)
        Self.checkCount(reader, rounds: rounds, sessionsPerRound: sessionsPerRound)
        liveSessions = reader.integer("live_sessions", in: 1...100_000, default: 4)
        load = LoadProfile(reader.mapping("load"))
        if load.isOpen, reader.keys.contains("live_sessions") {
            reader.report(
                "live_sessions",
                "has no meaning where sessions begin by the clock; load.maximum_live_sessions caps them")
        }
        order = reader.choice("order", Order.self, default: .random)
        timeScale = reader.number("time_scale", in: 0...100, default: 1)
        waits = WaitRules(reader.mapping("waits"))
        budget = reader.optionalMoney("budget")
        temperature = reader.optionalNumber("temperature", in: 0...2)
        history = reader.choice("history", HistoryPolicy.self, default: .recorded)
        toolChoice = reader.choice("tool_choice", ToolChoicePolicy.self, default: .model)
        outputLength = reader.choice("output_length", OutputLengthPolicy.self, default: .natural)
        var timeouts = reader.mapping("timeouts")
        self.timeouts = Timeouts(
            connect: timeouts?.positiveDuration("connect", default: .seconds(10)) ?? .seconds(10),
            firstToken: timeouts?.positiveDuration("first_token", default: .seconds(120)) ?? .seconds(120),
            idle: timeouts?.positiveDuration("idle", default: .seconds(60)) ?? .seconds(60),
            total: timeouts?.positiveDuration("total", default: .seconds(600)) ?? .seconds(600))
        timeouts?.finish()
        stop = Self.stop(reader.mapping("stop"), load)
        retries = Self.retries(reader.mapping("retries"), diagnosis)
        objectives = Self.objectives(reader.mapping("objectives"))
        var salts = reader.mapping("salts")
        self.salts = SaltPolicy(
            run: salts?.bool("run", default: true) ?? true, tenant: salts?.bool("tenant", default: true) ?? true,
            session: salts?.bool("session", default: true) ?? true)
        salts?.finish()
        ranking = Self.ranking(reader.mapping("ranking"))
        reader.finish()
    }

    private static func endpoint(_ node: YAMLNode, _ path: String, _ diagnosis: Diagnosis) -> EndpointProfile {
        var reader = MappingReader(node, path: path, diagnosis: diagnosis)
        let provider = reader.string("provider")
        let baseURL = reader.optionalString("base_url")
        reader.checkBaseURL(baseURL)
        let endpoint = EndpointProfile(
            identifier: EndpointIdentifier(reader.optionalString("name") ?? provider),
            provider: ProviderIdentifier(provider), baseURL: baseURL.map(BaseURL.trimmed),
            region: reader.optionalString("region"),
            parameters: ProviderProfile.parameters(reader.mapping("parameters")), mark: YAMLMarkBox(mark: node.mark))
        reader.finish()
        return endpoint
    }

    private static func stop(_ reader: MappingReader?, _ load: LoadProfile) -> StopRules {
        guard var reader else {
            return StopRules(duration: nil, errorRate: nil, errorRateMinimumCalls: 20, overSaturation: false)
        }
        let rules = StopRules(
            duration: reader.optionalPositiveDuration("duration"),
            errorRate: reader.optionalNumber("error_rate", in: 0...1),
            errorRateMinimumCalls: reader.integer("error_rate_minimum_calls", in: 1...1_000_000, default: 20),
            overSaturation: reader.bool("over_saturation", default: false))
        if reader.keys.contains("error_rate_minimum_calls"), !reader.keys.contains("error_rate") {
            reader.report("error_rate_minimum_calls", "has no meaning without error_rate")
        }
        if rules.overSaturation, load.constantRate == nil {
            reader.report(
                "over_saturation",
                "is only told where sessions arrive at a constant rate (allowed with load.kind: constant, poisson, gamma)"
            )
        }
        reader.finish()
        return rules
    }

    private static func retries(_ reader: MappingReader?, _ diagnosis: Diagnosis) -> RetryRules {
        guard var reader else {
            return RetryRules(maximum: 0, outcomes: RetryRules.usualOutcomes, longestWait: .seconds(60))
        }
        let names = reader.strings("on")
        let outcomes = names.compactMap { name -> OutcomeClass? in
            guard let outcome = OutcomeClass(rawValue: name.text), !outcome.isSuccess, outcome != .skipped else {
                let allowed = OutcomeClass.allCases.filter { !$0.isSuccess && $0 != .skipped }.map(\.rawValue)
                diagnosis.report(
                    name.mark, "retries.on",
                    "'\(name.text)' is no class of failure (allowed: \(allowed.joined(separator: ", ")))")
                return nil
            }
            return outcome
        }
        let rules = RetryRules(
            maximum: reader.integer("maximum", in: 0...20, default: 0),
            outcomes: names.isEmpty ? RetryRules.usualOutcomes : Set(outcomes),
            longestWait: reader.duration("longest_wait", default: .seconds(60)))
        reader.finish()
        return rules
    }

    private static func objectives(_ reader: MappingReader?) -> [Objective] {
        guard var reader else { return [] }
        let objectives = Objective.Metric.allCases.compactMap { metric -> Objective? in
            if metric == .decodeRate {
                return reader.optionalNumber(metric.rawValue, in: 0...1e6).map { Objective(metric: metric, limit: $0) }
            }
            return reader.optionalDuration(metric.rawValue).map { Objective(metric: metric, limit: $0.seconds) }
        }
        reader.finish()
        return objectives
    }

    private static func ranking(_ reader: MappingReader?) -> RankingSettings {
        var reader = reader
        let settings = RankingSettings(
            minimumRounds: reader?.integer("minimum_rounds", in: 1...10_000, default: 8) ?? 8,
            minimumSuccess: reader?.number("minimum_success", in: 0...1, default: 0.95) ?? 0.95,
            valueOfTimePerHour: reader?.optionalMoney("value_of_time_per_hour")
                ?? Money(picodollars: 20_000_000_000_000),
            differenceThreshold: reader?.number("difference_threshold", in: 0...1, default: 0.03) ?? 0.03,
            replicates: reader?.integer("replicates", in: 100...100_000, default: 2000) ?? 2000)
        reader?.finish()
        return settings
    }
}
