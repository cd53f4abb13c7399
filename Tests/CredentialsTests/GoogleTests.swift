import Encodings
import Foundation
import Profiles
import Testing

@testable import Credentials

private func openssl(_ words: [String]) throws -> (status: Int32, output: [UInt8]) {
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

private let hasOpenSSL = FileManager.default.isExecutableFile(atPath: "/usr/bin/openssl")

private func account(_ members: [(String, JSONValue)]) throws -> SecretFile {
    var object = JSONObject([("type", "service_account"), ("client_email", "a@b.example"), ("private_key_id", "1")])
    for (name, value) in members { object[name] = value }
    return try SecretFile(JSONValue.object(object).text())
}

@Suite struct GoogleTests {
    @Test(.enabled(if: hasOpenSSL, "openssl is needed"))
    func `a service account's statement is signed so that OpenSSL verifies it`() throws {
        let pem = try openssl(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]).output
        let json: JSONValue = [
            "type": "service_account", "client_email": "a@b.example", "private_key_id": "1",
            "private_key": .string(String(decoding: pem, as: UTF8.self)), "token_uri": "https://t.example/token",
        ]
        let file = try SecretFile(json.text())
        var authorizer = try authorizer("{kind: google-service-account, environment: G}", ["G": file.path])
        let exchange = try exchange(&authorizer, at: 1_767_323_045)
        let form = String(decoding: exchange.body, as: UTF8.self)
        #expect(exchange.url == "https://t.example/token")
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
        #expect(claims["aud"] == "https://oauth2.googleapis.com/token")
        #expect(claims["scope"] == "https://www.googleapis.com/auth/cloud-platform")
        for text in [shown(authorizer), shown(exchange)] {
            #expect(!text.contains("PRIVATE KEY") && !text.contains(parts[2]))
        }
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

    @Test(.enabled(if: hasOpenSSL, "openssl is needed"))
    func `keys of PKCS 1 and PKCS 8 sign alike, and no others do`() throws {
        let modern = try openssl(["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]).output
        let file = try SecretFile(String(decoding: modern, as: UTF8.self))
        let traditional = try openssl(["rsa", "-in", file.path, "-traditional"]).output
        #expect(String(decoding: traditional, as: UTF8.self).contains("BEGIN RSA PRIVATE KEY"))
        let signature = RSASignature.sign(Array("text".utf8), key: modern)
        #expect(signature?.count == 256 && signature == RSASignature.sign(Array("text".utf8), key: traditional))
        let curve = try openssl(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]).output
        let locked = try openssl(["pkcs8", "-topk8", "-in", file.path, "-passout", "pass:x"]).output
        #expect(!curve.isEmpty && !locked.isEmpty)
        for key in [curve, locked, Array("-----BEGIN PRIVATE KEY-----".utf8), []] {
            #expect(RSASignature.sign([1], key: key) == nil)
            let file = try account([("private_key", .string(String(decoding: key, as: UTF8.self)))])
            #expect(
                throws: CredentialError.unusable("the file \(file.path): its private_key is no RSA key in PEM form")
            ) {
                try authorizer("{kind: google-service-account, file: \(file.path)}")
            }
        }
    }

    @Test func `a file that is no private key of a service account is refused by its name`() throws {
        for members: [(String, JSONValue)] in [
            [], [("type", "authorized_user"), ("private_key", "s3cret")],
            [("client_email", nil), ("private_key", "s3cret")],
        ] {
            let file = try account(members)
            let error = #expect(throws: CredentialError.self) {
                try authorizer("{kind: google-service-account}", ["GOOGLE_APPLICATION_CREDENTIALS": file.path])
            }
            #expect(error == .unusable("the file \(file.path): it must be the JSON key of a service account"))
        }
        let remote = try account([("private_key", "s3cret"), ("token_uri", "http://a.example/token")])
        #expect(throws: CredentialError.unsafeURL("the token_uri of the file \(remote.path)")) {
            try authorizer("{kind: google-service-account, file: \(remote.path)}")
        }
        let open = try SecretFile("{}", mode: 0o644)
        #expect(throws: CredentialError.openFile(open.path)) {
            try authorizer("{kind: google-service-account, file: \(open.path)}")
        }
        #expect(throws: CredentialError.missingVariable("GOOGLE_APPLICATION_CREDENTIALS")) {
            try authorizer("{kind: google-service-account}")
        }
        #expect(throws: CredentialError.unreadableFile("/nowhere")) {
            try authorizer("{kind: google-service-account, file: /nowhere}")
        }
    }
}
