import Credentials
import Planning
import Profiles
import Quantities
import Transport

/// Keeps the credentials of all endpoints good: fetches tokens before anything is sent, and renews them ahead of their end.
///
/// The exchanges run over the same loop as the calls, but a call never waits for one. Belongs to the loop's thread.
final class CredentialKeeper {
    private let loop: NetworkLoop
    private var authorizers: [Authorizer]
    private var exchanges: [TransferIdentifier: Exchange] = [:]
    /// When an endpoint's failed renewal is tried again.
    private var nextTries: [Int: Int] = [:]

    private struct Exchange {
        let endpoint: Int
        var status = 0
        var body: [UInt8] = []
    }

    /// How often a renewal that failed is tried again.
    private static let retrySeconds = 5
    /// How long an exchange may take.
    private static let timeout = Duration.seconds(20)
    /// The longest answer, in bytes.
    private static let maximumBytes = 1 << 20

    init(_ loop: NetworkLoop, _ authorizers: [Authorizer]) {
        self.loop = loop
        self.authorizers = authorizers
    }

    /// Fetches what is missing; returns the endpoints that cannot be authorised, with the reasons.
    func prepare() -> [Int: CredentialError] {
        var failures: [Int: CredentialError] = [:]
        func attempt(_ endpoint: Int) {
            if failures[endpoint] == nil, let error = ask(endpoint) { failures[endpoint] = error }
        }
        for endpoint in authorizers.indices { attempt(endpoint) }
        while !exchanges.isEmpty {
            loop.turn(until: nil) { event, bytes in
                guard let (endpoint, error) = take(event, bytes) else { return }
                if let error { failures[endpoint] = error } else { attempt(endpoint) }
            }
        }
        return failures
    }

    /// Renews what is about to end; to be called about once a second.
    func renew() {
        let now = NetworkLoop.wallSeconds()
        for endpoint in authorizers.indices where (nextTries[endpoint] ?? 0) <= now {
            if ask(endpoint) != nil { nextTries[endpoint] = now + Self.retrySeconds }
        }
    }

    /// Takes an event of the loop; true if it belongs to an exchange of this keeper.
    func handle(_ event: TransferEvent, _ bytes: Span<UInt8>) -> Bool {
        guard exchanges[event.transfer] != nil else { return false }
        if let (endpoint, error) = take(event, bytes) {
            nextTries[endpoint] = error == nil ? nil : NetworkLoop.wallSeconds() + Self.retrySeconds
            if error == nil { _ = ask(endpoint) }
        }
        return true
    }

    /// The headers that authorise one request of an endpoint.
    func headers(
        _ endpoint: Int, method: String, url: String, contentType: String, body: [[UInt8]]
    ) throws(CredentialError) -> [HTTPHeader] {
        try authorizers[endpoint].headers(
            method: method, url: url, contentType: contentType, body: body, at: NetworkLoop.wallSeconds()
        ).map { HTTPHeader($0.name, $0.value) }
    }

    private func ask(_ endpoint: Int) -> CredentialError? {
        guard let exchange = authorizers[endpoint].nextExchange(at: NetworkLoop.wallSeconds()) else { return nil }
        let request = HTTPRequest(
            method: exchange.method, url: exchange.url, headers: exchange.headers.map { HTTPHeader($0.name, $0.value) },
            body: exchange.body.isEmpty ? [] : [exchange.body], connectTimeout: Self.timeout,
            totalTimeout: Self.timeout,
            limits: HTTPLimits(maximumBodyBytes: Self.maximumBytes))
        do throws(TransportError) {
            exchanges[try loop.start(request)] = Exchange(endpoint: endpoint)
            return nil
        } catch {
            return authorizers[endpoint].takeFailure("\(error)")
        }
    }

    /// Takes an event of one of the exchanges; tells when one has ended, and how.
    private func take(_ event: TransferEvent, _ bytes: Span<UInt8>) -> (endpoint: Int, error: CredentialError?)? {
        guard let exchange = exchanges[event.transfer] else { return nil }
        switch event {
        case .requestSent: break
        case .head(let transfer, let head, _): exchanges[transfer]?.status = head.status
        case .bytes(let transfer, _):
            for index in bytes.indices { exchanges[transfer]?.body.append(bytes[index]) }
        case .ended(let transfer, let result):
            exchanges[transfer] = nil
            return (exchange.endpoint, settle(exchange, result))
        }
        return nil
    }

    private func settle(_ exchange: Exchange, _ result: TransferResult) -> CredentialError? {
        guard case .complete = result.end else {
            if case .failed(let failure) = result.end {
                return authorizers[exchange.endpoint].takeFailure(failure.message)
            }
            return authorizers[exchange.endpoint].takeFailure("it was cancelled")
        }
        do throws(CredentialError) {
            try authorizers[exchange.endpoint].take(
                status: exchange.status, body: exchange.body, at: NetworkLoop.wallSeconds())
            return nil
        } catch {
            return error
        }
    }
}

/// Why a run could not begin: credentials that are not to be had, by the names of their endpoints.
public struct AuthorizationFailure: Error, Hashable, CustomStringConvertible, Sendable {
    /// One line per endpoint.
    public let description: String

    init(_ failures: [(endpoint: EndpointIdentifier, error: CredentialError)]) {
        description = failures.map { "\($0.endpoint): \($0.error.description)" }.joined(separator: "\n")
    }
}
