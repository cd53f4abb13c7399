import Encodings
import Quantities
import Workloads

extension ChatResponseWriter {
    /// The usage in the words of this server.
    func usageObject(_ report: ServedReport) -> JSONValue {
        let extras = habits.extras
        let completion = habits.countsReasoningApart ? report.output - report.reasoning : report.output
        var object = JSONObject([
            ("prompt_tokens", .integer(report.input)), ("completion_tokens", .integer(completion)),
            ("total_tokens", .integer(report.total)),
        ])
        var prompt = JSONObject([("cached_tokens", .integer(report.cacheRead))])
        if extras.contains(.engineDetails) {
            prompt["created_cache_tokens"] = .integer(report.cacheWrite)
            prompt["multimodal_tokens"] = .null
        } else if report.cacheWrite > 0 {
            prompt["cache_write_tokens"] = .integer(report.cacheWrite)
        }
        object["prompt_tokens_details"] = extras.contains(.noPromptDetails) ? .null : .object(prompt)
        if extras.contains(.topReasoning) { object["reasoning_tokens"] = .integer(report.reasoning) }
        if !extras.contains(.noPromptDetails) {
            object["completion_tokens_details"] = ["reasoning_tokens": .integer(report.reasoning)]
        }
        if extras.contains(.hitAndMiss) {
            object["prompt_cache_hit_tokens"] = .integer(report.cacheRead)
            object["prompt_cache_miss_tokens"] = .integer(report.input - report.cacheRead)
        }
        if extras.contains(.topCached) { object["cached_tokens"] = .integer(report.cacheRead) }
        if extras.contains(.trafficType) {
            object["extra_properties"] = ["google": ["traffic_type": "ON_DEMAND"]]
        }
        if let cost = report.cost { object["cost"] = .number(cost.dollars) }
        if extras.contains(.nativeFinish) {
            object["is_byok"] = false
            object["cost_details"] = ["upstream_inference_cost": nil]
        }
        return .object(object)
    }

    /// What only the last event of a stream has, or a body that is no stream.
    func addLastMembers(_ report: ServedReport, _ data: inout [UInt8]) {
        let extras = habits.extras
        let prefill = report.firstToken.milliseconds
        let decode = max(0, (report.elapsed - report.firstToken).milliseconds)
        if extras.contains(.performance), context.request.wantsMetrics {
            data.add(
                member: "perf_metrics",
                [
                    "prompt-tokens": .string(String(report.input)),
                    "cached-prompt-tokens": .string(String(report.cacheRead)),
                    "server-time-to-first-token": .string("\(prefill / 1000)"),
                    "server-processing-time": .string("\((prefill + decode) / 1000)"),
                ])
        }
        if extras.contains(.timings) {
            let fresh = report.input - report.cacheRead
            data.add(
                member: "timings",
                [
                    "cache_n": .integer(report.cacheRead), "prompt_n": .integer(fresh), "prompt_ms": .number(prefill),
                    "prompt_per_token_ms": .number(prefill / Double(max(1, fresh))),
                    "prompt_per_second": .number(Double(fresh) * 1000 / max(0.001, prefill)),
                    "predicted_n": .integer(report.output), "predicted_ms": .number(decode),
                    "predicted_per_token_ms": .number(decode / Double(max(1, report.output))),
                    "predicted_per_second": .number(Double(report.output) * 1000 / max(0.001, decode)),
                ])
        }
        if extras.contains(.serviceMetrics) {
            data.add(member: "sla_metrics", ["ttft_ms": .integer(Int(prefill)), "ts_us": 1_760_000_000_000_000])
        }
        if extras.contains(.routerMetadata) {
            data.add(
                member: "openrouter_metadata",
                [
                    "requested": .string(context.request.model), "strategy": "direct", "attempt": 1,
                    "attempts": [
                        ["model": .string(context.model), "provider": .optional(context.provider), "status": 200]
                    ], "is_byok": false,
                ])
        }
    }

    func whole(_ answer: ServedAnswer, _ finish: ServedFinish, _ report: ServedReport, tellsUsage: Bool) -> [UInt8] {
        var message = JSONObject([("role", "assistant")])
        var text = answer.text
        if !answer.reasoning.isEmpty {
            switch habits.reasoning {
            case .hidden: break
            case .short, .details: message["reasoning"] = .string(answer.reasoning)
            case .long: message["reasoning_content"] = .string(answer.reasoning)
            case .both:
                message["reasoning"] = .string(answer.reasoning)
                message["reasoning_content"] = .string(answer.reasoning)
            case .thinkTag where context.request.splitsReasoning:
                message["reasoning_content"] = .string(answer.reasoning)
            case .thinkTag: text = "<think>\(answer.reasoning)</think>\(text)"
            case .reasoningTag: text = "<reasoning>\(answer.reasoning)</reasoning>\(text)"
            }
        }
        message["content"] = text.isEmpty && !answer.calls.isEmpty ? .null : .string(text)
        if !answer.calls.isEmpty {
            message["tool_calls"] = .array(
                answer.calls.map { call in
                    [
                        "id": .string(call.identifier), "type": "function",
                        "function": ["name": .string(call.name), "arguments": .string(call.arguments)],
                    ]
                })
        }
        var object = JSONObject([
            ("id", .string(habits.prefix + context.identifier)), ("object", "chat.completion"),
            ("created", 1_760_000_000), ("model", .string(context.model)),
        ])
        if let provider = context.provider { object["provider"] = .string(provider) }
        if habits.extras.contains(.fingerprint) { object["system_fingerprint"] = "fp_rehearsal" }
        let word = finish == .stop ? habits.stopWord : finish.rawValue
        object["choices"] = [["index": 0, "message": .object(message), "finish_reason": .string(word)]]
        if tellsUsage { object["usage"] = usageObject(report) }
        if habits.extras.contains(.baseResponse) { object["base_resp"] = ["status_code": 0, "status_msg": ""] }
        var bytes = Array(JSONValue.object(object).serialized().dropLast())
        addLastMembers(report, &bytes)
        bytes.append(0x7D)
        return bytes
    }
}
