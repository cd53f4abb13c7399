public import Quantities

/// One exchange of a loop; never used twice.
public struct TransferIdentifier: Hashable, Sendable {
    /// A number that grows with every exchange of the loop.
    public let rawValue: UInt64
}

/// Something that happened to an exchange.
public enum TransferEvent: Sendable {
    /// The connection is up and the first byte of the request is about to be handed to it.
    case requestSent(TransferIdentifier, at: Instant)
    /// Status and headers are complete.
    case head(TransferIdentifier, HTTPHead, at: Instant)
    /// One read brought body bytes; they come along as a span.
    case bytes(TransferIdentifier, at: Instant)
    /// Nothing more will come.
    case ended(TransferIdentifier, TransferResult)

    /// The exchange that it happened to.
    public var transfer: TransferIdentifier {
        switch self {
        case .requestSent(let transfer, _), .head(let transfer, _, _), .bytes(let transfer, _), .ended(let transfer, _):
            transfer
        }
    }
}

/// Status and headers of a response.
public struct HTTPHead: Hashable, Sendable {
    /// The status.
    public var status: Int
    /// The headers, names in lower case.
    public var headers: [HTTPHeader]

    /// The value of the first header of a name, given in lower case.
    public func first(_ name: String) -> String? {
        headers.first { $0.name == name }?.value
    }
}

/// How an exchange ended.
public enum TransferEnd: Hashable, Sendable {
    /// As HTTP has it, whatever the status.
    case complete
    /// We ended it.
    case cancelled
    /// It broke.
    case failed(TransferFailure)
}

/// Why an exchange broke.
public struct TransferFailure: Hashable, Sendable {
    /// The phase and manner.
    public enum Kind: Hashable, Sendable {
        /// The name could not be resolved.
        case resolve
        /// No connection was made.
        case connect
        /// No connection was made in time.
        case connectTimeout
        /// TLS failed, or the certificate was not trusted.
        case tls
        /// The connection broke.
        case connectionLost
        /// The exchange took too long.
        case totalTimeout
        /// The headers went past their limit.
        case headersTooLarge
        /// The body went past its limit.
        case bodyTooLarge
        /// What came was not HTTP.
        case protocolViolation
    }

    /// The phase and manner.
    public var kind: Kind
    /// libcurl's words for it.
    public var message: String
}

/// How a connection came to be, and what it was.
public struct ConnectionFacts: Hashable, Sendable {
    /// The time to resolve the name; nil on a reused connection.
    public var resolve: Duration?
    /// The time of the TCP handshake; nil on a reused connection.
    public var connect: Duration?
    /// The time of the TLS handshake; nil without one.
    public var tls: Duration?
    /// True if the connection had served an earlier exchange.
    public var isReused: Bool
    /// `1.1` or `2`; nil if nothing came.
    public var httpVersion: String?
    /// The other end's address; nil without a connection.
    public var remoteAddress: String?
}

/// The end of an exchange and what is known of it.
public struct TransferResult: Sendable {
    /// How it ended.
    public var end: TransferEnd
    /// When.
    public var at: Instant
    /// The connection.
    public var connection: ConnectionFacts
    /// Body bytes sent.
    public var sentByteCount: Int
    /// Body bytes received.
    public var receivedByteCount: Int
}

/// Why a loop or an exchange could not be started.
public enum TransportError: Error, Hashable, Sendable {
    /// A system facility is missing; the text names it.
    case unavailable(String)
    /// The request cannot be sent as it is.
    case badRequest(String)
}

extension TransferFailure {
    /// Why a server's certificate was refused, by OpenSSL's result of its verification.
    ///
    /// Codes of `X509_STORE_CTX_get_error(3)`. Libcurl compares the host's name itself, after OpenSSL has found no fault and
    /// before it notes OpenSSL's result: its own "not yet known", 1, then means another name.
    static func text(ofVerification result: Int) -> String? {
        switch result {
        case 0, 1, 62, 64: "the server's certificate is for another host name"
        case 9: "the server's certificate is not valid yet"
        case 10: "the server's certificate has expired"
        case 18, 19, 20, 21: "the server's certificate is of an authority that is not trusted here"
        case 23: "the server's certificate was revoked"
        default: nil
        }
    }
}
