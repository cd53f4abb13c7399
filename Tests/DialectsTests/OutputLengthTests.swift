import Encodings
import Quantities
import Testing
import Workloads

@testable import Dialects

@Suite struct OutputLengthTests {
    private let prompt = PromptPrefix(tools: [], system: "s", key: "k")

    private func body(_ dialect: DialectName, _ options: CallOptions, _ target: RequestTarget) throws -> JSONValue {
        try JSONValue(parsing: Dialects.encoder(dialect).body(prompt, [.user("u")], options, target: target))
    }

    /// Where each dialect has its limit.
    static let limits: [(DialectName, DialectName, [String])] = [
        (.openAIChat, .openAIChat, ["max_tokens"]), (.openAIResponses, .openAIChat, ["max_output_tokens"]),
        (.anthropicMessages, .openAIChat, ["max_tokens"]),
        (.bedrockConverse, .openAIChat, ["inferenceConfig", "maxTokens"]),
        (.bedrockInvoke, .openAIChat, ["max_tokens"]), (.bedrockInvoke, .anthropicMessages, ["max_tokens"]),
        (.gemini, .openAIChat, ["generationConfig", "maxOutputTokens"]),
        (.tgi, .openAIChat, ["parameters", "max_new_tokens"]), (.dashScope, .openAIChat, ["parameters", "max_tokens"]),
    ]

    @Test(arguments: limits.indices)
    func `every dialect sends the limit, and none a least length that its provider does not name`(index: Int) throws {
        let (dialect, inner, path) = Self.limits[index]
        for limit in [1, 16, 77] {
            for minimum in [nil, TokenCount(limit)] {
                let options = CallOptions(outputLimit: TokenCount(limit), outputMinimum: minimum)
                let value = try body(dialect, options, RequestTarget(model: "m", innerDialect: inner))
                #expect(path.reduce(Optional(value)) { $0?[$1] } == .integer(limit), "\(dialect)")
                #expect(!value.text().contains("min_tokens") && !value.text().contains("ignore_eos"))
            }
        }
    }

    static let controls: [(minimum: String?, ignore: String?, isForced: Bool)] = [
        ("min_tokens", nil, true), (nil, "ignore_eos", true), ("min_tokens", "ignore_eos", true),
        ("min_tokens", "ignore_eos", false), ("least", "go_on", true),
    ]

    @Test(arguments: controls.indices)
    func `OpenAI's chat sends what the provider names, where a least length is asked for`(index: Int) throws {
        let control = Self.controls[index]
        let target = RequestTarget(
            model: "m", outputMinimumField: control.minimum, ignoreEndField: control.ignore)
        let options = CallOptions(outputLimit: 9, outputMinimum: control.isForced ? 9 : nil)
        let value = try body(.openAIChat, options, target)
        #expect(value["max_tokens"] == 9)
        if let field = control.minimum { #expect(value[field] == (control.isForced ? 9 : nil)) }
        if let field = control.ignore { #expect(value[field] == (control.isForced ? true : nil)) }
    }

    static let read: [(String, minimum: TokenCount?, ignoresEnd: Bool)] = [
        ("", nil, false), (#","min_tokens":9"#, 9, false), (#","ignore_eos":true"#, nil, true),
        (#","min_tokens":0,"ignore_eos":false"#, 0, false), (#","min_tokens":null"#, nil, false),
    ]

    private func served(_ members: String) throws(ServedRefusal) -> ServedRequest {
        let body = #"{"model":"m","stream":true,"max_tokens":9\#(members),"messages":[{"role":"user","content":"u"}]}"#
        let head = ServedHead(method: "POST", target: "/v1/chat/completions")
        return try RequestReader.read(.openAIChat, head: head, body: Array(body.utf8), parser: JSONParser())
    }

    @Test(arguments: read.indices)
    func `a server reads them again`(index: Int) throws {
        let (members, minimum, ignoresEnd) = Self.read[index]
        let request = try served(members)
        #expect(request.outputLimit == 9 && request.outputMinimum == minimum && request.ignoresEnd == ignoresEnd)
    }

    @Test(arguments: [#","min_tokens":-1"#, #","min_tokens":"9""#])
    func `a least length that is no number is refused`(members: String) {
        #expect(throws: ServedRefusal.self) { try served(members) }
    }
}
