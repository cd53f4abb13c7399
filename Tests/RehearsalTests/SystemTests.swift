import Dialects
import Encodings
import Profiles
import Quantities
import Testing

@testable import Rehearsal

/// Paths, keys, tokens and errors of the systems, over a real socket.
@Suite(.serialized) struct SystemTests {
    /// The path of each system's own dialect, where its key goes, and the status of a wrong key.
    static let systems: [(system: PersonaSystem, path: String, header: String, status: Int)] = [
        (.openRouter, "/api/v1/chat/completions", "Authorization", 401),
        (.huggingFaceRouter, "/v1/chat/completions", "Authorization", 401),
        (.liteLLM, "/chat/completions", "Authorization", 401),
        (.fireworks, "/inference/v1/chat/completions", "Authorization", 401),
        (.together, "/v1/chat/completions", "Authorization", 401),
        (.bedrockConverse, "/model/us.m-v1%3A0/converse-stream", "Authorization", 403),
        (.bedrockInvoke, "/model/us.m-v1%3A0/invoke-with-response-stream", "Authorization", 403),
        (.bedrockOpenAI, "/openai/v1/chat/completions", "Authorization", 401),
        (.azureDeployments, "/openai/deployments/d/chat/completions?api-version=2024-10-21", "api-key", 401),
        (.azureModels, "/models/chat/completions?api-version=2024-05-01-preview", "api-key", 401),
        (.azureV1, "/openai/v1/chat/completions", "api-key", 401),
        (.vertexOpenAI, "/v1/projects/p/locations/l/endpoints/openapi/chat/completions", "Authorization", 401),
        (
            .vertexGemini, "/v1/projects/p/locations/l/publishers/google/models/m:streamGenerateContent?alt=sse",
            "Authorization", 401
        ),
        (.vLLM, "/v1/chat/completions", "Authorization", 401), (.sgLang, "/v1/chat/completions", "Authorization", 401),
        (.tgiChat, "/v1/chat/completions", "Authorization", 401),
        (.tgiNative, "/generate_stream", "Authorization", 401),
        (.llamaCpp, "/v1/chat/completions", "Authorization", 401),
        (.huggingFaceEndpoint, "/v1/chat/completions", "Authorization", 401),
        (.deepSeek, "/chat/completions", "Authorization", 401),
        (.qwenCompatible, "/compatible-mode/v1/chat/completions", "Authorization", 401),
        (.qwenNative, "/api/v1/services/aigc/text-generation/generation", "Authorization", 401),
        (.kimi, "/v1/chat/completions", "Authorization", 401),
        (.glm, "/api/paas/v4/chat/completions", "Authorization", 401),
        (.miniMaxOpenAI, "/v1/chat/completions", "Authorization", 401),
        (.miniMaxAnthropic, "/anthropic/v1/messages", "Authorization", 401),
        (.openAIChat, "/v1/chat/completions", "Authorization", 401),
        (.openAIResponses, "/v1/responses", "Authorization", 401), (.anthropic, "/v1/messages", "x-api-key", 401),
        (.geminiAPI, "/v1beta/models/m:streamGenerateContent?alt=sse", "x-goog-api-key", 401),
        (.generic, "/v1/chat/completions", "Authorization", 401),
    ]

    static func body(_ dialect: DialectName) -> String {
        switch dialect {
        case .openAIChat: Scene.chat
        case .openAIResponses: #"{"model":"m","stream":true,"input":"hello","max_output_tokens":100}"#
        case .anthropicMessages:
            #"{"model":"m","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"hello"}]}"#
        case .bedrockConverse: Scene.converse
        case .bedrockInvoke: #"{"max_tokens":100,"messages":[{"role":"user","content":"hello"}]}"#
        case .gemini: #"{"contents":[{"role":"user","parts":[{"text":"hello"}]}]}"#
        case .tgi: #"{"inputs":"hello","parameters":{"max_new_tokens":100,"details":true}}"#
        case .dashScope:
            #"{"model":"m","input":{"messages":[{"role":"user","content":"hello"}]},"parameters":{"result_format":"message"}}"#
        }
    }

    @Test(arguments: systems.indices)
    func `a system answers at its path to its key, and to nothing else`(index: Int) throws {
        let (system, path, header, status) = Self.systems[index]
        let scene = try Scene(Scene.persona(system), key: "right")
        defer { scene.fleet.stop() }
        let body = Self.body(system.mainDialect)
        func post(_ key: String?, _ path: String = path) throws -> LoopbackReply {
            var headers = ["anthropic-version": "2023-06-01", "X-DashScope-SSE": "enable"]
            if let key { headers[header] = header == "Authorization" ? "Bearer " + key : key }
            return try scene.post(path, headers, body)
        }
        let good = try post("right")
        #expect(good.status == 200 && good.isWhole, "\(system): \(good.status) \(good.text)")
        #expect(good.headers["content-type"]?.hasPrefix("application/json") == false)
        for key in [nil, "wrong"] {
            let reply = try post(key)
            #expect(reply.status == status, "\(system)")
            #expect((try? JSONValue(parsing: reply.body)) != nil)
        }
        let lost = try post("right", "/nowhere/at/all")
        #expect(lost.status == 404 && (try? JSONValue(parsing: lost.body)) != nil)
    }

