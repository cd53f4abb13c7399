import Profiles
public import Quantities

/// A row of a run file: its table, and its values in the order of the table's columns.
protocol RunRow {
    static var table: String { get }
    static var columns: [String] { get }
    /// The statement that writes a row.
    static var insertion: String { get }
    var values: [SQLValue] { get }
    init(_ values: [SQLValue])
}

extension RunRow {
    static func makeInsertion() -> String {
        let names = columns.map { "\"\($0)\"" }.joined(separator: ", ")
        let marks = Array(repeating: "?", count: columns.count).joined(separator: ", ")
        return "INSERT OR REPLACE INTO \"\(table)\" (\(names)) VALUES (\(marks))"
    }
}

/// One call's place in a run.
public struct CallPlace: Hashable, Comparable, Sendable {
    /// The endpoint's place in the plan.
    public var endpoint: Int
    /// The round.
    public var round: Int
    /// The session's place in the round.
    public var session: Int
    /// The call's place in the session.
    public var call: Int

    /// Makes a place.
    public init(endpoint: Int, round: Int, session: Int, call: Int) {
        self.endpoint = endpoint
        self.round = round
        self.session = session
        self.call = call
    }

    /// Orders by round, endpoint, session and call.
    public static func < (left: CallPlace, right: CallPlace) -> Bool {
        (left.round, left.endpoint, left.session, left.call) < (right.round, right.endpoint, right.session, right.call)
    }

    static let columns = ["endpoint", "round", "session", "call"]
    var values: [SQLValue] { [SQLValue(endpoint), SQLValue(round), SQLValue(session), SQLValue(call)] }
    init(_ values: ArraySlice<SQLValue>) {
        let numbers = values.map { Int($0.integer ?? 0) }
        self.init(endpoint: numbers[0], round: numbers[1], session: numbers[2], call: numbers[3])
    }
}

/// A fact of the run as a whole: name and value.
public struct FactRow: Hashable, Sendable, RunRow {
    /// The name.
    public var name: String
    /// The value.
    public var value: String

    /// The name of the fact that says why the run ended; a run that goes on, or was killed, has none.
    public static let stopReason = "stop_reason"
    /// The name of the fact that modelled providers stood for the plan's own.
    public static let rehearsal = "rehearsal"

    /// Makes a fact.
    public init(name: String, value: String) {
        self.name = name
        self.value = value
    }

    static let table = "run"
    static let columns = ["name", "value"]
    static let insertion = makeInsertion()
    var values: [SQLValue] { [.text(name), .text(value)] }
    init(_ values: [SQLValue]) { self.init(name: values[0].text ?? "", value: values[1].text ?? "") }
}

/// A document that the plan was made from, byte by byte.
public struct DocumentRow: Hashable, Sendable, RunRow {
    /// Its place among the documents; the plan comes first.
    public var position: Int
    /// Its name.
    public var name: String
    /// Its content.
    public var bytes: [UInt8]

    /// Makes a row.
    public init(position: Int, name: String, bytes: [UInt8]) {
        self.position = position
        self.name = name
        self.bytes = bytes
    }

    static let table = "document"
    static let columns = ["position", "name", "bytes"]
    static let insertion = makeInsertion()
    var values: [SQLValue] { [SQLValue(position), .text(name), .blob(bytes)] }
    init(_ values: [SQLValue]) {
        self.init(position: Int(values[0].integer ?? 0), name: values[1].text ?? "", bytes: values[2].blob ?? [])
    }
}

/// One endpoint of the plan, for readers that do not read documents; Submeter itself reads the documents.
struct EndpointRow: Hashable, Sendable, RunRow {
    var values: [SQLValue]

    static let table = "endpoint"
    static let columns = [
        "endpoint", "name", "provider", "delivery_path", "dialect", "model", "model_id", "base_url", "region",
        "small_model", "small_model_id",
    ]
    static let insertion = makeInsertion()

    init(_ values: [SQLValue]) { self.values = values }

    /// The endpoints of a set of documents, in the order of the plan.
    static func rows(_ documents: DocumentSet) -> [EndpointRow] {
        documents.plan.endpoints.enumerated().map { index, endpoint in
            let provider = documents.providers.first { $0.identifier == endpoint.provider }
            let small = documents.plan.secondModel
            return EndpointRow([
                SQLValue(index), .text(endpoint.identifier.rawValue), .text(endpoint.provider.rawValue),
                SQLValue(provider?.deliveryPath.rawValue), SQLValue(provider?.dialect.rawValue),
                .text(documents.plan.model), SQLValue(provider?.offer(documents.plan.model)?.identifier),
                SQLValue(endpoint.baseURL ?? provider?.baseURL), SQLValue(endpoint.region ?? provider?.region),
                SQLValue(small), SQLValue(small.flatMap { provider?.offer($0)?.identifier }),
            ])
        }
    }
}

