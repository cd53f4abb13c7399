import Foundation
import Profiles
public import Quantities
public import Records

/// A run file made of rows that a test thinks up, at two endpoints `a` and `b` of different price.
public struct RunFixture {
    /// The attempts.
    public var attempts: [AttemptRow] = []
    /// The sessions that ended.
    public var sessions: [SessionRow] = []
    /// How the harness fared.
    public var health: [HealthRow] = []
    /// More lines of the plan.
    public var settings = ""
    /// What the providers' documents say under `request`; nothing if it is empty.
    public var request = ""
    /// Rounds of the plan.
    public var rounds = 2
    /// Sessions per endpoint and round.
    public var sessionsPerRound = 1
    /// True if the plan has a small model `s`, which costs a tenth of the other.
    public var hasSmallModel = false
    /// Why the run ended, as its file says; nil if it does not.
    public var stopReason: String?
    /// True if modelled providers stood for those of the plan.
    public var isRehearsal = false
    /// The providers whose prices are known.
    public var priced = ["a", "b"]
    /// The providers of which the price of the small model is known, if there is one.
    public var smallPriced = ["a", "b"]

    /// An empty run.
    public init() {}

    /// A call that took `timeToFirstToken` and then came in `chunks` of `gap` each; milliseconds.
    public static func call(
        _ place: CallPlace, at start: Int64 = 0, timeToFirstToken: Int64 = 100, chunks: Int = 11, gap: Int64 = 10,
        tokens: Int? = 11, outcome: OutcomeClass = .ok
    ) -> AttemptRow {
        func instant(_ milliseconds: Int64) -> Instant { Instant(nanoseconds: (start + milliseconds) * 1_000_000) }
        let end = timeToFirstToken + Int64(chunks - 1) * gap
        var row = AttemptRow(place: place, number: 0, outcome: outcome, ended: instant(end + 1))
        row.due = instant(-1)
        row.predecessorEnd = instant(-5)
        row.started = instant(-1)
        row.sent = instant(0)
        row.firstByte = instant(timeToFirstToken)
        row.closed = row.ended
        row.status = outcome == .rateLimited ? 429 : outcome == .server ? 500 : 200
        if outcome == .ok {
            row.usage = TokenUsage(
                inputTotal: 1000, inputCacheRead: 400, outputTotal: tokens.map { TokenCount($0) })
            row.events = (0..<chunks).map { index in
                ContentEvent(at: instant(timeToFirstToken + Int64(index) * gap), kind: .text, byteCount: 4)
            }
        }
        return row
    }

    /// Adds a session that ended, with its calls.
    public mutating func addSession(_ endpoint: Int, _ round: Int, _ session: Int, calls: [AttemptRow]) {
        attempts += calls
        let began = calls.first?.sent ?? Instant(nanoseconds: 0)
        sessions.append(
            SessionRow(
                endpoint: endpoint, round: round, session: session, name: "s\(session)", began: began,
                ended: calls.last?.ended ?? began, isSuccess: calls.allSatisfy { $0.outcome == .ok }))
    }

    /// The rows written to a file and read back.
    public func file() throws -> RunFile {
        let path = FileManager.default.temporaryDirectory.appending(path: "fixture-\(UUID().uuidString).sqlite").path
        defer { for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: path + end) } }
        let writer = try RunFileWriter(
            creating: path, documents: try documents(), facts: [FactRow(name: "started_at", value: "then")])
        if isRehearsal { try writer.append(.fact(FactRow(name: FactRow.rehearsal, value: "yes"))) }
        if let stopReason { try writer.append(.fact(FactRow(name: "stop_reason", value: stopReason))) }
        for row in attempts { try writer.append(.attempt(row)) }
        for row in sessions { try writer.append(.session(row)) }
        for row in health { try writer.append(.health(row)) }
        try writer.close()
        return try RunFile(path: path)
    }

    private func documents() throws -> DocumentSet {
        func provider(_ name: String) -> String {
            "submeter: provider\nversion: 1\nname: \(name)\ndelivery_path: self-hosted\ndialect: openai-chat\n"
                + "base_url: http://127.0.0.1:1\n\(request.isEmpty ? "" : "request: {\(request)}\n")models: [{name: m, id: m}, {name: s, id: s}]\n"
                + "policy: {training: {answer: \(name == "a" ? "no" : "unknown"), source: s, date: d}}"
        }
        let price = "model: m, cache_read_per_million: 0.1 USD, output_per_million: 4 USD, source: s, date: d"
        let dollars = ["a": 1, "b": 2]
        var rows = (priced.isEmpty ? ["z"] : priced).map {
            "{provider: \($0), input_per_million: \(dollars[$0] ?? 1) USD, \(price)}"
        }
        rows += (hasSmallModel ? smallPriced : []).map {
            "{provider: \($0), model: s, input_per_million: 0.\(dollars[$0] ?? 1) USD, output_per_million: 0.4 USD, "
                + "cache_read_per_million: 0.01 USD, source: t, date: d}"
        }
        let files = [
            "a.yaml": provider("a"), "b.yaml": provider("b"),
            "prices.yaml": "submeter: prices\nversion: 1\nrows: [" + rows.joined(separator: ", ") + "]",
            "w.yaml": "submeter: workload\nversion: 1\nname: w\ngenerator: coding-S",
            "no.yaml": "submeter: policy\nversion: 1\nname: no\nrequire: {training: no}",
            "p.yaml": """
            submeter: plan
            version: 1
            name: p
            model: m
            \(hasSmallModel ? "small_model: s" : "")
            providers: [a.yaml, b.yaml]
            prices: [prices.yaml]
            workload: w.yaml
            endpoints: [{provider: a}, {provider: b}]
            rounds: \(rounds)
            sessions_per_round: \(sessionsPerRound)
            \(settings)
            """,
        ]
        return try DocumentSet(planFile: "p.yaml") { files[$0].map { Array($0.utf8) } }
    }
}
