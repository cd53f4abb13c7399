import Encodings

/// Requests of the native interface of Alibaba's Model Studio, as a server reads them (protocols.md §8.2).
enum DashScopeRequestReader {
    static func take(_ head: ServedHead, _ root: JSONView, _ reader: inout PromptReader) {
        reader.request.model = root["model"]?.string ?? ""
        if reader.request.model.isEmpty { reader.refuse("Required parameter(s) missing or invalid: 'model'") }
        reader.request.isStreamed =
            head.headers["x-dashscope-sse"]?.lowercased() == "enable"
            || head.headers["accept"]?.contains("text/event-stream") ?? false
        reader.request.wantsUsage = true
        let parameters = root["parameters"]
        reader.request.isCumulative = !(parameters?["incremental_output"]?.bool ?? false)
        reader.limit(parameters?["max_tokens"])
        parameters?["tools"]?.forEachElement { entry in
            let function = entry["function"]
            reader.tool(function?["name"], function?["description"], function?["parameters"])
        }
        reader.choice(parameters?["tool_choice"], required: [])
        if !reader.request.tools.isEmpty, parameters?["result_format"]?.string != "message" {
            reader.refuse("'result_format' must be 'message' where tools are given")
        }
        ChatRequestReader.messages(root["input"]?["messages"], &reader)
    }
}
