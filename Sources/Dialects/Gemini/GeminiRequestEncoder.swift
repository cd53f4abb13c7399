import Encodings
import Quantities
public import Workloads

/// Requests of Google's Gemini API (`models/{model}:streamGenerateContent?alt=sse`).
///
/// Results of functions belong to the user; consecutive messages of one speaker are merged.
public struct GeminiRequestEncoder: RequestEncoder {
    /// Makes an encoder.
    public init() {}

    /// The path of Google AI; Vertex AI has one of its own, in the provider's document.
    public var path: String { "/models/{model}:streamGenerateContent?alt=sse" }

    /// System instruction, extra members, tools, and the opening of the contents.
    public func prefix(_ prefix: PromptPrefix, target: RequestTarget) -> [UInt8] {
        var bytes: [UInt8] = []
        if !prefix.system.isEmpty {
            bytes.add(member: "systemInstruction", ["parts": [["text": .string(prefix.system)]]])
        }
        // generationConfig is written at the end, together with what the provider's document adds to it.
        for member in target.extra.members where member.key != "generationConfig" {
            bytes.add(member: member.key, member.value)
        }
        if !prefix.tools.isEmpty {
            let declarations = prefix.tools.map { tool -> JSONValue in
                [
                    "name": .string(tool.name), "description": .string(tool.description),
                    "parameters": Self.schema(tool.parameters),
                ]
            }
            bytes.add(member: "tools", [["functionDeclarations": .array(declarations)]])
        }
        bytes.add(raw: #","contents":["#)
        bytes[0] = 0x7B
        return bytes
    }

    /// Parts, in contents that alternate between user and model; the last one stays open.
    public func items(_ items: [ConversationItem], after previous: MessageRole?, target: RequestTarget) -> [UInt8] {
        var bytes: [UInt8] = []
        var speaker = previous.flatMap(Self.speaker)
        for item in items {
            let next = Self.speaker(item.role) ?? "user"
            if speaker != next {
                if speaker != nil { bytes.add(raw: "]},") }
                bytes.add(raw: #"{"role":"#)
                bytes.add(quoted: next)
                bytes.add(raw: #","parts":["#)
            }
            for (index, part) in Self.parts(item, target).enumerated() {
                if index > 0 || speaker == next { bytes.append(0x2C) }
                bytes.add(json: part)
            }
            speaker = next
        }
        return bytes
    }

    /// The end of the contents, and the options.
    public func suffix(_ options: CallOptions, prefix: PromptPrefix, target: RequestTarget) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.add(raw: "]}]")
        if !prefix.tools.isEmpty, !target.omitted.contains("tool_choice") {
            bytes.add(member: "toolConfig", ["functionCallingConfig": options.geminiFunctionCalling])
        }
        var configuration = target.extra["generationConfig"]?.objectValue ?? JSONObject()
        if let limit = options.outputLimit { configuration["maxOutputTokens"] = .integer(limit.value) }
        if let temperature = options.temperature, !target.omitted.contains("temperature") {
            configuration["temperature"] = .number(temperature)
        }
        if let seed = options.seed, !target.omitted.contains("seed") { configuration["seed"] = .integer(seed) }
        if !configuration.members.isEmpty { bytes.add(member: "generationConfig", .object(configuration)) }
        if let field = target.sessionField, let key = options.sessionKey { bytes.add(member: field, .string(key)) }
        bytes.append(0x7D)
        return bytes
    }

    private static func speaker(_ role: MessageRole) -> String? {
        switch role {
        case .system: nil
        case .user, .tool: "user"
        case .assistant: "model"
        }
    }

    private static func parts(_ item: ConversationItem, _ target: RequestTarget) -> [JSONValue] {
        switch item {
        case .system(let text), .user(let text): return [["text": .string(text)]]
        case .toolResult(let result):
            return [
                [
                    "functionResponse": [
                        "name": .string(result.name), "id": .string(result.callIdentifier),
                        "response": ["output": .string(result.text)],
                    ]
                ]
            ]
        case .assistant(let answer):
            let text = answer.text.map { $0.isEmpty ? [] : [["text": .string($0)]] as [JSONValue] } ?? []
            let calls = answer.toolCalls.enumerated().map { place, call -> JSONValue in
                var part = JSONObject([
                    (
                        "functionCall",
                        [
                            "name": .string(call.name), "id": .string(call.identifier), "args": call.argumentsObject,
                        ]
                    )
                ])
                // Of parallel calls only the first is signed.
                if place == 0, let signature = target.toolCallSignature {
                    part["thoughtSignature"] = .string(signature)
                }
                return .object(part)
            }
            return text.isEmpty && calls.isEmpty ? [["text": "…"]] : text + calls
        }
    }

    /// Gemini's schemas are a part of OpenAPI's: members that it does not know are refused, so they are left out.
    private static func schema(_ value: JSONValue) -> JSONValue {
        switch value {
        case .object(let object):
            let known = object.members.filter { !unknownMembers.contains($0.key) }
            return .object(
                JSONObject(known.map { ($0.key, $0.key == "properties" ? properties($0.value) : schema($0.value)) }))
        case .array(let elements): return .array(elements.map(schema))
        default: return value
        }
    }

    /// The names of properties are no members of a schema.
    private static func properties(_ value: JSONValue) -> JSONValue {
        guard let object = value.objectValue else { return value }
        return .object(JSONObject(object.members.map { ($0.key, schema($0.value)) }))
    }

    private static let unknownMembers: Set<String> = [
        "additionalProperties", "$schema", "$id", "$ref", "$defs", "definitions", "strict", "exclusiveMinimum",
        "exclusiveMaximum", "patternProperties", "const",
    ]
}
