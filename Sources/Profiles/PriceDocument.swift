import Encodings
public import Quantities

/// What one provider asks for one model.
public struct PriceRow: Hashable, Sendable {
    /// The provider.
    public var provider: ProviderIdentifier
    /// The model's name in plans.
    public var model: String
    /// The region, where prices differ by it.
    public var region: String?
    /// A prompt token that no cache held.
    public var input: TokenPrice
    /// A prompt token read from a cache; nil if the source does not say.
    public var cacheRead: TokenPrice?
    /// A prompt token written to a cache; nil if it is not billed apart.
    public var cacheWrite: TokenPrice?
    /// A generated token, reasoning included.
    public var output: TokenPrice
    /// A request, whatever its size.
    public var perRequest: Money?
    /// Where the price was read.
    public var source: String
    /// When.
    public var date: String
    /// Where the row stands.
    let mark: YAMLMarkBox

    init(_ node: YAMLNode, path: String, diagnosis: Diagnosis) {
        var reader = MappingReader(node, path: path, diagnosis: diagnosis)
        provider = ProviderIdentifier(reader.string("provider"))
        model = reader.string("model")
        region = reader.optionalString("region")
        input = reader.price("input_per_million")
        cacheRead = reader.optionalPrice("cache_read_per_million")
        cacheWrite = reader.optionalPrice("cache_write_per_million")
        output = reader.price("output_per_million")
        perRequest = reader.optionalMoney("per_request")
        source = reader.string("source")
        date = reader.string("date")
        mark = YAMLMarkBox(mark: node.mark)
        reader.finish()
    }
}

extension PriceRow {
    /// The price of a model at a provider.
    ///
    /// - Parameters:
    ///   - model: the model's name in plans.
    ///   - provider: the provider.
    ///   - region: a row of this region is preferred to one without a region; a row of another region never counts.
    ///   - rows: all prices; of two for the same thing, which only old run files have, the later one counts.
    /// - Returns: nil if there is none.
    public static func row(
        of model: String, at provider: ProviderIdentifier, region: String?, in rows: [PriceRow]
    ) -> PriceRow? {
        let fitting = rows.filter { $0.model == model && $0.provider == provider }
        return fitting.last { $0.region != nil && $0.region == region } ?? fitting.last { $0.region == nil }
    }
}

/// A workload: sessions from a file, or settings that generate them.
public struct WorkloadProfile: Hashable, Sendable {
    /// Where sessions come from.
    public enum Origin: Hashable, Sendable {
        /// A named generator.
        case generator(String)
        /// A `submeter.sessions` file, relative to the document.
        case sessions(file: String)
    }

    /// The name.
    public var name: String
    /// Where the sessions come from.
    public var origin: Origin
    /// How many sessions are generated or taken from the file; nil takes as many as a plan needs.
    public var sessionCount: Int?
    /// The most calls that a session keeps; nil keeps all.
    public var maximumCalls: Int?
    /// Bytes of UTF-8 per token of synthetic text.
    public var bytesPerToken: Double
    /// Where the origin is named, for later checks.
    public var mark: YAMLMarkBox

    init(_ reader: inout MappingReader) {
        name = reader.string("name")
        mark = YAMLMarkBox(mark: reader.mark(of: "sessions_file") ?? reader.mark(of: "generator") ?? reader.mark)
        let generator = reader.optionalString("generator")
        let file = reader.optionalString("sessions_file")
        if (generator == nil) == (file == nil) {
            reader.report("generator", "exactly one of 'generator' and 'sessions_file' must be given")
        }
        origin = file.map { .sessions(file: $0) } ?? .generator(generator ?? "coding-S")
        sessionCount = reader.optionalInteger("session_count", in: 1...100_000)
        maximumCalls = reader.optionalInteger("maximum_calls", in: 1...100_000)
        bytesPerToken = reader.number("bytes_per_token", in: 1...16, default: 3.8)
        reader.finish()
    }
}

/// What an endpoint must say of itself to be ranked.
public struct PolicyProfile: Hashable, Sendable {
    /// One demand.
    public struct Requirement: Hashable, Sendable {
        /// The subject.
        public var subject: String
        /// The answer that is wanted.
        public var answer: PolicyFact.Answer
    }

    /// The name.
    public var name: String
    /// The demands, all of which must be met.
    public var requirements: [Requirement]

    init(_ reader: inout MappingReader) {
        name = reader.string("name")
        requirements = []
        if var inner = reader.mapping("require") {
            for subject in inner.keys {
                let answer = inner.choice(subject, PolicyFact.Answer.self, default: .unknown)
                if answer == .unknown { inner.report(subject, "must ask for yes or no") }
                requirements.append(Requirement(subject: subject, answer: answer))
            }
        }
        reader.finish()
    }
}
