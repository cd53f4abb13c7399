public import Profiles

/// What authorises the requests of one endpoint.
///
/// It is a value that is told answers and the time and does no I/O of its own. Tokens and keys are renewed well ahead of their
/// end, so that no renewal falls into a call that is timed.
public struct Authorizer: Sendable, CustomStringConvertible, CustomReflectable {
    private enum Kind: Sendable {
        case fixed(name: String, value: String)
        case none
        case amazon(AmazonCredentialChain, region: String, service: String)
        case entra(EntraAuthentication, url: String, client: String, secret: String)
        case google(GoogleServiceAccount)
        case googleMetadata(url: String)
    }

    private var kind: Kind
    private var token: AccessToken?
    private var isAsking = false
    private let source: String

    /// Authorises nothing, for endpoints that ask for nothing.
    public static let none = Authorizer()

    private init() { (kind, source) = (.none, "") }

    /// Finds the secrets that an endpoint needs.
    ///
    /// - Parameters:
    ///   - authentication: how requests prove who sends them.
    ///   - region: the endpoint's region, for Amazon's signature.
    ///   - store: where secrets are found.
    /// - Throws: ``CredentialError`` if one is not to be had.
    public init(_ authentication: Authentication, region: String?, store: SecretStore) throws(CredentialError) {
        switch authentication {
        case .none: (kind, source) = (.none, "")
        case .bearer(let reference):
            kind = .fixed(name: "Authorization", value: "Bearer " + (try store.secret(reference)))
            source = reference.name
        case .header(let name, let reference):
            kind = .fixed(name: name, value: try store.secret(reference))
            source = reference.name
        case .signatureV4(let settings):
            guard let region = region ?? store.variable("AWS_REGION") ?? store.variable("AWS_DEFAULT_REGION") else {
                throw .missingVariable("AWS_REGION (or the endpoint's 'region' in the plan)")
            }
            kind = .amazon(
                try AmazonCredentialChain(settings, store: store), region: region, service: settings.service)
            source = "Amazon's chain of credentials"
        case .entra(let settings):
            var url = settings.tokenURL
            if let place = url.firstRange(of: "{tenant}") {
                url.replaceSubrange(place, with: try store.setting(settings.tenant))
            }
            kind = .entra(
                settings, url: url, client: try store.setting(settings.client),
                secret: try store.secret(settings.secret))
            source = "client of Entra, secret in \(settings.secret.name)"
        case .googleServiceAccount(let settings):
            kind = .google(try GoogleServiceAccount(settings, store: store))
            source = "service account of Google, key in \(settings.key.name)"
        case .googleMetadata(let url): (kind, source) = (.googleMetadata(url: url), "Google's metadata server")
        }
    }

    /// The exchange to make now, if the credential is missing or about to end.
    ///
    /// - Parameter now: seconds since 1970.
    /// - Returns: nil if none is needed now, or one is under way.
    public mutating func nextExchange(at now: Int) -> CredentialExchange? {
        guard !isAsking else { return nil }
        let isDue = token.map { now >= $0.renewalDue } ?? true
        var exchange: CredentialExchange?
        switch kind {
        case .none, .fixed: exchange = nil
        case .amazon(var chain, let region, let service):
            exchange = chain.nextExchange(at: now)
            kind = .amazon(chain, region: region, service: service)
        case .entra(let settings, let url, let client, let secret) where isDue:
            exchange = CredentialExchange(
                "POST", url,
                form: [
                    ("grant_type", "client_credentials"), ("client_id", client), ("client_secret", secret),
                    ("scope", settings.scope),
                ])
        case .google(let account) where isDue: exchange = account.exchange(at: now)
        case .googleMetadata(let url) where isDue:
            exchange = CredentialExchange("GET", url, headers: [("Metadata-Flavor", "Google")])
        case .entra, .google, .googleMetadata: exchange = nil
        }
        isAsking = exchange != nil
        return exchange
    }

    /// Takes the answer to the exchange that was asked for last; another may follow.
    ///
    /// - Parameters:
    ///   - status: the HTTP status.
    ///   - body: the body.
    ///   - now: seconds since 1970.
    /// - Throws: ``CredentialError`` if the answer is a refusal.
    public mutating func take(status: Int, body: [UInt8], at now: Int) throws(CredentialError) {
        isAsking = false
        if case .amazon(var chain, let region, let service) = kind {
            defer { kind = .amazon(chain, region: region, service: service) }
            try chain.take(status: status, body: body, at: now)
            return
        }
        token = try TokenAnswer.read(status: status, body: body, source: source, at: now)
    }

    /// The exchange failed before an answer came.
    ///
    /// - Parameter message: what the network says.
    /// - Returns: the error in words for the user.
    public mutating func takeFailure(_ message: String) -> CredentialError {
        isAsking = false
        if case .amazon(var chain, let region, let service) = kind {
            chain.fail()
            kind = .amazon(chain, region: region, service: service)
        }
        return .unavailable("\(source): \(message)")
    }

    /// True if requests can be authorised at this time, given in seconds since 1970.
    public func isReady(at now: Int) -> Bool {
        switch kind {
        case .none, .fixed: true
        case .amazon(let chain, _, _): chain.keys.map { $0.expiry.map { $0 > now } ?? true } ?? false
        case .entra, .google, .googleMetadata: token.map { $0.expiry > now } ?? false
        }
    }

    /// The headers that authorise one request.
    ///
    /// - Parameters:
    ///   - method: the method.
    ///   - url: the whole URL.
    ///   - contentType: the `Content-Type` that is sent.
    ///   - body: the body's segments.
    ///   - now: seconds since 1970.
    /// - Returns: names and values.
    /// - Throws: ``CredentialError/expired(_:)`` if there is nothing valid to authorise with.
    public func headers(
        method: String, url: String, contentType: String, body: [[UInt8]], at now: Int
    ) throws(CredentialError) -> [(name: String, value: String)] {
        guard isReady(at: now) else { throw .expired(source) }
        switch kind {
        case .none: return []
        case .fixed(let name, let value): return [(name, value)]
        case .entra, .google, .googleMetadata:
            guard let token else { throw .expired(source) }
            return [("Authorization", "Bearer " + token.value)]
        case .amazon(let chain, let region, let service):
            guard let keys = chain.keys else { throw .expired(source) }
            let request = SignatureV4.Request(
                method: method, url: url, contentType: contentType,
                payloadHash: ByteText.hexadecimal(SHA256.hash(body)))
            return SignatureV4(keys: keys, region: region, service: service).headers(request, at: now)
        }
    }

    /// Says where the credential comes from, and never what it is.
    public var description: String { source.isEmpty ? "no credential" : "credential from \(source)" }

    /// Shows nothing of what is inside.
    public var customMirror: Mirror { Mirror(self, children: ["source": source]) }
}
