import Dialects
import Encodings
import Profiles
import Quantities
import Testing
import Workloads

@Suite struct RequestMemberTests {
    static let options = CallOptions(
        outputLimit: 9, temperature: 1, sessionKey: "k", toolChoice: .required, allowsParallelTools: true)

    /// The names of a value's members, and those of the objects that are written together with a document's own.
    private func names(_ value: JSONValue?, in place: String = "") -> [String] {
        (value?.objectValue?.members ?? []).map { place + $0.key }
    }

    private func body(_ dialect: DialectName, _ inner: DialectName) throws -> JSONValue {
        let tool = ToolDefinition(name: "t", description: "d", parameters: ["type": "object"])
        let bytes = Dialects.encoder(dialect).body(
            PromptPrefix(tools: [tool], system: "s", key: "k"), [.user("u")], Self.options,
            target: RequestTarget(model: "m", sessionField: "key", innerDialect: inner))
        return try JSONValue(parsing: bytes)
    }

    private func isRefused(_ name: String, _ dialect: DialectName, _ inner: DialectName) -> Bool {
        let parts = name.split(separator: ".")
        let extra = parts.reversed().reduce("1") { "{\"\($1)\": \($0)}" }
        let text = """
            submeter: provider
            version: 1
            name: a
            delivery_path: self-hosted
            dialect: \(dialect.rawValue)
            base_url: http://127.0.0.1:1
            request: {session_field: key, inner_dialect: \(inner.rawValue), extra: \(extra)}
            models: [{name: m, id: m}]
            """
        let problems = #expect(throws: Problems.self) { try Document(Array(text.utf8), file: "a.yaml") }
        return problems?.list.map(\.path) == ["request.extra.\(name)"]
    }

    static let cases =
        DialectName.allCases.map { ($0, DialectName.openAIChat) } + [(.bedrockInvoke, .anthropicMessages)]

    @Test(arguments: cases)
    func `no member that an encoder writes can be set by a provider document`(
        dialect: DialectName, inner: DialectName
    ) throws {
        let body = try body(dialect, inner)
        let found =
            switch dialect {
            case .tgi, .dashScope: names(body["parameters"])
            case .gemini:
                names(body).filter { $0 != "generationConfig" }
                    + names(body["generationConfig"], in: "generationConfig.")
            // A provider may want usage to be asked for in a way of its own, which then is the only one that is sent.
            default: names(body).filter { $0 != "stream_options" }
            }
        #expect(found.count >= 3, "\(found)")
        for name in found { #expect(isRefused(name, dialect, inner), "\(name)") }
    }
}
