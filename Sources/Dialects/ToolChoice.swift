import Encodings
import Workloads

/// Whether a tool is to be called, in the words of each dialect; `auto` where the call asks for nothing.
extension CallOptions {
    private var choice: Call.RequestControl.ToolChoice { toolChoice ?? .auto }

    /// `tool_choice` of OpenAI's chat (protocols.md §1.1), and of its Responses, where a name stands outside.
    func openAIToolChoice(namesFunctionFlat: Bool) -> JSONValue {
        switch choice {
        case .auto: "auto"
        case .required: "required"
        case .forbidden: "none"
        case .named(let name):
            namesFunctionFlat
                ? ["type": "function", "name": .string(name)]
                : ["type": "function", "function": ["name": .string(name)]]
        }
    }

    /// `tool_choice` of Anthropic's Messages (protocols.md §8); that only one tool is wanted at a time stands in it, too.
    var anthropicToolChoice: JSONValue {
        var object: JSONObject
        switch choice {
        case .auto: object = JSONObject([("type", "auto")])
        case .required: object = JSONObject([("type", "any")])
        case .forbidden: return ["type": "none"]
        case .named(let name): object = JSONObject([("type", "tool"), ("name", .string(name))])
        }
        if let allowsParallelTools { object["disable_parallel_tool_use"] = .bool(!allowsParallelTools) }
        return .object(object)
    }

    /// `functionCallingConfig` of Gemini.
    var geminiFunctionCalling: JSONValue {
        switch choice {
        case .auto: ["mode": "AUTO"]
        case .required: ["mode": "ANY"]
        case .forbidden: ["mode": "NONE"]
        case .named(let name): ["mode": "ANY", "allowedFunctionNames": [.string(name)]]
        }
    }
}
