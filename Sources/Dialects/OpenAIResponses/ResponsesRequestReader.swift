import Encodings
import Workloads

/// Requests of OpenAI's Responses, as a server reads them (protocols.md §1.2).
enum ResponsesRequestReader {
    static func take(_ root: JSONView, _ reader: inout PromptReader) {
        reader.request.model = root["model"]?.string ?? ""
        if reader.request.model.isEmpty { reader.refuse("Missing required parameter: 'model'.") }
        reader.request.isStreamed = root["stream"]?.bool ?? false
        reader.request.wantsUsage = true
        reader.limit(root["max_output_tokens"])
        root["tools"]?.forEachElement { tool in
            guard tool["type"]?.string == "function" else {
                return reader.refuse("only tools of type 'function' are known")
            }
            reader.tool(tool["name"], tool["description"], tool["parameters"])
        }
        reader.choice(root["tool_choice"], required: ["required"])
        if let instructions = root["instructions"], !instructions.isNull {
            reader.begin("system")
            reader.append(instructions)
        }
        guard let input = root["input"] else { return reader.refuse("Missing required parameter: 'input'.") }
        if input.kind == .string {
            reader.begin("user")
            return reader.append(input)
        }
        var isEmpty = true
        var wasModel = false
        input.forEachElement { item in
            isEmpty = false
            take(item: item, &wasModel, &reader)
        }
        if isEmpty { reader.refuse("'input' must be a text or a list that is not empty") }
        if let call = reader.openCalls.first { reader.refuse("No tool output found for function call \(call).") }
    }

    /// The parts of one turn of the model are items of their own and count as one message.
    private static func take(item: JSONView, _ wasModel: inout Bool, _ reader: inout PromptReader) {
        let type = item["type"]?.string ?? "message"
        var isModel = false
        switch type {
        case "message":
            let role = item["role"]?.string ?? ""
            guard ["user", "assistant", "system", "developer"].contains(role) else {
                return reader.refuse("Invalid value for the role of an input message.")
            }
            isModel = role == "assistant"
            if !isModel || !wasModel { reader.begin(role) }
            reader.append(item["content"])
        case "function_call":
            isModel = true
            if !wasModel { reader.begin("assistant") }
            reader.openCalls.append(item["call_id"]?.string ?? "")
            reader.append(item["name"])
            reader.append(item["arguments"])
        case "function_call_output":
            let identifier = item["call_id"]?.string ?? ""
            guard let place = reader.openCalls.firstIndex(of: identifier) else {
                return reader.refuse("No tool call found for function call output with call_id \(identifier).")
            }
            reader.openCalls.remove(at: place)
            reader.begin("tool")
            reader.append(item["output"])
        case "reasoning":
            isModel = true
            if !wasModel { reader.begin("assistant") }
            reader.append(item["summary"])
        default: reader.refuse("Invalid value '\(type)' for the type of an input item.")
        }
        wasModel = isModel
    }
}
