import Encodings
public import Quantities

/// How a response is to be read, beyond its dialect.
public struct DecodingOptions: Hashable, Sendable {
    /// Whether text and reasoning are kept, beyond their sizes.
    public var keepsText: Bool
    /// How the text of later events relates to that of earlier ones.
    public var accumulation: StreamAccumulation
    /// A tag such as `think` that encloses reasoning inside the visible text; nil for none.
    public var reasoningTag: String?

    /// Makes options.
    public init(keepsText: Bool = false, accumulation: StreamAccumulation = .incremental, reasoningTag: String? = nil) {
        self.keepsText = keepsText
        self.accumulation = accumulation
        self.reasoningTag = reasoningTag
    }
}

/// Decodes one response, whose body comes in pieces of any size.
///
/// Nothing in a decoder trusts the sender: lines, events, tool calls, text and nesting are bounded, and what goes past a
/// bound makes the response malformed. A decoder belongs to one thread.
public protocol ResponseDecoder: AnyObject {
    /// True once the stream has said that nothing more follows.
    var isTerminated: Bool { get }

    /// True once nothing that could follow would say anything more of the answer: the stream has said its end, and where usage
    /// may come after that, it has.
    ///
    /// Never true of a stream whose dialect has no mark of its end.
    var isComplete: Bool { get }

    /// Takes the next bytes of the body.
    ///
    /// - Parameters:
    ///   - bytes: any piece of the body.
    ///   - handle: called for each event in its order.
    func consume(_ bytes: Span<UInt8>, _ handle: (DecodedEvent) -> Void)

    /// Ends the body and judges the response.
    ///
    /// - Parameters:
    ///   - end: how the transport ended.
    ///   - handle: called for what only the end brings out.
    /// - Returns: the whole response.
    func finish(_ end: TransportEnd, _ handle: (DecodedEvent) -> Void) -> DecodedResponse
}

/// What a dialect's events mean.
///
/// An interpreter is told the parsed events of a stream in their order and writes down what they say.
protocol StreamInterpreter {
    /// Takes one event of a stream, or the whole body where no stream came.
    ///
    /// - Parameters:
    ///   - name: the event's name, empty where the framing gives none.
    ///   - root: the event.
    ///   - isWhole: true for a body that is no stream.
    ///   - answer: what is known of the response so far.
    ///   - handle: called for what the event brings.
    mutating func take(
        _ name: String, _ root: JSONView, isWhole: Bool, _ answer: inout AnswerAssembly,
        _ handle: (DecodedEvent) -> Void)

    /// Takes the end of the body, before it is judged.
    mutating func finish(_ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void)
}

extension StreamInterpreter {
    mutating func finish(_ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void) {}
}
