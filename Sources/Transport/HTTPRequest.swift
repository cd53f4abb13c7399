import Quantities

/// One header line.
public struct HTTPHeader: Hashable, Sendable {
    /// The name; in responses it is in lower case.
    public var name: String
    /// The value.
    public var value: String

    /// Makes a header.
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// Which HTTP is spoken.
public enum HTTPVersionPreference: Hashable, Sendable {
    /// HTTP/2 over TLS where the server offers it, else HTTP/1.1.
    case automatic
    /// HTTP/1.1.
    case http1
    /// HTTP/2 without asking, also without TLS.
    case http2PriorKnowledge
}

/// How much of a response is accepted.
public struct HTTPLimits: Hashable, Sendable {
    /// All header lines together, in bytes.
    public var maximumHeaderBytes: Int
    /// The body, in bytes.
    public var maximumBodyBytes: Int

    /// Makes limits; 64 KiB of headers and 256 MiB of body unless said otherwise.
    public init(maximumHeaderBytes: Int = 64 << 10, maximumBodyBytes: Int = 256 << 20) {
        self.maximumHeaderBytes = maximumHeaderBytes
        self.maximumBodyBytes = maximumBodyBytes
    }
}

/// A request to be sent.
public struct HTTPRequest: Hashable, Sendable {
    /// The method.
    public var method: String
    /// The whole URL, http or https.
    public var url: String
    /// The header lines.
    public var headers: [HTTPHeader]
    /// The body as segments that may be shared with other requests; they are sent one after the other, never joined.
    public var body: [[UInt8]]
    /// How long name, connection and TLS may take together.
    public var connectTimeout: Duration
    /// How long the whole exchange may take.
    public var totalTimeout: Duration
    /// Which HTTP is spoken.
    public var version: HTTPVersionPreference
    /// How much of the response is accepted.
    public var limits: HTTPLimits

    /// Makes a request.
    public init(
        method: String = "POST", url: String, headers: [HTTPHeader] = [], body: [[UInt8]] = [],
        connectTimeout: Duration = .seconds(10), totalTimeout: Duration = .seconds(600),
        version: HTTPVersionPreference = .automatic, limits: HTTPLimits = HTTPLimits()
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.connectTimeout = connectTimeout
        self.totalTimeout = totalTimeout
        self.version = version
        self.limits = limits
    }
}