    @Test func `a document's own words make the persona`() throws {
        let text = """
            submeter: provider
            version: 1
            name: acme
            delivery_path: hyperscaler
            dialect: bedrock-converse
            base_url: http://127.0.0.1:8000
            models: [{name: m, id: m}]
            rehearsal: {system: bedrock-converse, slots: 3, scenarios: {cut: 0.5}, stall: 1s}
            """
        guard case .provider(let profile) = try Document(Array(text.utf8), file: "p.yaml") else { return }
        let persona = Persona(name: "acme", profile: profile.rehearsal, models: ["m"])
        #expect(persona.system == .bedrockConverse && persona.slotCount == 3 && persona.models == ["m"])
        #expect(persona.cachesOnlyMarks && persona.scenarios == [.cut: 0.5] && persona.stallDuration == .seconds(1))
        #expect(Persona(name: "demo-vendor", profile: nil).hasUsageAtFinish)
        #expect(Persona(name: "other", profile: nil) == Persona(name: "other"))
    }

    @Test func `every system is tried`() {
        #expect(Set(Self.systems.map(\.system)) == Set(PersonaSystem.allCases))
    }

    @Test func `errors have the shapes of their systems`() throws {
        let table: [(PersonaSystem, String, String, String)] = [
            (.deepSeek, "/chat/completions", "type", #""code":"invalid_request_error""#),
            (.sgLang, "/v1/chat/completions", "", #"{"object":"error","message":"#),
            (.glm, "/api/paas/v4/chat/completions", "", #""code":"1210""#),
            (.kimi, "/v1/chat/completions", "", #"{"error":{"type":"invalid_request_error","message":"#),
            (
                .vertexOpenAI, "/v1/projects/p/locations/l/endpoints/openapi/chat/completions", "",
                #"[{"error":{"code":400"#
            ),
            (.miniMaxOpenAI, "/v1/chat/completions", "", #""status_code":2013"#),
            (.openRouter, "/api/v1/chat/completions", "", #"{"error":{"code":400,"message":"#),
            (.anthropic, "/v1/messages", "", #"{"type":"error","error":{"type":"invalid_request_error""#),
            (.tgiNative, "/generate_stream", "", #""error_type":"validation""#),
            (.qwenNative, "/api/v1/services/aigc/text-generation/generation", "", #"{"code":"InvalidParameter""#),
        ]
        for (system, path, _, text) in table {
            let scene = try Scene(Scene.persona(system))
            defer { scene.fleet.stop() }
            let reply = try scene.post(path, ["anthropic-version": "2023-06-01"], "{}")
            #expect(reply.status == (system == .tgiNative ? 422 : 400))
            #expect(reply.text.contains(text), "\(system): \(reply.text)")
        }
        let scene = try Scene(Scene.persona(.bedrockConverse))
        defer { scene.fleet.stop() }
        let reply = try scene.post("/model/m/converse-stream", [:], "{}")
        #expect(reply.headers["x-amzn-errortype"]?.hasPrefix("ValidationException:http") == true)
        #expect(reply.text.hasPrefix(#"{"message":""#))
    }

    @Test func `models are listed, unknown ones refused, and health is told`() throws {
        var persona = Scene.persona(.vLLM)
        persona.models = ["known"]
        let scene = try Scene(persona)
        defer { scene.fleet.stop() }
        let client = try LoopbackClient(scene.fleet.ports[0])
        #expect(client.exchange("GET", "/v1/models", [:], "").text.contains(#""id":"known""#))
        #expect(client.exchange("GET", "/health", [:], "").status == 200)
        let unknown = client.exchange("POST", "/v1/chat/completions", [:], Scene.chat)
        #expect(unknown.status == 404 && unknown.text.contains("NotFoundError"))
        let body = Scene.chat.replacing(#""model":"m""#, with: #""model":"known""#)
        #expect(client.exchange("POST", "/v1/chat/completions", [:], body).status == 200)
    }

    @Test func `Azure knows no path without a version of the API`() throws {
        let scene = try Scene(Scene.persona(.azureDeployments))
        defer { scene.fleet.stop() }
        #expect(try scene.post("/openai/deployments/d/chat/completions").status == 404)
    }

    @Test func `Entra's endpoint hands out tokens that are good for their time`() throws {
        let issue = TokenIssue(clientIdentifier: "id", clientSecret: "s&c", lifetime: .milliseconds(400))
        let scene = try Scene(Scene.persona(.azureV1), tokens: issue)
        defer { scene.fleet.stop() }
        func token(_ secret: String, scope: String = "https%3A%2F%2Fai.azure.com%2F.default") throws -> LoopbackReply {
            try scene.post(
                "/tenant/oauth2/v2.0/token", ["Content-Type": "application/x-www-form-urlencoded"],
                "grant_type=client_credentials&client_id=id&client_secret=\(secret)&scope=\(scope)")
        }
        let wrong = try token("other")
        #expect(wrong.status == 401 && wrong.text.contains("AADSTS7000215"))
        #expect(try token("s%26c", scope: "x").status == 400)
        let good = try token("s%26c")
        let text = try #require(try JSONValue(parsing: good.body)["access_token"]?.stringValue)
        let path = "/openai/v1/chat/completions"
        #expect(try scene.post(path).status == 401)
        #expect(try scene.post(path, ["Authorization": "Bearer " + text]).status == 200)
        let client = try LoopbackClient(scene.fleet.ports[0], patienceMilliseconds: 500)
        _ = client.isClosed()  // Waits for as long as its patience lasts.
        let late = try scene.post(path, ["Authorization": "Bearer " + text])
        #expect(late.status == 401 && late.text.contains("expired"))
    }

    @Test func `Google's endpoint looks at the assertion's shape`() throws {
        let issue = TokenIssue(clientIdentifier: "", clientSecret: "", lifetime: .seconds(60))
        let scene = try Scene(Scene.persona(.vertexGemini), tokens: issue)
        defer { scene.fleet.stop() }
        func token(_ claims: String) throws -> LoopbackReply {
            let parts = [#"{"typ":"JWT","alg":"RS256","kid":"1"}"#, claims, String(repeating: "s", count: 256)]
            let assertion = parts.map { Self.base64(Array($0.utf8)) }.joined(separator: ".")
            let grant = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"
            return try scene.post("/token", [:], "grant_type=\(grant)&assertion=\(assertion)")
        }
        let claims = """
            {"iat":1767323045,"exp":1767326645,"iss":"a@example.com","aud":"https://oauth2.googleapis.com/token",
            "scope":"https://www.googleapis.com/auth/cloud-platform"}
            """
        let good = try token(claims)
        let text = try #require(try JSONValue(parsing: good.body)["access_token"]?.stringValue)
        let path = "/v1/projects/p/locations/l/publishers/google/models/m:streamGenerateContent?alt=sse"
        #expect(try scene.post(path, ["Authorization": "Bearer " + text], Self.body(.gemini)).status == 200)
        let bad = try token(claims.replacing("1767326645", with: "1777326645"))
        #expect(bad.status == 400 && bad.text.contains("invalid_grant"))
        let client = try LoopbackClient(scene.fleet.ports[0])
        let metadata = "/computeMetadata/v1/instance/service-accounts/default/token"
        #expect(client.exchange("GET", metadata, [:], "").status == 403)
        #expect(client.exchange("GET", metadata, ["Metadata-Flavor": "Google"], "").text.contains("access_token"))
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
        let bits = bytes.flatMap { byte in (0..<8).map { byte >> (7 - $0) & 1 } }
        return String(
            stride(from: 0, to: bits.count, by: 6).map { start in
                digits[(0..<6).reduce(0) { $0 << 1 | (start + $1 < bits.count ? Int(bits[start + $1]) : 0) }]
            })
    }

    private struct Signed: AccessCheck {
        func refusal(
            method: String, path: String, query: String, headers: [String: String], body: [UInt8]
        ) -> AccessRefusal? {
            let isGood = headers["authorization"] == "AWS4 \(method) \(path) \(query) \(body.count)"
            return isGood ? nil : AccessRefusal(.signature, "the signature does not fit")
        }
    }

    @Test func `a check of the caller's sees the request as it came`() throws {
        let scene = try Scene(Scene.persona(.bedrockConverse), check: Signed())
        defer { scene.fleet.stop() }
        let path = "/model/a%3Ab/converse-stream"
        let right = "AWS4 POST \(path) x=1 \(Scene.converse.utf8.count)"
        #expect(try scene.post(path + "?x=1", ["Authorization": right], Scene.converse).status == 200)
        let wrong = try scene.post(path, ["Authorization": right], Scene.converse)
        #expect(wrong.status == 403)
        #expect(wrong.headers["x-amzn-errortype"]?.hasPrefix("InvalidSignatureException") == true)
    }

    @Test func `only marked places are cached where a system wants marks, and writing is told`() throws {
        let scene = try Scene(Scene.persona(.anthropic))
        defer { scene.fleet.stop() }
        func usage(_ mark: String) throws -> [Int] {
            let text = String(repeating: "word ", count: 400)
            let body = """
                {"model":"m","max_tokens":50,"messages":[{"role":"user","content":[{"type":"text","text":"\(text)"\(mark)}]}]}
                """
            let reply = try scene.post("/v1/messages", ["anthropic-version": "2023-06-01"], body)
            let usage = try JSONValue(parsing: reply.body)["usage"]
            return ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"].map {
                usage?[$0]?.integerValue ?? -1
            }
        }
        let plain = try usage("")
        #expect((399...405).contains(plain[0]) && plain[1] == 0 && plain[2] == 0)
        #expect(try usage("")[1] == 0)
        let mark = #","cache_control":{"type":"ephemeral"}"#
        let first = try usage(mark)
        #expect(first[0] <= 1 && first[1] == 0 && first[2] == plain[0])
        let second = try usage(mark)
        #expect(second[1] > 380 && second.reduce(0, +) == plain[0])
    }
}
