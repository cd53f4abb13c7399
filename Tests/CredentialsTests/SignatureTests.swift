import Foundation
import Testing

@testable import Credentials

private func signer(service: String = "bedrock", token: String? = nil) -> SignatureV4 {
    let keys = AmazonKeys(
        identifier: "AKIDEXAMPLE", secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", sessionToken: token, expiry: nil)
    return SignatureV4(keys: keys, region: "us-east-1", service: service)
}

private let body = Array(#"{"messages":[{"role":"user","content":[{"text":"hi"}]}]}"#.utf8)

private func request(_ url: String) -> SignatureV4.Request {
    .init(
        method: "POST", url: url, contentType: "application/json",
        payloadHash: ByteText.hexadecimal(SHA256.hash([Array(body.prefix(7)), Array(body.dropFirst(7))])))
}

@Suite struct SignatureTests {
    private static let time = "20260102T030405Z"
    private static let seconds = 1_767_323_045

    /// The golden vectors of protocols.md §4.2, computed with botocore 1.44.5.
    @Test(
        arguments: [
            (
                "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.deepseek.r1-v1%3A0/converse-stream",
                "bedrock", nil,
                "777bc8de6cd6fafbcc86ab0d67cc85e1ee563067a7921f0ef395ddabe517b463",
                "079f5aba11b4b71f0ef4a66fa3e4f3dab80509cadaa8150f420450b4c69be14e"
            ),
            (
                "https://bedrock-runtime.us-east-1.amazonaws.com/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fabc123/converse-stream",
                "bedrock", "SESSIONTOKEN/+=", "3c668a5bf3719644126c72612015384375a2a8d704602887313ce8810dfe8cf8",
                "11e68fac1bcc04e3b03adc66f5784a1c21de8981e36651341005cd4b4628ca9b"
            ),
            (
                "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions", "bedrock", nil,
                "3166c7f88ff94a7d2d894247c8a97b25c42657f4078152225293b018dab3a529",
                "24248615da41320102fa2c79ba9586b97ab6c934012d119603f806c4f996cf0b"
            ),
            (
                "https://bedrock-mantle.us-east-1.api.aws/v1/chat/completions", "bedrock-mantle", nil,
                "3166c7f88ff94a7d2d894247c8a97b25c42657f4078152225293b018dab3a529",
                "dcc58afeaf07694fde6c8b7124705b965a3050e9b73d75b3b3adaa71812038ac"
            ),
        ] as [(String, String, String?, String, String)])
    func `signatures are those of botocore`(
        url: String, service: String, token: String?, canonical: String, signature: String
    ) {
        let signer = signer(service: service, token: token)
        let text = signer.canonicalRequest(request(url), Self.time)
        #expect(ByteText.hexadecimal(SHA256.hash([Array(text.utf8)])) == canonical)
        let headers = signer.headers(request(url), at: Self.seconds)
        #expect(headers.first { $0.name == "X-Amz-Date" }?.value == Self.time)
        let authorization = headers.first { $0.name == "Authorization" }?.value ?? ""
        #expect(authorization.hasSuffix(", Signature=\(signature)"))
        #expect(authorization.contains("Credential=AKIDEXAMPLE/20260102/us-east-1/\(service)/aws4_request, "))
        #expect(headers.first { $0.name == "X-Amz-Security-Token" }?.value == token)
    }

    @Test func `the canonical request is the one that is written down`() {
        let url = "https://bedrock-runtime.us-east-1.amazonaws.com/model/us.deepseek.r1-v1%3A0/converse-stream"
        let wanted = """
            POST
            /model/us.deepseek.r1-v1%253A0/converse-stream

            content-type:application/json
            host:bedrock-runtime.us-east-1.amazonaws.com
            x-amz-date:20260102T030405Z

            content-type;host;x-amz-date
            c3335e07d6e89650bf94cb98664be69f8774dbc3198df221f113db0a59ea14f0
            """
        #expect(signer().canonicalRequest(request(url), Self.time) == wanted)
        #expect(
            ByteText.hexadecimal(signer().signingKey(Self.time))
                == "5fe7d00891a75b7029b7875f73e3395713a85cc92df11a0b55a6a2f63078cf17")
    }

    @Test(arguments: [
        ("https://a.example/x/../y//z?b=2&a=1&a=0&c", "/y/z", "a=0&a=1&b=2&c="), ("https://a.example:443", "/", ""),
        ("http://127.0.0.1:8080/v1/", "/v1/", ""), ("https://u@a.example/?q=a+b&q=a%20a&-", "/", "-=&q=a%20a&q=a%20b"),
    ])
    func `paths and queries are made canonical`(url: String, path: String, query: String) {
        let lines = signer().canonicalRequest(request(url), Self.time).split(
            separator: "\n", omittingEmptySubsequences: false)
        #expect(lines[1] == path && lines[2] == query)
        #expect(lines[4] == (url.contains("8080") ? "host:127.0.0.1:8080" : "host:a.example"))
    }

    @Test func `hashes are the published ones`() {
        // FIPS 180-2, B.1; RFC 4231, cases 1, 2 and 6.
        #expect(
            ByteText.hexadecimal(SHA256.hash([Array("a".utf8), [], Array("bc".utf8)]))
                == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(
            ByteText.hexadecimal(SHA256.hash([]))
                == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        let cases: [([UInt8], String, String)] = [
            (
                Array(repeating: 0x0B, count: 20), "Hi There",
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), "what do ya want for nothing?",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                Array(repeating: 0xAA, count: 131), "Test Using Larger Than Block-Size Key - Hash Key First",
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ]
        for (key, text, wanted) in cases {
            #expect(ByteText.hexadecimal(KeyedHash.sha256(key: key, Array(text.utf8))) == wanted)
        }
    }

    @Test(arguments: [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("\u{3FF}~", "z79-")])
    func `base64 for URLs has no padding`(text: String, wanted: String) {
        #expect(ByteText.base64URL(Array(text.utf8)) == wanted)
    }

    @Test func `times are written and read`() {
        #expect(WallClock.basic(Self.seconds) == Self.time)
        #expect(WallClock.basic(1_709_208_000) == "20240229T120000Z")
        #expect(WallClock.seconds("2026-01-02T03:04:05Z") == Self.seconds)
        #expect(WallClock.seconds("2026-01-02T03:04:05.123Z") == Self.seconds)
        #expect(WallClock.seconds("2026-01-02T05:34:05.5+02:30") == Self.seconds)
        #expect(WallClock.seconds("2026-01-01T20:04:05-07:00") == Self.seconds)
        let wrong = [
            "soon", "", "2026-01-02", "2026-01-02T03:04:05", "2026-13-02T03:04:05Z", "2026-01-02T24:04:05Z",
            "2026-01-02T03:04:05+1:00", "2026-01-02T03:04:05Zx", "2026-01-02T03:04:05+aa:00", "+026-01-02T03:04:05Z",
        ]
        for text in wrong { #expect(WallClock.seconds(text) == nil, "\(text)") }
    }
}