/// One session that has ended.
public struct SessionRow: Hashable, Sendable, RunRow {
    /// The endpoint's place in the plan.
    public var endpoint: Int
    /// The round.
    public var round: Int
    /// The session's place in the round.
    public var session: Int
    /// The session's name in the library.
    public var name: String
    /// When it became live.
    public var began: Instant
    /// When its last call ended.
    public var ended: Instant
    /// True if all its calls succeeded.
    public var isSuccess: Bool
    /// Which process of the run ended it, from zero.
    public var part = 0

    /// Makes a row.
    public init(
        endpoint: Int, round: Int, session: Int, name: String, began: Instant, ended: Instant, isSuccess: Bool
    ) {
        self.endpoint = endpoint
        self.round = round
        self.session = session
        self.name = name
        self.began = began
        self.ended = ended
        self.isSuccess = isSuccess
    }

    static let table = "session"
    static let columns = ["endpoint", "round", "session", "name", "began_ns", "ended_ns", "is_success", "part"]
    static let insertion = makeInsertion()
    var values: [SQLValue] {
        [
            SQLValue(endpoint), SQLValue(round), SQLValue(session), .text(name), .integer(began.nanoseconds),
            .integer(ended.nanoseconds), SQLValue(isSuccess), SQLValue(part),
        ]
    }
    init(_ values: [SQLValue]) {
        let numbers = values.map { $0.integer ?? 0 }
        self.init(
            endpoint: Int(numbers[0]), round: Int(numbers[1]), session: Int(numbers[2]), name: values[3].text ?? "",
            began: Instant(nanoseconds: numbers[4]), ended: Instant(nanoseconds: numbers[5]), isSuccess: numbers[6] == 1
        )
        part = Int(numbers[7])
    }
}

/// One round that has begun.
public struct RoundRow: Hashable, Sendable, RunRow {
    /// The round.
    public var round: Int
    /// When it began.
    public var began: Instant
    /// When it ended; nil if it has not.
    public var ended: Instant?

    /// Makes a row.
    public init(round: Int, began: Instant, ended: Instant?) {
        self.round = round
        self.began = began
        self.ended = ended
    }

    static let table = "round"
    static let columns = ["round", "began_ns", "ended_ns"]
    static let insertion = makeInsertion()
    var values: [SQLValue] { [SQLValue(round), .integer(began.nanoseconds), SQLValue(ended?.nanoseconds)] }
    init(_ values: [SQLValue]) {
        self.init(
            round: Int(values[0].integer ?? 0), began: Instant(nanoseconds: values[1].integer ?? 0),
            ended: values[2].integer.map { Instant(nanoseconds: $0) })
    }
}

/// How the harness itself fared for a while.
public struct HealthRow: Hashable, Sendable, RunRow {
    /// The end of the while.
    public var at: Instant
    /// How long it was.
    public var length: Duration
    /// The processor time of the loop's thread in it.
    public var busy: Duration
    /// The longest time in which no socket was looked at.
    public var longestTurn: Duration
    /// The most by which a wait ended late.
    public var greatestLateness: Duration
    /// Exchanges under way at its end.
    public var liveTransfers: Int

    /// Makes a row.
    public init(
        at: Instant, length: Duration, busy: Duration, longestTurn: Duration, greatestLateness: Duration,
        liveTransfers: Int
    ) {
        self.at = at
        self.length = length
        self.busy = busy
        self.longestTurn = longestTurn
        self.greatestLateness = greatestLateness
        self.liveTransfers = liveTransfers
    }

    static let table = "health"
    static let columns = ["at_ns", "length_ns", "busy_ns", "longest_turn_ns", "greatest_lateness_ns", "live_transfers"]
    static let insertion = makeInsertion()
    var values: [SQLValue] {
        [
            .integer(at.nanoseconds), .integer(length.nanoseconds), .integer(busy.nanoseconds),
            .integer(longestTurn.nanoseconds), .integer(greatestLateness.nanoseconds), SQLValue(liveTransfers),
        ]
    }
    init(_ values: [SQLValue]) {
        let numbers = values.map { $0.integer ?? 0 }
        self.init(
            at: Instant(nanoseconds: numbers[0]), length: .nanoseconds(numbers[1]), busy: .nanoseconds(numbers[2]),
            longestTurn: .nanoseconds(numbers[3]), greatestLateness: .nanoseconds(numbers[4]),
            liveTransfers: Int(numbers[5]))
    }
}

/// Something that happened in a run and has no table of its own.
public struct NoteRow: Hashable, Sendable, RunRow {
    /// When.
    public var at: Instant
    /// What.
    public var text: String

    /// Makes a note.
    public init(at: Instant, text: String) {
        self.at = at
        self.text = text
    }

    static let table = "note"
    static let columns = ["at_ns", "text"]
    static let insertion = makeInsertion()
    var values: [SQLValue] { [.integer(at.nanoseconds), .text(text)] }
    init(_ values: [SQLValue]) {
        self.init(at: Instant(nanoseconds: values[0].integer ?? 0), text: values[1].text ?? "")
    }
}
