import Profiles
import Testing

@testable import Credentials

private func error(_ code: String, _ words: String, _ number: Int? = nil) -> String {
    let list = number.map { ",\"error_codes\":[\($0)]" } ?? ""
    return "{\"error\":\"\(code)\",\"error_description\":\"\(words)\"\(list)}"
}

/// An answer, the error that it must become, and what its text must hold.
private typealias Case = (status: Int, body: String, kind: String, words: String)

@Suite struct RefusalTests {
    /// What is sent, and what a server might repeat in its answer.
    private static let secret = "s3cret"

    private func check(_ answer: Case, _ issuer: TokenIssuer) {
        let error = #expect(throws: CredentialError.self) {
            try issuer.token(status: answer.status, body: Array(answer.body.utf8), at: 0)
        }
        let text = error?.description ?? ""
        #expect(error.map { Mirror(reflecting: $0).children.first?.label } == answer.kind, "\(text)")
        #expect(text.contains(answer.words), "\(text)")
        #expect(!text.contains(Self.secret), "\(text)")
    }

    @Test(
        arguments: [
            (
                401, error("invalid_client", "AADSTS7000215: s3cret", 7_000_215), "wrong",
                "variable S (invalid_client, AADSTS7"
            ),
            (
                401, error("invalid_client", "AADSTS7000222: expired s3cret"), "expired",
                "variable S (invalid_client, AADSTS"
            ),
            (401, error("invalid_client", "AADSTS7000216: s3cret", 7_000_216), "absent", "the environment variable S"),
            (
                400, error("unauthorized_client", "AADSTS700016: x"), "wrong",
                "the client C is not known to the tenant T"
            ),
            (400, error("invalid_request", "AADSTS90002: x"), "wrong", "the tenant T does not exist"),
            (400, error("invalid_scope", "AADSTS70011: x"), "wrong", "the 'scope' of the provider document"),
            (401, error("unauthorized_client", "AADSTS7000112: x"), "revoked", "the client C has been disabled"),
            (
                401, error("invalid_client", "no number"), "wrong",
                "variable S, or its client or tenant (invalid_client)"
            ),
            (400, error("s3cret", "s3cret"), "wrong", "(HTTP 400)"), (404, "s3cret", "wrong", "(HTTP 404)"),
            (429, "", "unavailable", "https://login.example/t, for the environment variable S: HTTP 429"),
            (503, "s3cret", "unavailable", "HTTP 503"), (302, "", "unavailable", "HTTP 302"),
            (200, "{}", "unavailable", "no token"), (200, "s3cret", "unavailable", "no token"),
            (200, #"{"access_token":"s3cret\n","expires_in":60}"#, "unavailable", "no token"),
            (200, #"{"access_token":"s3cret","expires_in":0}"#, "unavailable", "already ended"),
            (200, #"{"access_token":"s3cret","expires_in":"-5"}"#, "unavailable", "already ended"),
        ] as [(Int, String, String, String)])
    func `Entra's refusals are told apart`(status: Int, body: String, kind: String, words: String) {
        let issuer = TokenIssuer(
            kind: .entra(client: "the client C", tenant: "the tenant T"), url: "https://login.example/t?s3cret",
            secret: "the environment variable S")
        check((status, body, kind, words), issuer)
    }

    @Test(
        arguments: [
            (400, error("invalid_grant", "Invalid JWT Signature."), "wrong", "the file K: not, or no longer, a key"),
            (400, error("invalid_grant", "Invalid grant: account not found"), "revoked", "the file K (invalid_grant)"),
            (400, error("invalid_grant", "Token has been revoked."), "revoked", "the file K"),
            (
                400,
                error("invalid_grant", "Invalid JWT: Token must be a short-lived token and in a reasonable timeframe."),
                "wrongClock", "the file K"
            ),
            (
                401, error("disabled_client", "The OAuth client was disabled."), "revoked",
                "the file K (disabled_client)"
            ),
            (400, error("invalid_scope", "x"), "wrong", "the 'scope' of the provider document"),
            (400, error("s3cret", "s3cret"), "wrong", "the file K (HTTP 400)"),
            (500, "", "unavailable", "https://oauth2.example, for the file K: HTTP 500"),
        ] as [(Int, String, String, String)])
    func `Google's refusals are told apart`(status: Int, body: String, kind: String, words: String) {
        check(
            (status, body, kind, words),
            TokenIssuer(kind: .google, url: "https://oauth2.example", secret: "the file K"))
    }

    @Test(
        arguments: [
            (404, "", "nowhere", "http://m/token: no service account is attached"), (403, "", "wrong", "HTTP 403"),
            (503, "", "unavailable", "HTTP 503"),
        ] as [(Int, String, String, String)])
    func `the refusals of Google's metadata server are told apart`(
        status: Int, body: String, kind: String, words: String
    ) {
        check(
            (status, body, kind, words), TokenIssuer(kind: .googleMetadata, url: "http://m/token", secret: "the server")
        )
    }

    @Test func `nothing that is printed holds a secret`() throws {
        let store = SecretStore(environment: ["S": Self.secret, "KEY": Self.secret])
        var entra = try authorizer("{kind: entra, tenant: t, client: c, environment: S}", ["S": Self.secret])
        let exchange = try exchange(&entra, at: 0)
        #expect(exchange.description == "POST https://login.microsoftonline.com/t/oauth2/v2.0/token")
        let failure = entra.takeFailure("no route").description
        #expect(failure.contains("https://login.microsoftonline.com/t/oauth2/v2.0/token"))
        _ = try self.exchange(&entra)
        try entra.take(status: 200, body: answer("t0ken", lasts: 60), at: 0)
        let bearer = try authorizer("{kind: bearer, environment: KEY}", ["KEY": Self.secret])
        let keys = try authorizer(
            "{kind: aws-sigv4}",
            ["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": Self.secret, "AWS_SESSION_TOKEN": "t0ken"])
        for text in [shown(store), shown(entra), shown(exchange), failure, shown(bearer), shown(keys)] {
            #expect(!text.contains(Self.secret) && !text.contains("t0ken"), "\(text)")
        }
        // The body is bytes; as numbers it must not show either.
        #expect(!shown(exchange).contains("\(Array(Self.secret.utf8)[0]), "))
    }

    private func exchange(_ authorizer: inout Authorizer, at now: Int = 0) throws -> CredentialExchange {
        let exchange = authorizer.nextExchange(at: now)
        return try #require(exchange)
    }
}
