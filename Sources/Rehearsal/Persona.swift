import Quantities

/// How often a provider of the fleet misbehaves, as shares of its requests.
public struct FaultShares: Hashable, Sendable {
    /// 429 with a Retry-After header.
    public var rateLimit = 0.0
    /// 500.
    public var serverError = 0.0
    /// 503.
    public var overload = 0.0
    /// An error inside a stream that began with 200.
    public var streamError = 0.0
    /// The connection is cut in mid-stream.
    public var cut = 0.0
    /// The stream falls silent and never ends.
    public var stall = 0.0
    /// No usage is told.
    public var missingUsage = 0.0
    /// The first token takes two seconds longer.
    public var slowFirstToken = 0.0
    /// Eight events at a time leave in one write.
    public var coalesce = 0.0

    /// No faults.
    public init() {}
}

/// One provider of the loopback fleet: an engine, a network, habits, and faults.
public struct Persona: Hashable, Sendable {
    /// The name of the provider document that it plays.
    public var name: String
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
    /// Tokens per event.
    public var tokensPerEvent: Int
    /// How much times vary around their mean, as a standard deviation in logarithms.
    public var jitter: Double
    /// The upstream that the response names; nil for none.
    public var upstream: String?
    /// True if the usage comes with the finish reason, false for an event of its own.
    public var hasUsageAtFinish: Bool
    /// True if usage tells the cost.
    public var tellsCost: Bool
    /// Faults.
    public var faults: FaultShares

    /// Makes a persona.
    public init(
        name: String, network: Duration = .milliseconds(10), prefillTokensPerSecond: Double = 40_000,
        decodeTokensPerSecond: Double = 400, slowdownPerStream: Double = 0.02, slotCount: Int = 64,
        cacheLifetime: Duration = .seconds(300), tokensPerEvent: Int = 4, jitter: Double = 0.05,
        upstream: String? = nil, hasUsageAtFinish: Bool = false, tellsCost: Bool = false,
        faults: FaultShares = FaultShares()
    ) {
        self.name = name
        self.network = network
        self.prefillTokensPerSecond = prefillTokensPerSecond
        self.decodeTokensPerSecond = decodeTokensPerSecond
        self.slowdownPerStream = slowdownPerStream
        self.slotCount = slotCount
        self.cacheLifetime = cacheLifetime
        self.tokensPerEvent = tokensPerEvent
        self.jitter = jitter
        self.upstream = upstream
        self.hasUsageAtFinish = hasUsageAtFinish
        self.tellsCost = tellsCost
        self.faults = faults
    }

    /// The providers of the demonstration, one per delivery path.
    public static let demonstration: [Persona] = {
        var aggregator = FaultShares()
        aggregator.rateLimit = 0.004
        aggregator.streamError = 0.002
        return [
            Persona(
                name: "demo-aggregator", network: .milliseconds(45), prefillTokensPerSecond: 90_000,
                decodeTokensPerSecond: 520, upstream: "demo-upstream", tellsCost: true, faults: aggregator),
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
    }()
}
