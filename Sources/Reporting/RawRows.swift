public import Encodings
import Analysis
import Pricing
import Profiles
import Quantities
public import Records

/// The rows of a run file as they are, for other programs.
///
/// Times are nanoseconds of the run's monotonic clock.
public enum RawRows {
    /// What can be exported.
    public enum Table: String, CaseIterable, Sendable {
        /// One row per attempt.
        case attempts
        /// One row per content event.
        case events
        /// One row per session.
        case sessions
        /// One row per round.
        case rounds
        /// One row per record of the harness's own health.
        case health
    }

    /// One object per row.
    public static func json(_ file: RunFile, _ table: Table, _ take: (JSONValue) -> Void) {
        forEachRow(file, table) { take(.object(JSONObject($0))) }
    }

    /// One line per row after a heading, each ended by CR LF.
    public static func csv(_ file: RunFile, _ table: Table, _ take: (String) -> Void) {
        var hasHeading = false
        forEachRow(file, table) { row in
            if !hasHeading {
                take(CSV.row(row.map { .text($0.0) }))
                hasHeading = true
            }
            take(CSV.row(row.map { field($0.1) }))
        }
    }

    private static func field(_ value: JSONValue) -> CSV.Field {
        switch value {
        case .null: .empty
        case .string(let text): .text(text)
        default: .number(value.text())
        }
    }

    /// Rows of a rehearsal say so, each of them: they may be joined with others.
    private static func forEachRow(_ file: RunFile, _ table: Table, _ take: ([(String, JSONValue)]) -> Void) {
        let mark: [(String, JSONValue)] = file.isRehearsal ? [("rehearsal", true)] : []
        forEachPlainRow(file, table) { take($0 + mark) }
    }

    private static func forEachPlainRow(_ file: RunFile, _ table: Table, _ take: ([(String, JSONValue)]) -> Void) {
        let names = file.documents.plan.endpoints.map(\.identifier.rawValue)
        func name(_ index: Int) -> JSONValue { names.indices.contains(index) ? .string(names[index]) : .null }
        switch table {
        case .attempts:
            let prices = PriceBook.prices(of: file.documents)
            let inFlight = CallsInFlight.counts(file.attempts)
            for row in file.attempts {
                let own = prices.indices.contains(row.place.endpoint) ? prices[row.place.endpoint] : nil
                take(
                    place(row, name) + times(row) + connection(row) + result(row) + money(row, own)
                        + context(row, inFlight[CallsInFlight.Key(row)])
                        + [("model", .string(row.model ?? file.documents.plan.model))])
            }
        case .events:
            for row in file.attempts {
                for (index, event) in row.events.enumerated() {
                    take(
                        place(row, name) + [
                            ("event", .integer(index)), ("at_ns", .integer(Int(event.at.nanoseconds))),
                            ("kind", .string(event.kind.name)), ("bytes", .integer(event.byteCount)),
                        ])
                }
            }
        case .sessions:
            for row in file.sessions {
                take([
                    ("endpoint", name(row.endpoint)), ("round", .integer(row.round)),
                    ("session", .integer(row.session)),
                    ("name", .string(row.name)), ("began_ns", time(row.began)), ("ended_ns", time(row.ended)),
                    ("is_success", .bool(row.isSuccess)), ("part", .integer(row.part)),
                ])
            }
        case .rounds:
            for row in file.rounds {
                take([("round", .integer(row.round)), ("began_ns", time(row.began)), ("ended_ns", time(row.ended))])
            }
        case .health:
            for row in file.health {
                take([
                    ("at_ns", time(row.at)), ("length_ns", time(row.length)), ("busy_ns", time(row.busy)),
                    ("longest_turn_ns", time(row.longestTurn)), ("greatest_lateness_ns", time(row.greatestLateness)),
                    ("live_transfers", .integer(row.liveTransfers)),
                ])
            }
        }
    }

    private static func time(_ instant: Instant?) -> JSONValue { .optional(instant.map { Int($0.nanoseconds) }) }
    private static func time(_ duration: Duration?) -> JSONValue { .optional(duration.map { Int($0.nanoseconds) }) }
    private static func tokens(_ count: TokenCount?) -> JSONValue { .optional(count?.value) }

    private static func place(_ row: AttemptRow, _ name: (Int) -> JSONValue) -> [(String, JSONValue)] {
        [
            ("endpoint", name(row.place.endpoint)), ("round", .integer(row.place.round)),
            ("session", .integer(row.place.session)), ("call", .integer(row.place.call)),
            ("attempt", .integer(row.number)), ("part", .integer(row.part)),
        ]
    }

