public import Encodings
public import Quantities

/// A model as a provider sells it.
public struct ModelOffer: Hashable, Sendable {
    /// The model's name in plans and tables.
    public var name: String
    /// The name on the wire.
    public var identifier: String
    /// The longest prompt and answer together.
    public var contextLimit: TokenCount?
    /// The longest answer.
    public var maximumOutput: TokenCount?
    /// What a response may call the model, in place of the names that the provider's route has; empty for those.
    public var servedModels: [String]
}

/// What a provider says of itself on one subject.
public struct PolicyFact: Hashable, Sendable {
    /// An answer; not knowing is never shown as no.
    public enum Answer: String, CaseIterable, Hashable, Sendable {
        /// It does.
        case yes
        /// It does not.
        case no
        /// Nobody here knows.
        case unknown
    }

    /// What it is about, such as `retention` or `training`.
    public var subject: String
    /// What the provider says.
    public var answer: Answer
    /// Where it says so.
    public var source: String?
    /// When that was read.
    public var date: String?
}

/// A provider: what is needed to send it requests, and what is known of it.
public struct ProviderProfile: Hashable, Sendable {
    /// The name that plans and prices use.
    public var identifier: ProviderIdentifier
    /// The name that tables show.
    public var displayName: String
    /// How the model reaches the user.
    public var deliveryPath: DeliveryPath
    /// What it speaks.
    public var dialect: DialectName
    /// Where; paths of the dialect are appended.
    ///
    /// Names in braces, such as `{region}`, are put in by ``filled(_:region:parameters:)``.
    public var baseURL: String
    /// A path in place of the dialect's own; `{model}` stands for the model's name.
    public var path: String?
    /// Values for the names in braces of the base URL and the path.
    public var parameters: [String: String]
    /// The region, where there are several.
    public var region: String?
    /// The regions that it is sold in, as far as is known.
    public var regions: [String]
    /// Where the company has its seat.
    public var headquarters: String?
    /// Who writes the bill.
    public var billingEntity: String?
    /// How requests prove who sends them.
    public var authentication: Authentication
    /// Further headers of every request.
    public var headers: [(name: String, value: String)] { headerPairs.map { ($0.name, $0.value) } }
    var headerPairs: [HeaderPair]
    /// The member that limits the output.
    public var outputLimitField: OutputLimitField
    /// How it is made to write a given number of tokens.
    public var outputControl: OutputControl
    /// True if a stream must be asked for its usage.
    public var asksForUsage: Bool
    /// Members that every body gets.
    public var extraBody: JSONObject
    /// Members that are not sent, since the provider refuses them.
    public var omitted: Set<String>
    /// The member in which reasoning is sent back; nil if the provider does not want it.
    public var reasoningField: String?
    /// True if the places up to which a prompt should be cached are to be marked.
    public var marksCache: Bool
    /// What recorded tool calls carry in place of a signature that only the model could give; nil for nothing.
    public var toolCallSignature: String?
    /// Whose body is sent, for Bedrock's InvokeModel.
    public var innerDialect: DialectName
    /// How the calls of one session are kept at one server.
    public var stickiness: Stickiness
    /// How later events of a stream relate to earlier ones.
    public var accumulation: StreamAccumulation
    /// The tag that encloses reasoning inside the visible text; nil for none.
    public var reasoningTag: String?
    /// What a response must say of who served it.
    public var route: RouteExpectation
    /// The models.
    public var models: [ModelOffer]
    /// What it says of itself.
    public var policy: [PolicyFact]
    /// How the embedded fleet plays it; nil to play it plainly.
    public var rehearsal: RehearsalProfile?

    struct HeaderPair: Hashable, Sendable {
        var name: String
        var value: String
    }

    /// The names that the output limit goes by.
    public enum OutputLimitField: String, CaseIterable, Hashable, Sendable {
        /// The older name, which nearly all compatible servers want.
        case maximumTokens = "max_tokens"
        /// OpenAI's newer name.
        case maximumCompletionTokens = "max_completion_tokens"
    }

