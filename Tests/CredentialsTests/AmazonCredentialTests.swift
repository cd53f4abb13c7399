import Foundation
import Profiles
import Testing

@testable import Credentials

@Suite struct AmazonCredentialTests {
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
        #expect(!asks(&authorizer, at: 3374))
        #expect(try exchange(&authorizer, at: 3375).method == "PUT")
        #expect(throws: CredentialError.self) { try authorizer.take(status: 404, body: [], at: 3375) }
        #expect(throws: CredentialError.expired("the instance's metadata server http://m")) {
            try headers(authorizer, at: 3600)
        }
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

    @Test func `a profile that a document names comes before the environment`() throws {
        let file = try SecretFile(
            "[work]\nAWS_Access_Key_Id=AKW\naws_secret_access_key=sw\n[half]\naws_access_key_id=x\n")
        let environment = [
            "AWS_ACCESS_KEY_ID": "AKE", "AWS_SECRET_ACCESS_KEY": "se",
            "HOME": (file.path as NSString).deletingLastPathComponent,
        ]
        let name = "~/" + (file.path as NSString).lastPathComponent
        let work = try authorizer("{kind: aws-sigv4, profile: work, credentials_file: '\(name)'}", environment)
        #expect(try headers(work, at: 0)["Authorization"]?.contains("Credential=AKW/") == true)
        #expect(work.description == "credential from profile 'work' of the file \(file.path)")
        #expect(
            throws: CredentialError.unusable(
                "profile 'half' of the file \(file.path) (aws_secret_access_key is missing)")
        ) {
            try authorizer("{kind: aws-sigv4, profile: half, credentials_file: '\(name)'}", environment)
        }
        // A profile that the environment names, and that is not there, is no reason to take some other keys.
        #expect(throws: CredentialError.unreadableFile("/nowhere/.aws/credentials")) {
            try authorizer("{kind: aws-sigv4}", ["HOME": "/nowhere", "AWS_PROFILE": "work"])
        }
    }

    @Test func `temporary keys of the environment and of the file end`() throws {
        let keys = ["AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "s3cret", "AWS_SESSION_TOKEN": "t"]
        let end = keys.merging(["AWS_CREDENTIAL_EXPIRATION": "1970-01-01T00:16:40Z"]) { $1 }
        let environment = try authorizer("{kind: aws-sigv4, source: environment}", end)
        #expect(environment.isReady(at: 999) && !environment.isReady(at: 1000) && environment.renewalDue == nil)
        #expect(throws: CredentialError.expired("the environment variable AWS_ACCESS_KEY_ID")) {
            try headers(environment, at: 1000)
        }
        let file = try SecretFile(
            "[default]\naws_access_key_id=A\naws_secret_access_key=s\nx_security_token_expires=1970-01-01T01:16:40+01:00"
        )
        let shared = try authorizer("{kind: aws-sigv4, credentials_file: \(file.path)}")
        #expect(throws: CredentialError.expired("profile 'default' of the file \(file.path)")) {
            try headers(shared, at: 1000)
        }
        #expect(throws: CredentialError.unusable("the environment variable AWS_CREDENTIAL_EXPIRATION")) {
            try authorizer("{kind: aws-sigv4}", keys.merging(["AWS_CREDENTIAL_EXPIRATION": "soon"]) { $1 })
        }
        for name in keys.keys {
            let error = #expect(throws: CredentialError.self) {
                try authorizer("{kind: aws-sigv4}", keys.merging([name: "s3cret\r\nX-Evil: 1"]) { $1 })
            }
            #expect(error?.description.contains("AWS_ACCESS_KEY_ID and its kin") == true)
            #expect(error?.description.contains("s3cret") == false)
        }
    }

    @Test(arguments: [
        ("source: environment", "missingVariable", "AWS_ACCESS_KEY_ID"),
        ("source: shared-file", "missingVariable", "HOME"),
        ("source: container", "missingVariable", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
    ])
    func `a source that is named and has no keys is an error of its own`(yaml: String, kind: String, place: String) {
        let error = #expect(throws: CredentialError.self) { try authorizer("{kind: aws-sigv4, \(yaml)}") }
        #expect(error.map { Mirror(reflecting: $0).children.first?.label } == kind)
        #expect(error?.description.contains(place) == true)
    }

    /// The steps that were answered well, then the last answer.
    @Test(arguments: [
        (0, 403, "", "wrong", "refuses (HTTP 403)"), (0, 503, "", "unavailable", "HTTP 503"),
        (0, 200, "a\u{7F}b", "unavailable", "no token"), (1, 404, "", "nowhere", "no role is attached (HTTP 404)"),
        (1, 200, "", "nowhere", "no role is attached"), (1, 401, "", "wrong", "HTTP 401"),
        (2, 404, "", "nowhere", "HTTP 404"),
        (2, 200, #"{"Code":"Failed","Message":"t0ken"}"#, "unavailable", "the answer holds no keys"),
        (2, 200, "t0ken", "unavailable", "the answer holds no keys"),
        (
            2, 200, #"{"AccessKeyId":"t0ken","SecretAccessKey":"t0ken","Expiration":"1970-01-01T00:01:40Z"}"#,
            "expired", "has expired"
        ),
        (2, 200, #"{"AccessKeyId":"t0ken","SecretAccessKey":"t0ken","Expiration":"t0ken"}"#, "unavailable", "no time"),
        (2, 200, #"{"AccessKeyId":"t0ken\n","SecretAccessKey":"t0ken"}"#, "unusable", "not of the form"),
    ])
    func `what an instance's server refuses is told apart, and begins anew`(
        steps: Int, status: Int, body: String, kind: String, words: String
    ) throws {
        var authorizer = try authorizer(
            "{kind: aws-sigv4, source: instance}", ["AWS_EC2_METADATA_SERVICE_ENDPOINT": "http://m?t0ken"])
        for _ in 0..<steps {
            _ = try exchange(&authorizer, at: 100)
            try authorizer.take(status: 200, body: Array("t0ken".utf8), at: 100)
        }
        let asked = try exchange(&authorizer, at: 100)
        let error = #expect(throws: CredentialError.self) {
            try authorizer.take(status: status, body: Array(body.utf8), at: 100)
        }
        #expect(error.map { Mirror(reflecting: $0).children.first?.label } == kind)
        #expect(error?.description.contains("the instance's metadata server http://m") == true)
        #expect(error?.description.contains(words) == true)
        for text in [error?.description ?? "", shown(authorizer), shown(asked)] { #expect(!text.contains("t0ken")) }
        #expect(try exchange(&authorizer, at: 100).method == "PUT")
    }

    @Test func `a machine that is no instance is told where keys were looked for`() throws {
        var authorizer = try authorizer("{kind: aws-sigv4}", ["HOME": "/nowhere"])
        #expect(try exchange(&authorizer, at: 0).url == "http://169.254.169.254/latest/api/token")
        let text = authorizer.takeFailure("Connection timed out").description
        for place in ["AWS_ACCESS_KEY_ID", "/nowhere/.aws/credentials", "container", "169.254.169.254", "timed out"] {
            #expect(text.contains(place), "\(text)")
        }
        #expect(asks(&authorizer, at: 0))
    }

    /// A server that hands out the same keys until shortly before their end must not be asked again and again.
    @Test(arguments: [(3600, 225), (900, 225), (300, 75), (40, 10), (1, 0)])
    func `keys are not asked for again at once`(left: Int, ahead: Int) throws {
        var authorizer = try authorizer(
            "{kind: aws-sigv4, source: container}", ["AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://localhost:9/c"])
        _ = try exchange(&authorizer, at: 7200 - left)
        let keys = #"{"AccessKeyId":"A","SecretAccessKey":"s","Token":"t","Expiration":"1970-01-01T02:00:00Z"}"#
        try authorizer.take(status: 200, body: Array(keys.utf8), at: 7200 - left)
        #expect(authorizer.renewalDue == 7200 - ahead)
        #expect(!asks(&authorizer, at: 7200 - left))
    }

    @Test func `a container's token goes to its server alone`() throws {
        let full = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
        let relative = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
        for (name, url) in [(full, "http://a.example/k"), (full, "x"), (relative, ".a.example/"), (relative, "@a/")] {
            #expect(throws: CredentialError.unsafeURL("the environment variable \(name)")) {
                try authorizer("{kind: aws-sigv4, source: container}", [name: url])
            }
        }
        for url in ["https://a.example/k", "http://169.254.170.23/v1/credentials", "http://[fd00:ec2::23]/v1"] {
            let file = try SecretFile("fromfile\n")
            var authorizer = try authorizer(
                "{kind: aws-sigv4, source: container}",
                [full: url, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": file.path])
            let exchange = try exchange(&authorizer, at: 0)
            #expect(exchange.url == url && exchange.headers.map(\.value) == ["fromfile"])
            #expect(!shown(authorizer).contains("fromfile") && !shown(exchange).contains("fromfile"))
        }
        let open = try SecretFile("t", mode: 0o604)
        #expect(throws: CredentialError.openFile(open.path)) {
            try authorizer(
                "{kind: aws-sigv4}",
                [
                    full: "https://a.example", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": open.path, "HOME": "/nowhere",
                ])
        }
    }
}
