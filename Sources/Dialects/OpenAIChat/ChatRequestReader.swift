import Encodings
import Quantities
import Workloads

/// Requests of OpenAI's Chat Completions, as a server reads them.
enum ChatRequestReader {
    private static let roles: Set<String> = ["system", "developer", "user", "assistant", "tool"]

    static func take(_ head: ServedHead, _ root: JSONView, _ reader: inout PromptReader) {
        reader.request.model = root["model"]?.string ?? deployment(head) ?? ""
        if reader.request.model.isEmpty { reader.refuse("you must provide a model parameter") }
        options(root, &reader)
        messages(root["messages"], &reader)
    }

    /// Azure names the deployment in the path.
    private static func deployment(_ head: ServedHead) -> String? {
        let segments = head.segments
        guard let place = segments.firstIndex(of: "deployments"), place + 1 < segments.count else { return nil }
        return segments[place + 1]
    }

    /// What a body asks for beside its messages.
    static func options(_ root: JSONView, _ reader: inout PromptReader) {
        reader.request.isStreamed = root["stream"]?.bool ?? false
        let stream = root["stream_options"]
        if stream != nil, !reader.request.isStreamed {
            reader.refuse("The 'stream_options' parameter is only allowed when 'stream' is enabled.")
        }
        reader.request.wantsUsage = stream?["include_usage"]?.bool ?? false
        reader.request.wantsContinuousUsage = stream?["continuous_usage_stats"]?.bool ?? false
        reader.request.splitsReasoning = root["reasoning_split"]?.bool ?? false
        reader.request.wantsMetrics = root["perf_metrics_in_response"]?.bool ?? false
        reader.limit(root["max_completion_tokens"] ?? root["max_tokens"])
        reader.minimum(root["min_tokens"], ignoresEnd: root["ignore_eos"])
        root["tools"]?.forEachElement { entry in
            let function = entry["function"]
            reader.tool(function?["name"], function?["description"], function?["parameters"])
        }
        reader.choice(root["tool_choice"], required: ["required"])
    }

    /// The messages, which Alibaba's native form shares.
    static func messages(_ messages: JSONView?, _ reader: inout PromptReader) {
        let before = reader.request.messageCount
        messages?.forEachElement { message($0, &reader) }
        if reader.request.messageCount == before { reader.refuse("'messages' must be a list that is not empty") }
        closeCalls(&reader)
    }

    private static func message(_ message: JSONView, _ reader: inout PromptReader) {
        let role = message["role"]?.string ?? ""
        guard roles.contains(role) else { return reader.refuse("invalid role in 'messages'") }
        if role == "tool" {
            let identifier = message["tool_call_id"]?.string ?? ""
            guard let place = reader.openCalls.firstIndex(of: identifier) else {
                return reader.refuse(
                    "messages with role 'tool' must be a response to a preceding message with 'tool_calls'")
            }
            reader.openCalls.remove(at: place)
        } else {
            closeCalls(&reader)
        }
        reader.begin(role)
        reader.append(message["content"])
        reader.append(message["reasoning_content"] ?? message["reasoning"])
        message["tool_calls"]?.forEachElement { call in
            reader.openCalls.append(call["id"]?.string ?? "")
            reader.append(call["function"]?["name"])
            reader.append(call["function"]?["arguments"])
        }
        if message["content"].map(\.isNull) ?? true, reader.openCalls.isEmpty {
            reader.refuse("a message needs content or tool calls")
        }
        message["content"]?.forEachElement { if $0["cache_control"] != nil { reader.mark() } }
    }

    private static func closeCalls(_ reader: inout PromptReader) {
        guard !reader.openCalls.isEmpty else { return }
        reader.refuse(
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
                + "'tool_call_id'. The following tool_call_ids did not have response messages: "
                + reader.openCalls.joined(separator: ", "))
    }
}