    /// How the calls of one session are kept at one server, so that its cache serves them.
    public struct Stickiness: Hashable, Sendable {
        /// The header that holds the session's key; nil for none.
        public var header: String?
        /// The member of the body that holds it; nil for none.
        public var field: String?
    }

    /// What a response must say of who served it; a call whose response says otherwise is set apart.
    public struct RouteExpectation: Hashable, Sendable {
        /// The upstream provider's name.
        public var servedBy: String?
        /// The model's name, or any of several; empty to take any.
        public var servedModels: [String]
        /// True if a response that does not say who served it counts as one that says otherwise.
        public var isRequired: Bool
        /// The header that names the region, and the region that it must name.
        public var regionHeader: String?
        /// The region.
        public var region: String?

        /// Makes an expectation.
        public init(
            servedBy: String? = nil, servedModels: [String] = [], isRequired: Bool = false,
            regionHeader: String? = nil, region: String? = nil
        ) {
            self.isRequired = isRequired
            self.servedBy = servedBy
            self.servedModels = servedModels
            self.regionHeader = regionHeader
            self.region = region
        }
    }

    init(_ reader: inout MappingReader) {
        identifier = ProviderIdentifier(reader.string("name"))
        displayName = reader.optionalString("display_name") ?? identifier.rawValue
        deliveryPath = reader.requiredChoice("delivery_path", DeliveryPath.self, default: .selfHosted)
        dialect = reader.requiredChoice("dialect", DialectName.self, default: .openAIChat)
        let written = reader.string("base_url")
        reader.checkBaseURL(written)
        baseURL = BaseURL.trimmed(written)
        path = reader.optionalString("path")
        if let fault = path.flatMap(BaseURL.pathFault) { reader.forbid("path", fault) }
        parameters = Self.parameters(reader.mapping("parameters"))
        region = reader.optionalString("region")
        regions = reader.strings("regions").map(\.text)
        headquarters = reader.optionalString("headquarters")
        billingEntity = reader.optionalString("billing_entity")
        authentication = Authentication(reader.mapping("authentication"))
        headerPairs = Self.headers(reader.mapping("headers"))
        var request = reader.mapping("request")
        outputLimitField =
            request?.choice("output_limit_field", OutputLimitField.self, default: .maximumTokens) ?? .maximumTokens
        outputControl = OutputControl(request?.mapping("output_control"))
        asksForUsage = request?.bool("ask_for_usage", default: true) ?? true
        extraBody = request?.json("extra") ?? JSONObject()
        let omissions = request?.strings("omit") ?? []
        omitted = Set(omissions.map(\.text))
        reasoningField = request?.optionalString("reasoning_field")
        marksCache = request?.bool("mark_cache", default: false) ?? false
        toolCallSignature = request?.optionalString("tool_call_signature")
        innerDialect = request?.choice("inner_dialect", DialectName.self, default: .openAIChat) ?? .openAIChat
        stickiness = Stickiness(
            header: request?.optionalString("session_header"), field: request?.optionalString("session_field"))
        request?.finish()
        var response = reader.mapping("response")
        accumulation =
            response?.choice("accumulation", StreamAccumulation.self, default: .incremental) ?? .incremental
        reasoningTag = response?.optionalString("reasoning_tag")
        response?.finish()
        route = Self.route(reader.mapping("route"))
        models = Self.models(&reader)
        if models.isEmpty { reader.report("models", "must name at least one model") }
        policy = Self.policy(reader.mapping("policy"))
        rehearsal = RehearsalProfile(reader.mapping("rehearsal"))
        if let request {
            checkOutputControl(request)
            checkMembers(request, omissions: omissions)
        }
        reader.finish()
    }

    private static func route(_ reader: MappingReader?) -> RouteExpectation {
        guard var reader else { return RouteExpectation(servedModels: []) }
        let route = RouteExpectation(
            servedBy: reader.optionalString("served_by"), servedModels: reader.strings("served_model").map(\.text),
            isRequired: reader.bool("required", default: false),
            regionHeader: reader.optionalString("region_header"), region: reader.optionalString("region"))
        if route.region != nil, route.regionHeader == nil {
            reader.report("region", "needs 'region_header', the response header that names the region")
        }
        reader.finish()
        return route
    }

