import Dialects
import Encodings
import Quantities
import Workloads

/// The command `submeter decode`.
enum DecodeCommand: Subcommand {
    static let specification = CommandSpecification(
        name: "decode", summary: "explain a recorded response stream", operands: "FILE", operandCount: 1...1,
        discussion: """
            Reads the raw body of a response, '-' for the standard input, and prints one JSON object: text, reasoning,
            tool_calls, finish_reason_raw, usage (normalised, null where absent), reported_cost_usd, provider, outcome
            (ok, truncated, error, malformed) and error. A file with an HTTP error's body decodes to that error.
            """,
        options: [
            OptionSpecification("--dialect", choices: DialectName.allCases.map(\.rawValue), "the wire format (needed)"),
            OptionSpecification("--events", "print each event first, one JSON object per line"),
            OptionSpecification("--cumulative", "each event repeats the whole text so far"),
        ],
        examples: [
            ("decode --dialect openai-chat response.sse", "what the stream says"),
            ("decode --dialect openai-chat --events - < response.sse", "with every event"),
        ])

    static func run(_ arguments: Arguments, _ console: Console) throws(CommandError) -> ExitCode {
        guard let dialect = arguments["--dialect"].flatMap({ DialectName(rawValue: $0) }) else {
            let known = DialectName.allCases.map(\.rawValue).joined(separator: ", ")
            throw .usage("submeter decode needs --dialect (one of: \(known))")
        }
        let bytes = try Files.read(arguments.operands[0])
        let showsEvents = arguments.has("--events")
        let options = DecodingOptions(
            keepsText: true, accumulation: arguments.has("--cumulative") ? .cumulative : .incremental)
        let decoder = Dialects.decoder(
            dialect, head: ResponseHead(status: 0, contentType: ""), parser: JSONParser(limits: .standard),
            options: options)
        func show(_ event: DecodedEvent) {
            if showsEvents { console.output(line(event).text() + "\n") }
        }
        decoder.consume(bytes.span, show)
        let response = decoder.finish(.complete, show)
        console.output(object(response).pretty())
        return .good
    }

    /// One event as an object.
    static func line(_ event: DecodedEvent) -> JSONValue {
        switch event {
        case .content(let kind, let size): ["event": "content", "kind": .string("\(kind)"), "bytes": .integer(size)]
        case .other: ["event": "other"]
        case .usage: ["event": "usage"]
        case .finish(let reason): ["event": "finish", "reason": .string(reason)]
        case .done: ["event": "done"]
        case .error: ["event": "error"]
        }
    }

    /// The whole response as the object that the help describes.
    static func object(_ response: DecodedResponse) -> JSONValue {
        let calls = response.toolCalls.map { call -> JSONValue in
            ["id": .string(call.identifier), "name": .string(call.name), "arguments": .string(call.arguments)]
        }
        let usage = response.usage
        return [
            "text": .string(response.text), "reasoning": .string(response.reasoning), "tool_calls": .array(calls),
            "finish_reason_raw": .optional(response.finishReasonRaw),
            "usage": [
                "input_total": .optional(usage.inputTotal?.value),
                "input_cache_read": .optional(usage.inputCacheRead?.value),
                "input_cache_write": .optional(usage.inputCacheWrite?.value),
                "output_total": .optional(usage.outputTotal?.value),
                "output_reasoning": .optional(usage.outputReasoning?.value),
            ],
            "reported_cost_usd": .optional(response.reportedCost?.dollars), "provider": .optional(response.provider),
            "outcome": .string(outcome(response.outcome)),
            "error": response.error.map { error in
                ["class": .string(error.outcome.rawValue), "message": .string(error.message)]
            } ?? .null,
        ]
    }

    /// The four ways in which a recorded body can end.
    static func outcome(_ outcome: OutcomeClass) -> String {
        switch outcome {
        case .ok, .empty: "ok"
        case .truncated, .connectionLost: "truncated"
        case .malformed: "malformed"
        default: "error"
        }
    }
}
