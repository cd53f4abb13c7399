import Encodings
import Workloads

/// Requests of Google's Gemini API, as a server reads them (protocols.md §6.2).
enum GeminiRequestReader {
    static func take(_ head: ServedHead, _ root: JSONView, _ reader: inout PromptReader) {
        let last = head.segments.last ?? ""
        let colon = last.lastIndex(of: ":") ?? last.endIndex
        reader.request.model = String(last[..<colon])
        reader.request.isStreamed = last[colon...] == ":streamGenerateContent"
        if reader.request.isStreamed, head.parameter("alt") != "sse" {
            reader.refuse("the fleet streams only with alt=sse")
        }
        reader.request.wantsUsage = true
        let generation = root["generationConfig"]
        reader.limit(generation?["maxOutputTokens"])
        root["tools"]?.forEachElement { tool in
            tool["functionDeclarations"]?.forEachElement { declaration in
                reader.tool(
                    declaration["name"], declaration["description"],
                    declaration["parameters"].map { jsonSchema(JSONValue($0)) }
                        ?? declaration["parametersJsonSchema"].map { JSONValue($0) })
            }
        }
        choice(root["toolConfig"]?["functionCallingConfig"], &reader)
        if let system = root["systemInstruction"] {
            reader.begin("system")
            reader.append(system["parts"])
        }
        contents(root["contents"], &reader)
    }

    private static func choice(_ value: JSONView?, _ reader: inout PromptReader) {
        switch value?["mode"]?.string {
        case "NONE": reader.request.toolChoice = .none
        case "ANY":
            var only: String?
            value?["allowedFunctionNames"]?.forEachElement { only = only ?? $0.string }
            reader.request.toolChoice = only.map { .named($0) } ?? .required
        case "AUTO", "VALIDATED", nil: break
        default: reader.refuse("Invalid value at 'tool_config.function_calling_config.mode'")
        }
    }

    private static func contents(_ contents: JSONView?, _ reader: inout PromptReader) {
        var isFirst = true
        contents?.forEachElement { content in
            let role = content["role"]?.string ?? "user"
            if role != "user", role != "model", role != "function" {
                reader.refuse("Please use a valid role: user, model.")
            }
            var (texts, calls, results) = (0, 0, 0)
            content["parts"]?.forEachElement { part in
                if part["functionCall"] != nil { calls += 1 }
                if part["functionResponse"] != nil { results += 1 }
                if part["text"] != nil { texts += 1 }
            }
            if texts + calls + results == 0 {
                reader.refuse("GenerateContentRequest.contents: contents.parts must not be empty.")
            }
            if isFirst, role == "model" {
                reader.refuse("Please ensure that multiturn requests begin with a user role.")
            }
            isFirst = false
            if results != reader.openCalls.count {
                reader.refuse(
                    "Please ensure that the number of function response parts is equal to the number of function call parts "
                        + "of the function call turn.")
            }
            role == "model" ? model(content["parts"], &reader) : user(content["parts"], &reader)
        }
        if isFirst { reader.refuse("GenerateContentRequest.contents: contents is not specified") }
        if !reader.openCalls.isEmpty {
            reader.refuse("Please ensure that function response turn comes immediately after a function call turn.")
        }
    }

    /// Google's `Schema` as JSON Schema: its `type` is an enumeration in capitals, which Google's SDKs write out
    /// (https://ai.google.dev/api/caching#Schema); JSON Schema's are lower case.
    static func jsonSchema(_ schema: JSONValue) -> JSONValue {
        guard case .object(let object) = schema else { return schema }
        var result = JSONObject()
        for member in object.members {
            switch (member.key, member.value) {
            case ("type", .string(let type)): result[member.key] = .string(type.lowercased())
            case ("properties", .object(let properties)):
                result[member.key] = .object(JSONObject(properties.members.map { ($0.key, jsonSchema($0.value)) }))
            case ("items", let items): result[member.key] = jsonSchema(items)
            case ("anyOf", .array(let choices)): result[member.key] = .array(choices.map(jsonSchema))
            default: result[member.key] = member.value
            }
        }
        return .object(result)
    }

    private static func user(_ parts: JSONView?, _ reader: inout PromptReader) {
        var isInText = false
        parts?.forEachElement { part in
            if let result = part["functionResponse"] {
                isInText = false
                let name = result["name"]?.string ?? ""
                guard let place = reader.openCalls.firstIndex(of: name) else {
                    return reader.refuse("a function response has the name of no function call before it")
                }
                reader.openCalls.remove(at: place)
                reader.begin("tool")
                let response = result["response"]
                if response?.kind != .object { reader.refuse("function_response.response must be an object") }
                if let output = response?["output"] ?? response?["result"], output.kind == .string {
                    reader.append(output)
                } else {
                    reader.append(json: response)
                }
            } else if let text = part["text"] {
                if !isInText { reader.begin("user") }
                isInText = true
                reader.append(text)
            }
        }
    }

    private static func model(_ parts: JSONView?, _ reader: inout PromptReader) {
        reader.begin("assistant")
        parts?.forEachElement { if $0["thought"]?.bool != true { reader.append($0["text"]) } }
        parts?.forEachElement { if $0["thought"]?.bool == true { reader.append($0["text"]) } }
        parts?.forEachElement { part in
            guard let call = part["functionCall"] else { return }
            if let arguments = call["args"], arguments.kind != .object {
                reader.refuse("function_call.args must be an object")
            }
            reader.openCalls.append(call["name"]?.string ?? "")
            reader.append(call["name"])
            if let arguments = call["args"] {
                reader.append(json: arguments)
            } else {
                reader.appendEmptyObject()
            }
        }
    }
}