    static func parameters(_ reader: MappingReader?) -> [String: String] {
        guard var reader else { return [:] }
        return Dictionary(reader.keys.map { ($0, reader.string($0)) }) { $1 }
    }

    private static func headers(_ reader: MappingReader?) -> [HeaderPair] {
        guard var reader else { return [] }
        let forbidden = ["authorization", "x-api-key", "api-key", "host", "content-length", "transfer-encoding"]
        return reader.keys.map { key in
            if forbidden.contains(key.lowercased()) {
                reader.report(key, "must not be set here; secrets belong under 'authentication'")
            }
            let value = reader.string(key)
            if value.contains("\n") { reader.report(key, "must be one line") }
            return HeaderPair(name: key, value: value)
        }
    }

    private static func models(_ reader: inout MappingReader) -> [ModelOffer] {
        let diagnosis = reader.diagnosis
        var places: [String: YAMLMark] = [:]
        return reader.list("models") { node, path in
            let offer = model(node, path, diagnosis)
            if let first = places[offer.name] {
                diagnosis.forbid(
                    node.mark, "\(path).name", "'\(offer.name)' stands twice; the first stands at \(first.text)")
            } else if !offer.name.isEmpty {
                places[offer.name] = node.mark
            }
            return offer
        }
    }

    private static func model(_ node: YAMLNode, _ path: String, _ diagnosis: Diagnosis) -> ModelOffer {
        var reader = MappingReader(node, path: path, diagnosis: diagnosis)
        let limits = 1...100_000_000
        let offer = ModelOffer(
            name: reader.string("name"), identifier: reader.string("id"),
            contextLimit: reader.optionalInteger("context_limit", in: limits).map { TokenCount($0) },
            maximumOutput: reader.optionalInteger("maximum_output", in: limits).map { TokenCount($0) },
            servedModels: reader.strings("served_model").map(\.text))
        reader.finish()
        return offer
    }

    private static func policy(_ reader: MappingReader?) -> [PolicyFact] {
        guard var reader else { return [] }
        return reader.keys.compactMap { subject in
            guard var inner = reader.mapping(subject) else { return nil }
            let fact = PolicyFact(
                subject: subject, answer: inner.requiredChoice("answer", PolicyFact.Answer.self, default: .unknown),
                source: inner.optionalString("source"), date: inner.optionalString("date"))
            inner.finish()
            if fact.answer != .unknown, fact.source == nil || fact.date == nil {
                inner.report("answer", "needs a 'source' and a 'date'; without them the answer is unknown")
            }
            return fact
        }
    }
}

extension ProviderProfile {
    /// The names in braces that a text has, but for `model`.
    static func placeholders(_ text: String) -> [String] {
        text.split(separator: "{", omittingEmptySubsequences: false).dropFirst().compactMap { part in
            part.firstIndex(of: "}").map { String(part[..<$0]) }
        }.filter { $0 != "model" }
    }

    /// True if a text has the place of a model's name.
    static func hasModel(_ text: String) -> Bool { text.contains("{model}") }

    /// A text with the names in braces replaced.
    ///
    /// - Parameters:
    ///   - text: a base URL or a path.
    ///   - region: stands for `{region}`.
    ///   - more: an endpoint's own parameters, which go before the provider's.
    /// - Returns: the text, and the names for which there is no value.
    public func filled(
        _ text: String, region: String?, parameters more: [String: String]
    ) -> (text: String, missing: [String]) {
        var (result, missing) = (text, [String]())
        for name in Self.placeholders(text) {
            guard let value = more[name] ?? parameters[name] ?? (name == "region" ? region : nil) else {
                missing.append(name)
                continue
            }
            if let place = result.firstRange(of: "{\(name)}") { result.replaceSubrange(place, with: value) }
        }
        return (result, missing)
    }
}
