import Testing

@testable import Credentials
@testable import Profiles

@Suite struct AuthorizerTests {
    @Test func `bearer and named header come from variables and private files`() throws {
        let bearer = try authorizer("{kind: bearer, environment: KEY}", ["KEY": "k1"])
        #expect(try headers(bearer, at: 0) == ["Authorization": "Bearer k1"])
        let file = try SecretFile("k2\nsecond line")
        let named = try authorizer("{kind: header, header: api-key, file: \(file.path)}")
        #expect(try headers(named, at: 0) == ["api-key": "k2"])
        #expect(try headers(try authorizer("{kind: none}"), at: 0).isEmpty)
        let open = try SecretFile("k3", mode: 0o644)
        #expect(throws: CredentialError.openFile(open.path)) { try authorizer("{kind: bearer, file: \(open.path)}") }
        #expect(throws: CredentialError.missingVariable("KEY")) { try authorizer("{kind: bearer, environment: KEY}") }
        #expect(throws: CredentialError.unusable("the environment variable KEY")) {
            try authorizer("{kind: bearer, environment: KEY}", ["KEY": "a b"])
        }
    }

    @Test(arguments: [
        "{kind: bearer}", "{kind: bearer, environment: A, file: B}", "{kind: header, environment: A}",
        "{kind: entra, client: c, environment: S}",
        "{kind: entra, tenant: t, tenant_environment: T, client: c, environment: S}",
        "{kind: aws-sigv4, source: nowhere}", "{kind: magic}", "{kind: google-metadata, scope: x}",
        "{kind: aws-sigv4, source: instance, profile: p}", "{kind: header, header: 'a: b', environment: A}",
        "{kind: none, environment: A}", "{kind: bearer, environment: A, profile: p}",
        "{kind: entra, tenant: t, client: c, environment: S, token_url: 'http://login.example/token'}",
        "{kind: google-service-account, file: f, token_url: 'ftp://x'}", "{kind: google-metadata, url: x}",
    ])
    func `what is wrong in a document is found before anything is sent`(yaml: String) {
        #expect(throws: Problems.self) { try authentication(yaml) }
    }

    @Test func `all problems of an authentication are told at once`() {
        let problems = #expect(throws: Problems.self) {
            try authentication("{kind: entra, client_environment: C, token_url: 'http://x', scoop: s}")
        }
        let paths = problems?.list.map(\.path) ?? []
        #expect(Set(paths) == Set(["tenant", "kind", "token_url", "scoop"].map { "authentication.\($0)" }))
        // What a kind that is none would allow, nobody knows.
        let unknown = #expect(throws: Problems.self) { try authentication("{kind: magic, environment: A}") }
        #expect(unknown?.list.count == 1)
    }

    @Test func `defaults are those of the servers`() throws {
        #expect(
            try authentication("{kind: entra, tenant: t, client: c, environment: S}")
                == .entra(
                    EntraAuthentication(
                        tenant: .literal("t"), client: .literal("c"), secret: .environment("S"),
                        scope: "https://ai.azure.com/.default",
                        tokenURL: "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token")))
        #expect(
            try authentication("{kind: google-service-account}")
                == .googleServiceAccount(
                    GoogleAuthentication(
                        key: .environment("GOOGLE_APPLICATION_CREDENTIALS"),
                        scope: "https://www.googleapis.com/auth/cloud-platform", tokenURL: nil)))
        var metadata = try authorizer("{kind: google-metadata}")
        let exchange = try exchange(&metadata, at: 0)
        #expect(exchange.method == "GET" && exchange.headers.map(\.name) == ["Metadata-Flavor"])
        #expect(exchange.url.hasPrefix("http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/"))
    }

    @Test(arguments: [
        ("https://a.example/x", true), ("http://127.0.0.1:80/x", true), ("http://localhost", true),
        ("http://[::1]:8080/", true), ("http://a.example/", false), ("http://127.0.0.1.a.example/", false),
        ("http://127.0.0.1@a.example/", false), ("http://localhost\\@a.example/", false),
        ("https://a@b.example", false),
        ("https://", false), ("ftp://localhost", false), ("http://h/", true),
    ])
    func `secrets go to https and to this machine alone`(url: String, isSafe: Bool) {
        #expect(SecretURL.isSafe(url, orTo: ["h"]) == isSafe)
    }

    @Test func `a region must be named`() throws {
        let keys = ["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s"]
        #expect(throws: CredentialError.missingRegion) { try authorizer("{kind: aws-sigv4}", keys, region: nil) }
        let regions = [("AWS_REGION", "r1"), ("AWS_DEFAULT_REGION", "r2")]
        for (name, region) in regions {
            let authorizer = try authorizer("{kind: aws-sigv4}", keys.merging([name: region]) { $1 }, region: nil)
            #expect(try headers(authorizer, at: 0)["Authorization"]?.contains("/\(region)/bedrock/") == true)
        }
    }

    @Test func `a tenant cannot lead a secret elsewhere`() throws {
        var authorizer = try authorizer(
            "{kind: entra, tenant_environment: T, client: c, environment: S}", ["T": "a/../b?c", "S": "s"])
        let url = try exchange(&authorizer, at: 0).url
        #expect(url == "https://login.microsoftonline.com/a%2F..%2Fb%3Fc/oauth2/v2.0/token")
    }

    @Test func `a file of secrets has a limit`() throws {
        let file = try SecretFile(String(repeating: "x", count: SecretStore.maximumFileBytes + 1))
        let error = #expect(throws: CredentialError.self) { try authorizer("{kind: bearer, file: \(file.path)}") }
        #expect(error?.description.contains("is larger than 256 KiB") == true)
    }

    @Test func `a token of Entra is had once, used, and renewed ahead of its end`() throws {
        var authorizer = try authorizer(
            "{kind: entra, tenant_environment: T, client: c1, environment: S, token_url: 'http://127.0.0.1:1/{tenant}/token'}",
            ["T": "t1", "S": "s/3cret"])
        #expect(!authorizer.isReady(at: 1000))
        let exchange = try exchange(&authorizer, at: 1000)
        #expect(exchange.method == "POST" && exchange.url == "http://127.0.0.1:1/t1/token")
        #expect(
            String(decoding: exchange.body, as: UTF8.self)
                == "grant_type=client_credentials&client_id=c1&client_secret=s%2F3cret&scope=https%3A%2F%2Fai.azure.com%2F.default"
        )
        #expect(!asks(&authorizer, at: 1000), "one at a time")
        #expect(throws: CredentialError.notFetched("client of Entra, secret in the environment variable S")) {
            try headers(authorizer, at: 1000)
        }
        try authorizer.take(status: 200, body: answer("tok1", lasts: 3599), at: 1000)
        #expect(try headers(authorizer, at: 1001) == ["Authorization": "Bearer tok1"])
        #expect(!asks(&authorizer, at: 1000 + 3599 - 226))
        #expect(asks(&authorizer, at: 1000 + 3599 - 225))
        // The old token serves until the new one is there.
        #expect(try headers(authorizer, at: 4598)["Authorization"] == "Bearer tok1")
        #expect(authorizer.takeFailure("no route").description.contains("no route"))
        #expect(asks(&authorizer, at: 4599))
        #expect(throws: CredentialError.expired("client of Entra, secret in the environment variable S")) {
            try headers(authorizer, at: 4599)
        }
    }

    /// The life that an answer tells, and how long before its end the next exchange is due.
    @Test(arguments: [(1, 0), (2, 0), (4, 1), (60, 15), (900, 225), (3599, 225), (86_400, 225)])
    func `a token is renewed ahead of its end, and never at once`(life: Int, ahead: Int) throws {
        var authorizer = try authorizer("{kind: google-metadata}")
        #expect(authorizer.renewalDue == 0)
        for start in [1000, 1000 + life] {
            _ = try exchange(&authorizer, at: start)
            try authorizer.take(status: 200, body: answer("t\(start)", lasts: life), at: start)
            #expect(authorizer.renewalDue == start + life - ahead)
            #expect(!asks(&authorizer, at: start) && !asks(&authorizer, at: start + life - ahead - 1))
            #expect(authorizer.isReady(at: start + life - 1) && !authorizer.isReady(at: start + life))
            #expect(try headers(authorizer, at: start) == ["Authorization": "Bearer t\(start)"])
        }
    }

    @Test func `a credential that is not fetched is never renewed`() throws {
        var fixed = try authorizer("{kind: bearer, environment: KEY}", ["KEY": "k"])
        #expect(fixed.renewalDue == nil && fixed.isReady(at: .max) && !asks(&fixed, at: .max))
        var keys = try authorizer("{kind: aws-sigv4}", ["AWS_ACCESS_KEY_ID": "A", "AWS_SECRET_ACCESS_KEY": "s"])
        #expect(keys.renewalDue == nil && keys.isReady(at: .max) && !asks(&keys, at: .max))
    }

    @Test func `a refused renewal leaves the old token in force`() throws {
        var authorizer = try authorizer("{kind: google-metadata}")
        _ = try exchange(&authorizer, at: 0)
        try authorizer.take(status: 200, body: answer("old", lasts: 1000), at: 0)
        _ = try exchange(&authorizer, at: 800)
        #expect(throws: CredentialError.self) { try authorizer.take(status: 503, body: [], at: 800) }
        #expect(try headers(authorizer, at: 999) == ["Authorization": "Bearer old"])
        #expect(asks(&authorizer, at: 801))
    }
}
