import Encodings

/// Requests of the native interface of Text Generation Inference, as a server reads them (protocols.md §7.3).
enum GenerateRequestReader {
    static func take(_ head: ServedHead, _ root: JSONView, _ reader: inout PromptReader) {
        reader.request.isStreamed =
            head.segments.last == "generate_stream"
            || (head.segments.last != "generate" && root["stream"]?.bool ?? false)
        reader.request.wantsUsage = root["parameters"]?["details"]?.bool ?? reader.request.isStreamed
        guard let inputs = root["inputs"], inputs.kind == .string, inputs.stringByteCount ?? 0 > 0 else {
            return reader.refuse("Input validation error: `inputs` cannot be empty")
        }
        let limit = root["parameters"]?["max_new_tokens"]
        if let count = limit?.integer, count <= 0 {
            return reader.refuse("Input validation error: `max_new_tokens` must be strictly positive")
        }
        reader.limit(limit)
        if let temperature = root["parameters"]?["temperature"]?.double, temperature <= 0 {
            return reader.refuse("Input validation error: `temperature` must be strictly positive")
        }
        reader.begin("user")
        reader.append(inputs)
    }
}
