import Encodings
import Foundation
import Profiles
import Testing

@testable import Credentials

private func authentication(_ yaml: String) throws -> Authentication {
    let text = """
        submeter: provider
        version: 1
        name: p
        delivery_path: hyperscaler
        dialect: openai-chat
        base_url: https://x.example
        models: [{name: m, id: m}]
        authentication: \(yaml)
        """
    guard case .provider(let provider) = try Document(Array(text.utf8), file: "p.yaml") else {
        throw CancellationError()
    }
    return provider.authentication
}

/// A file with a secret, readable by its owner alone unless said otherwise.
private final class SecretFile {
    let path = FileManager.default.temporaryDirectory.appending(path: "secret-\(UUID().uuidString)").path

    init(_ text: String, mode: Int = 0o600) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

private func authorizer(
    _ yaml: String, _ environment: [String: String] = [:], region: String? = "us-east-1"
) throws -> Authorizer {
    try Authorizer(try authentication(yaml), region: region, store: SecretStore(environment: environment))
}

private func headers(_ authorizer: Authorizer, at now: Int) throws -> [String: String] {
    let headers = try authorizer.headers(
        method: "POST", url: "https://x.example/v1", contentType: "application/json", body: [[1]], at: now)
    return Dictionary(uniqueKeysWithValues: headers.map { ($0.name, $0.value) })
}

private func exchange(_ authorizer: inout Authorizer, at now: Int) throws -> CredentialExchange {
    let exchange = authorizer.nextExchange(at: now)
    return try #require(exchange)
}

private func asks(_ authorizer: inout Authorizer, at now: Int) -> Bool { authorizer.nextExchange(at: now) != nil }

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
    ])
    func `what is wrong in a document is found before anything is sent`(yaml: String) {
        #expect(throws: Problems.self) { try authentication(yaml) }
    }

    @Test func `a token of Entra is had once, used, and renewed ahead of its end`() throws {
        var authorizer = try authorizer(
            "{kind: entra, tenant_environment: T, client: c1, environment: S, token_url: 'http://h/{tenant}/token'}",
            ["T": "t1", "S": "s/3cret"])
        #expect(!authorizer.isReady(at: 1000))
        let exchange = try exchange(&authorizer, at: 1000)
        #expect(exchange.method == "POST" && exchange.url == "http://h/t1/token")
        #expect(
            String(decoding: exchange.body, as: UTF8.self)
                == "grant_type=client_credentials&client_id=c1&client_secret=s%2F3cret&scope=https%3A%2F%2Fai.azure.com%2F.default"
        )
        #expect(!asks(&authorizer, at: 1000), "one at a time")
        let answer = #"{"token_type":"Bearer","expires_in":3599,"access_token":"tok1"}"#
        try authorizer.take(status: 200, body: Array(answer.utf8), at: 1000)
        #expect(try headers(authorizer, at: 1001) == ["Authorization": "Bearer tok1"])
        #expect(!asks(&authorizer, at: 1000 + 3599 - 226))
        #expect(asks(&authorizer, at: 1000 + 3599 - 225))
        // The old token serves until the new one is there.
        #expect(try headers(authorizer, at: 4598)["Authorization"] == "Bearer tok1")
        #expect(authorizer.takeFailure("no route").description.contains("no route"))
        #expect(asks(&authorizer, at: 4599))
        #expect(throws: CredentialError.self) { try headers(authorizer, at: 4599) }
    }

    @Test(arguments: [
        (401, #"{"error":"invalid_client","error_description":"AADSTS7000215: x","error_codes":[7000215]}"#, "wrong"),
        (401, #"{"error":"invalid_client","error_description":"AADSTS7000222: x","error_codes":[7000222]}"#, "expired"),
        (400, #"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#, "wrong"),
        (400, #"{"error":"invalid_grant","error_description":"Token has been revoked."}"#, "revoked"),
        (503, "busy", "unavailable"), (200, "{}", "unavailable"), (404, "", "wrong"),
    ])
    func `refusals are told apart, and name the reference, never the secret`(status: Int, body: String, kind: String)
        throws
    {
        var authorizer = try authorizer(
            "{kind: entra, tenant: t, client: c, environment: S}", ["S": "s3cret"])
        _ = authorizer.nextExchange(at: 0)
        let error = #expect(throws: CredentialError.self) {
            try authorizer.take(status: status, body: Array(body.utf8), at: 0)
        }
        #expect(error.map { Mirror(reflecting: $0).children.first?.label } == kind)
        #expect(error?.description.contains("environment variable S") == true)
        var dumped = ""
        dump(authorizer, to: &dumped)
        for text in [error?.description ?? "", "\(authorizer)", String(reflecting: authorizer), dumped] {
            #expect(!text.contains("s3cret"), "\(text)")
        }
    }

    @Test func `Amazon's keys come from the first source that has any`() throws {
        let file = try SecretFile(
            "[default]\naws_access_key_id = AKF\naws_secret_access_key=sf\n# x\n[work]\naws_access_key_id=AKW\naws_secret_access_key=sw\naws_session_token = tw\n"
        )
        let shared = ["AWS_SHARED_CREDENTIALS_FILE": file.path, "AWS_EC2_METADATA_DISABLED": "true"]
        let both = shared.merging(["AWS_ACCESS_KEY_ID": "AKE", "AWS_SECRET_ACCESS_KEY": "se"]) { $1 }
        func key(_ yaml: String, _ environment: [String: String]) throws -> String {
            let text = try headers(try authorizer(yaml, environment), at: 0)["Authorization"] ?? ""
            return String(text.drop { $0 != "=" }.dropFirst().prefix { $0 != "/" })
        }
        #expect(try key("{kind: aws-sigv4}", both) == "AKE")
        #expect(try key("{kind: aws-sigv4}", shared) == "AKF")
        #expect(try key("{kind: aws-sigv4, source: shared-file, profile: work}", both) == "AKW")
        #expect(try key("{kind: aws-sigv4}", shared.merging(["AWS_PROFILE": "work"]) { $1 }) == "AKW")
        let work = try authorizer("{kind: aws-sigv4, profile: work}", shared)
        #expect(try headers(work, at: 0)["X-Amz-Security-Token"] == "tw")
        #expect(throws: CredentialError.missingVariable("AWS_SECRET_ACCESS_KEY")) {
            try authorizer("{kind: aws-sigv4}", ["AWS_ACCESS_KEY_ID": "x"])
        }
        #expect(throws: CredentialError.nowhere("profile 'none' of the file \(file.path)")) {
            try authorizer("{kind: aws-sigv4, profile: none}", shared)
        }
        #expect(throws: CredentialError.self) {
            try authorizer("{kind: aws-sigv4}", ["AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nowhere"])
        }
        let open = try SecretFile("[default]", mode: 0o640)
        #expect(throws: CredentialError.openFile(open.path)) {
            try authorizer("{kind: aws-sigv4}", ["AWS_SHARED_CREDENTIALS_FILE": open.path])
        }
    }

    @Test func `an instance's keys take three steps and are renewed ahead of their end`() throws {
        var authorizer = try authorizer(
            "{kind: aws-sigv4, source: instance}", ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://m/"])
        let token = try exchange(&authorizer, at: 0)
        #expect(token.method == "PUT" && token.url == "http://m/latest/api/token")
        try authorizer.take(status: 200, body: Array("TOK".utf8), at: 0)
        let role = try exchange(&authorizer, at: 0)
        #expect(role.url == "http://m/latest/meta-data/iam/security-credentials/")
        #expect(role.headers.map(\.value) == ["TOK"])
        try authorizer.take(status: 200, body: Array("my-role\n".utf8), at: 0)
        let keys = try exchange(&authorizer, at: 0)
        #expect(keys.url.hasSuffix("/security-credentials/my-role"))
        let answer =
            #"{"Code":"Success","AccessKeyId":"AKI","SecretAccessKey":"s","Token":"t","Expiration":"1970-01-01T01:00:00Z"}"#
        try authorizer.take(status: 200, body: Array(answer.utf8), at: 0)
        #expect(try headers(authorizer, at: 1)["Authorization"]?.contains("Credential=AKI/") == true)
        #expect(!asks(&authorizer, at: 3299))
        #expect(try exchange(&authorizer, at: 3300).method == "PUT")
        #expect(throws: CredentialError.self) { try authorizer.take(status: 404, body: [], at: 3300) }
        #expect(throws: CredentialError.self) { try headers(authorizer, at: 3600) }
    }

    @Test func `a container's keys take one step`() throws {
        var authorizer = try authorizer(
            "{kind: aws-sigv4}",
            [
                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/r", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "a",
                "HOME": "/nowhere",
            ])
        let exchange = try exchange(&authorizer, at: 0)
        #expect(exchange.url == "http://169.254.170.2/r" && exchange.headers.map(\.value) == ["a"])
        try authorizer.take(
            status: 200, body: Array(#"{"AccessKeyId":"AKC","SecretAccessKey":"s","Token":"t"}"#.utf8), at: 0)
        #expect(authorizer.isReady(at: 0) && !asks(&authorizer, at: 1_000_000))
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl"), "openssl is needed"))
    func `a service account's statement is signed so that OpenSSL verifies it`() throws {
        func openssl(_ words: [String]) throws -> (status: Int32, output: [UInt8]) {
            let process = Process()
            let pipe = Pipe()
            process.executableURL = URL(filePath: "/usr/bin/openssl")
            process.arguments = words
            process.standardOutput = pipe
            process.standardError = FileHandle.nullDevice
            try process.run()
            let output = Array(pipe.fileHandleForReading.readDataToEndOfFile())
            process.waitUntilExit()
            return (process.terminationStatus, output)
        }
        let pem = try openssl(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]).output
        let json: JSONValue = [
            "type": "service_account", "client_email": "a@b.example", "private_key_id": "1",
            "private_key": .string(String(decoding: pem, as: UTF8.self)), "token_uri": "http://t.example/token",
        ]
        let file = try SecretFile(json.text())
        var authorizer = try authorizer("{kind: google-service-account, environment: G}", ["G": file.path])
        let exchange = try exchange(&authorizer, at: 1_767_323_045)
        let form = String(decoding: exchange.body, as: UTF8.self)
        #expect(exchange.url == "http://t.example/token")
        #expect(form.hasPrefix("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="))
        let parts = form.split(separator: "=").last?.split(separator: ".").map(String.init) ?? []
        try #require(parts.count == 3)
        func decoded(_ part: String) -> Data {
            let text = part.replacing("-", with: "+").replacing("_", with: "/")
            return Data(base64Encoded: text + String(repeating: "=", count: (4 - text.count % 4) % 4)) ?? Data()
        }
        #expect(decoded(parts[0]) == Data(#"{"typ":"JWT","alg":"RS256","kid":"1"}"#.utf8))
        let claims = try JSONValue(parsing: Array(decoded(parts[1])))
        #expect(claims["iat"] == 1_767_323_045 && claims["exp"] == 1_767_326_645 && claims["iss"] == "a@b.example")
        let key = try SecretFile(String(decoding: pem, as: UTF8.self))
        let signed = try SecretFile(parts[0] + "." + parts[1])
        let signature = try SecretFile("")
        try decoded(parts[2]).write(to: URL(filePath: signature.path))
        let verdict = try openssl(["dgst", "-sha256", "-prverify", key.path, "-signature", signature.path, signed.path])
        #expect(verdict.status == 0, "\(String(decoding: verdict.output, as: UTF8.self))")
        try authorizer.take(
            status: 200, body: Array(#"{"access_token":"ya29.x","expires_in":60}"#.utf8), at: 100)
        // Of a life of a minute three quarters are used.
        #expect(!asks(&authorizer, at: 144) && asks(&authorizer, at: 145))
        #expect(
            throws: CredentialError.unusable("the file \(signed.path): it must be the JSON key of a service account")
        ) {
            try Authorizer(
                .googleServiceAccount(
                    GoogleAuthentication(key: .file(signed.path), scope: "s", tokenURL: nil)), region: nil,
                store: SecretStore(environment: [:]))
        }
    }
}
