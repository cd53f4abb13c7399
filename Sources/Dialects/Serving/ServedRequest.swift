public import Quantities
public import Workloads

/// Which tools a request lets the model use.
public enum ServedToolChoice: Hashable, Sendable {
    /// Whichever the model likes, or none.
    case automatic
    /// None.
    case none
    /// At least one.
    case required
    /// This one.
    case named(String)
}

/// A request as a server understands it, in no dialect: what the embedded fleet needs of it.
public struct ServedRequest: Hashable, Sendable {
    /// The model that is asked; empty where the server has only one.
    public var model = ""
    /// True if a stream is wanted.
    public var isStreamed = false
    /// True if the stream should tell its usage.
    public var wantsUsage = false
    /// True if every event of the stream should tell it (vLLM).
    public var wantsContinuousUsage = false
    /// True if each event should repeat all text so far (Alibaba's native form, unless told otherwise).
    public var isCumulative = false
    /// True if reasoning should come apart from the text (MiniMax).
    public var splitsReasoning = false
    /// True if the engine's own times should be told (Fireworks).
    public var wantsMetrics = false
    /// The most tokens that may be generated.
    public var outputLimit: TokenCount?
    /// The least tokens that are to be generated (`min_tokens` of vLLM and its like).
    public var outputMinimum: TokenCount?
    /// True if the model's wish to end is to be passed over (`ignore_eos`).
    public var ignoresEnd = false
    /// The tools on offer.
    public var tools: [ToolDefinition] = []
    /// Which of them may be used.
    public var toolChoice = ServedToolChoice.automatic
    /// The role of the last message.
    public var lastRole = ""
    /// The number of messages, counted as a conversation has them, however a dialect merges them.
    public var messageCount = 0
    /// What the model reads, in the order of a chat template: tools, then messages.
    ///
    /// Its bytes are what is counted as tokens and cached by its beginning. The same conversation gives the same bytes in
    /// every dialect.
    public var prompt: [UInt8] = []
    /// The sizes of the prompt at which a tool, a message or a part of it ends; what each holds is counted apart.
    public var partEnds: [Int] = []
    /// The sizes of the prompt at which a place to cache was marked.
    public var cacheMarks: [Int] = []
    /// Whose body it is; for Bedrock's InvokeModel the dialect inside.
    public var innerDialect: DialectName?

    /// Makes an empty request.
    public init() {}
}

/// Why a server does not answer, in no dialect.
public struct ServedRefusal: Error, Hashable, Sendable {
    /// What is wrong.
    public enum Kind: String, CaseIterable, Hashable, Sendable {
        /// The request is not what the API allows.
        case badRequest = "bad-request"
        /// The prompt is too long.
        case contextLength = "context-length"
        /// The key is missing or wrong.
        case authentication
        /// The token was good once.
        case expiredToken = "expired-token"
        /// The signature does not fit, or its time is off.
        case signature
        /// The key is good, but not for this.
        case permission
        /// There is no money left.
        case payment
        /// There is no such model.
        case modelNotFound = "model-not-found"
        /// There is no such path.
        case pathNotFound = "path-not-found"
        /// Too many requests.
        case rateLimit = "rate-limit"
        /// The server is broken.
        case server
        /// The server has no capacity.
        case unavailable
        /// The server has no capacity, in Anthropic's way (529).
        case overloaded
    }

    /// What is wrong.
    public var kind: Kind
    /// The provider's text.
    public var message: String

    /// Makes a refusal.
    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    /// The status that most providers give it.
    public var status: Int {
        switch kind {
        case .badRequest, .contextLength: 400
        case .authentication, .expiredToken: 401
        case .payment: 402
        case .permission, .signature: 403
        case .modelNotFound, .pathNotFound: 404
        case .rateLimit: 429
        case .server: 500
        case .unavailable: 503
        case .overloaded: 529
        }
    }
}

/// The first line and the headers of a request.
public struct ServedHead: Hashable, Sendable {
    /// The method, such as `POST`.
    public var method: String
    /// The path as it came, percent-encoded, without its query.
    public var path: String
    /// The query as it came, without its question mark.
    public var query: String
    /// The headers, their names in lower case.
    public var headers: [String: String]

    /// Makes a head from the target of a request line.
    public init(method: String, target: String, headers: [String: String] = [:]) {
        self.method = method
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = String(parts.first ?? "")
        query = parts.count > 1 ? String(parts[1]) : ""
        self.headers = headers
    }

    /// The segments of the path, decoded.
    public var segments: [String] { path.split(separator: "/").map { Self.decoded($0) } }

    /// The value of a parameter of the query; empty for one without a value, nil if there is none.
    public func parameter(_ name: String) -> String? { Self.form(query)[name] }

    /// The fields of a query or of a form.
    public static func form(_ text: String) -> [String: String] {
        var fields: [String: String] = [:]
        for part in text.split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let plain = pair.map { half in decoded(half.map { $0 == "+" ? " " : $0 }.reduce(into: "") { $0.append($1) })
            }
            fields[plain[0]] = plain.count > 1 ? plain[1] : ""
        }
        return fields
    }

    /// Percent-decodes; what is no escape stays as it is.
    static func decoded(_ text: some StringProtocol) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
                let value = UInt8(String(decoding: bytes[(index + 1)...(index + 2)], as: UTF8.self), radix: 16)
            {
                result.append(value)
                index += 3
            } else {
                result.append(bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