    private static func times(_ row: AttemptRow) -> [(String, JSONValue)] {
        [
            ("outcome", .string(row.outcome.rawValue)), ("skip_reason", .optional(row.skipReason)),
            ("due_ns", time(row.due)), ("predecessor_end_ns", time(row.predecessorEnd)),
            ("budget_hold_ns", time(row.budgetHold)),
            ("started_ns", time(row.started)), ("sent_ns", time(row.sent)), ("head_ns", time(row.head)),
            ("first_byte_ns", time(row.firstByte)), ("first_content_ns", time(row.events.first?.at)),
            ("last_content_ns", time(row.events.last?.at)), ("ended_ns", time(row.ended)),
            ("closed_ns", time(row.closed)), ("content_events", .integer(row.events.count)),
        ]
    }

    private static func connection(_ row: AttemptRow) -> [(String, JSONValue)] {
        [
            ("status", .optional(row.status)), ("http_version", .optional(row.httpVersion)),
            ("is_reused", row.isReused.map { .bool($0) } ?? .null), ("resolve_ns", time(row.resolve)),
            ("connect_ns", time(row.connect)), ("tls_ns", time(row.tls)), ("sent_bytes", .integer(row.sentByteCount)),
            ("received_bytes", .integer(row.receivedByteCount)), ("retry_after_ns", time(row.retryAfter)),
        ]
    }

    private static func result(_ row: AttemptRow) -> [(String, JSONValue)] {
        [
            ("planned_input_tokens", tokens(row.plannedInput)), ("planned_cached_tokens", tokens(row.plannedCached)),
            ("planned_output_tokens", tokens(row.plannedOutput)), ("input_total", tokens(row.usage.inputTotal)),
            ("input_cache_read", tokens(row.usage.inputCacheRead)),
            ("input_cache_write", tokens(row.usage.inputCacheWrite)), ("output_total", tokens(row.usage.outputTotal)),
            ("output_reasoning", tokens(row.usage.outputReasoning)),
            ("usage_is_ambiguous", .bool(row.usage.isAmbiguous)),
            ("usage_as_reported", .optional(row.usageText)), ("list_cost_usd", .optional(row.listCost?.dollars)),
            ("reported_cost_usd", .optional(row.reportedCost?.dollars)), ("served_by", .optional(row.servedBy)),
            ("served_model", .optional(row.servedModel)), ("served_region", .optional(row.servedRegion)),
            ("fingerprint", .optional(row.fingerprint)), ("route_mismatch", .optional(row.routeMismatch)),
            ("quotas", .optional(row.quotas)), ("finish_reason_raw", .optional(row.finishReason)),
            ("response_id", .optional(row.responseIdentifier)), ("error", .optional(row.errorText)),
            ("text_bytes", .integer(row.textByteCount)), ("tool_calls", .integer(row.toolCallCount)),
            ("tool_level", .optional(row.toolLevel?.rawValue)), ("divergence", .optional(row.divergence?.rawValue)),
            ("substituted_tool_calls", .integer(row.substitutedCallCount)),
        ]
    }
}

extension RawRows {
    /// Where the call stands in its session, and under which load it was sent.
    private static func context(_ row: AttemptRow, _ inFlight: Int?) -> [(String, JSONValue)] {
        [
            ("agent", .optional(row.context?.agent)), ("previous_call", .optional(row.context?.previousCall)),
            ("is_final", row.context.map { .bool($0.isFinal) } ?? .null), ("calls_in_flight", .optional(inFlight)),
            ("wanted_output_tokens", tokens(row.wantedOutput?.tokens)),
            ("output_is_forced", row.wantedOutput.map { .bool($0.isForced) } ?? .null),
        ]
    }

    /// What the report counts for the attempt and what that rests on; null where it counts nothing at all.
    private static func money(_ row: AttemptRow, _ prices: ModelPrices?) -> [(String, JSONValue)] {
        let cost = CountedCost(row, at: prices)
        return [
            ("counted_cost_usd", .optional(cost?.amount.dollars)), ("cost_basis", .optional(cost?.basis.rawValue)),
        ]
    }
}

extension ContentKind {
    /// The name in exports.
    fileprivate var name: String {
        switch self {
        case .text: "text"
        case .reasoning: "reasoning"
        case .toolName: "tool_name"
        case .toolArguments: "tool_arguments"
        }
    }
}
