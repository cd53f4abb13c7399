import Encodings
import Quantities

/// How the embedded fleet plays a provider, as its document says under `rehearsal`.
public struct RehearsalProfile: Hashable, Sendable {
    /// What it speaks as.
    public var system: PersonaSystem
    /// What is played, as shares of the requests.
    public var scenarios: [Scenario: Double]
    /// The time on the network, there and back; 10 ms unless told.
    public var network: Duration
    /// Prompt tokens read per second; 40,000 unless told.
    public var prefillTokensPerSecond: Double
    /// Tokens per second of one stream alone; 400 unless told.
    public var decodeTokensPerSecond: Double
    /// How much each further stream slows all of them, as a share; 0.02 unless told.
    public var slowdownPerStream: Double
    /// Streams that run at once; 64 unless told.
    public var slots: Int
    /// How long a prompt stays cached; five minutes unless told, zero for no cache.
    public var cacheLifetime: Duration
    /// True if only what a request marks is cached; nil follows the system.
    public var cachesOnlyMarks: Bool?
    /// Tokens per event; 4 unless told.
    public var tokensPerEvent: Int
    /// The spread of times in logarithms; 0.05 unless told.
    public var jitter: Double
    /// The share of the output that is reasoning; none unless told.
    public var reasoningShare: Double
    /// The mean length of answers as a share of the limit that a request sets; a half unless told.
    ///
    /// Answers vary by three tenths around it, and are cut at the limit.
    public var outputShare: Double
    /// The upstream that responses name.
    public var upstream: String?
    /// How long the silence of `stall-resume` lasts; 2 s unless told.
    public var stallDuration: Duration
    /// How long tokens of its token endpoint are good for; an hour unless told.
    public var tokenLifetime: Duration

    init?(_ reader: MappingReader?) {
        guard var reader else { return nil }
        let rates = 1.0...1e9
        system = reader.requiredChoice("system", PersonaSystem.self, default: .generic)
        scenarios = Self.scenarios(reader.mapping("scenarios"))
        network = reader.duration("network", default: .milliseconds(10))
        prefillTokensPerSecond = reader.number("prefill_tokens_per_second", in: rates, default: 40_000)
        decodeTokensPerSecond = reader.number("decode_tokens_per_second", in: rates, default: 400)
        slowdownPerStream = reader.number("slowdown_per_stream", in: 0...10, default: 0.02)
        slots = reader.integer("slots", in: 1...100_000, default: 64)
        cacheLifetime = reader.duration("cache_lifetime", default: .seconds(300))
        cachesOnlyMarks =
            reader.keys.contains("cache_only_marks") ? reader.bool("cache_only_marks", default: true) : nil
        tokensPerEvent = reader.integer("tokens_per_event", in: 1...1000, default: 4)
        jitter = reader.number("jitter", in: 0...2, default: 0.05)
        reasoningShare = reader.number("reasoning_share", in: 0...1, default: 0)
        outputShare = reader.number("output_share", in: 0.01...10, default: 0.5)
        upstream = reader.optionalString("upstream")
        stallDuration = reader.duration("stall", default: .seconds(2))
        tokenLifetime = reader.duration("token_lifetime", default: .seconds(3600))
        if !reader.keys.contains("cache_only_marks") { _ = reader.optional("cache_only_marks") }
        reader.finish()
    }

    private static func scenarios(_ reader: MappingReader?) -> [Scenario: Double] {
        guard var reader else { return [:] }
        var scenarios: [Scenario: Double] = [:]
        for scenario in Scenario.allCases {
            let share = reader.number(scenario.rawValue, in: 0...1, default: 0)
            if share > 0 { scenarios[scenario] = share }
        }
        let faults = scenarios.filter { $0.key.isFault }.values.reduce(0, +)
        if faults > 1 + 1e-9, let key = reader.keys.first {
            reader.report(key, "the shares of faults add up to \(faults), over 1")
        }
        reader.finish()
        return scenarios
    }
}
