public import Profiles

/// What authorises the requests of one endpoint.
///
/// It is a value that is told answers and the time and does no I/O of its own. Tokens and keys are renewed well ahead of their
/// end, so that no renewal falls into a call that is timed.
public struct Authorizer: Sendable, CustomStringConvertible, CustomReflectable {
    private enum Kind: Sendable {
        case none
        case fixed(name: String, value: String)
        case amazon(AmazonCredentialChain, region: String, service: String)
        case entra(TokenIssuer, client: String, secret: String, scope: String)
        case google(TokenIssuer, GoogleServiceAccount)
        case googleMetadata(TokenIssuer)
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
            let named = region ?? store.variable("AWS_REGION") ?? store.variable("AWS_DEFAULT_REGION")
            guard let region = named else { throw .missingRegion }
            let chain = try AmazonCredentialChain(settings, store: store)
            kind = .amazon(chain, region: region, service: settings.service)
            source = chain.place
        case .entra(let settings):
            kind = try Self.entra(settings, store)
            source = "client of Entra, secret in \(settings.secret.name)"
        case .googleServiceAccount(let settings):
            let account = try GoogleServiceAccount(settings, store: store)
            source = "service account of Google, key in the file \(account.path)"
            kind = .google(
                TokenIssuer(kind: .google, url: account.tokenURL, secret: "the file \(account.path)"), account)
        case .googleMetadata(let url):
            source = "Google's metadata server \(SecretURL.shown(url))"
            kind = .googleMetadata(TokenIssuer(kind: .googleMetadata, url: url, secret: source))
        }
    }

    private static func entra(_ settings: EntraAuthentication, _ store: SecretStore) throws(CredentialError) -> Kind {
        let tenant = ByteText.percentEncoded(try store.setting(settings.tenant))
        let url = settings.tokenURL.replacing("{tenant}", with: tenant)
        let issuer = TokenIssuer(
            kind: .entra(
                client: "the client \(settings.client.name)", tenant: "the tenant \(settings.tenant.name)"),
            url: url, secret: settings.secret.name)
        let client = try store.setting(settings.client)
        return .entra(issuer, client: client, secret: try store.secret(settings.secret), scope: settings.scope)
    }

    /// When to ask for the next exchange, in seconds since 1970; 0 if that is due now, nil if none will ever be needed.
    public var renewalDue: Int? {
        switch kind {
        case .none, .fixed: nil
        case .amazon(let chain, _, _): chain.renewalDue
        case .entra, .google, .googleMetadata: token?.renewalDue ?? 0
        }
    }

    /// The exchange to make now, if the credential is missing or about to end.
    ///
    /// - Parameter now: seconds since 1970.
    /// - Returns: nil if none is needed now, or one is under way.
    public mutating func nextExchange(at now: Int) -> CredentialExchange? {
        guard !isAsking else { return nil }
        let exchange = exchange(at: now)
        isAsking = exchange != nil
        return exchange
    }

    private mutating func exchange(at now: Int) -> CredentialExchange? {
        if case .amazon(var chain, let region, let service) = kind {
            defer { kind = .amazon(chain, region: region, service: service) }
            return chain.nextExchange(at: now)
        }
        guard let due = renewalDue, now >= due else { return nil }
        switch kind {
        case .none, .fixed, .amazon: return nil
        case .entra(let issuer, let client, let secret, let scope):
            return CredentialExchange(
                "POST", issuer.url,
                form: [
                    ("grant_type", "client_credentials"), ("client_id", client), ("client_secret", secret),
                    ("scope", scope),
                ])
        case .google(_, let account): return account.exchange(at: now)
        case .googleMetadata(let issuer):
            return CredentialExchange("GET", issuer.url, headers: [("Metadata-Flavor", "Google")])
        }
    }

    /// Takes the answer to the exchange that was asked for last; another may follow.
    ///
    /// - Parameters:
    ///   - status: the HTTP status.
    ///   - body: the body.
    ///   - now: seconds since 1970.
    /// - Throws: ``CredentialError`` if the answer is a refusal; what was there before serves to its end.
    public mutating func take(status: Int, body: [UInt8], at now: Int) throws(CredentialError) {
        isAsking = false
        switch kind {
        case .none, .fixed: break
        case .amazon(var chain, let region, let service):
            defer { kind = .amazon(chain, region: region, service: service) }
            try chain.take(status: status, body: body, at: now)
        case .entra(let issuer, _, _, _), .google(let issuer, _), .googleMetadata(let issuer):
            token = try issuer.token(status: status, body: body, at: now)
        }
    }

    /// The exchange failed before an answer came.
    ///
    /// - Parameter message: what the network says.
    /// - Returns: the error in words for the user.
    public mutating func takeFailure(_ message: String) -> CredentialError {
        isAsking = false
        switch kind {
        case .none, .fixed: return .unavailable(message)
        case .amazon(var chain, let region, let service):
            defer { kind = .amazon(chain, region: region, service: service) }
            return chain.fail(message)
        case .entra(let issuer, _, _, _), .google(let issuer, _), .googleMetadata(let issuer):
            return issuer.failure(message)
        }
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
    /// - Throws: ``CredentialError/expired(_:)`` or ``CredentialError/notFetched(_:)`` if there is nothing valid to
    ///   authorise with.
    public func headers(
        method: String, url: String, contentType: String, body: [[UInt8]], at now: Int
    ) throws(CredentialError) -> [(name: String, value: String)] {
        switch kind {
        case .none: return []
        case .fixed(let name, let value): return [(name, value)]
        case .entra, .google, .googleMetadata:
            guard let token else { throw .notFetched(source) }
            guard isReady(at: now) else { throw .expired(source) }
            return [("Authorization", "Bearer " + token.value)]
        case .amazon(let chain, let region, let service):
            guard let keys = chain.keys else { throw .notFetched(source) }
            guard isReady(at: now) else { throw .expired(source) }
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
