import Dialects
import Encodings
import Profiles
import Quantities
import Statistics
import Workloads

/// How a persona shapes its answers.
struct AnswerForm: Sendable {
    var tokensPerEvent: Int
    var reasoningShare = 0.0
    /// The mean length as a share of the request's limit.
    var outputShare = 0.5
    /// How many tokens have to be written, though the model would end before.
    var leastTokens = 0
    var fault: Scenario?
    var manners: Set<Scenario> = []
    /// True if the arguments of parallel tool calls may come by turns.
    var interleaves = true
    /// True if the arguments of a tool call come in one piece.
    var sendsWholeArguments = false
    /// False where the dialect has no tools.
    var knowsTools = true
    var identifier = ToolIdentifier.chat(.call)

    /// The limit of a request that sets none.
    static let usualLimit = TokenCount(512)
}

/// How a system names tool calls.
enum ToolIdentifier: Sendable {
    case chat(ChatHabits.Identifier)
    /// With a prefix, such as `toolu_`.
    case prefix(String)

    func text(_ digits: UInt64, index: Int, tool: String) -> String {
        let digits = Transcript.hexadecimal(digits)
        return switch self {
        case .prefix(let prefix): prefix + digits
        case .chat(.call): "call_" + digits
        case .chat(.function): "functions.\(tool):\(index)"
        case .chat(.chatTool): "chatcmpl-tool-" + digits
        case .chat(.numbered): "call_0\(index)_" + digits
        case .chat(.positional): "call_\(index)"
        case .chat(.bare): "\(index)"
        }
    }
}

/// What the engine will answer: pieces in the order of sending, and the tokens of each.
struct Answer: Sendable {
    struct Piece: Sendable {
        let content: ServedPiece
        let tokens: Int

        var isReasoning: Bool { if case .reasoning = content { true } else { false } }
    }

    var pieces: [Piece] = []
    var finish = ServedFinish.stop
    let tokenizer: ApproximateTokenizer
    let form: AnswerForm

    var outputTokens: TokenCount { TokenCount(pieces.reduce(0) { $0 + $1.tokens }) }

    /// Draws an answer; the same request and seed give the same one, whatever the provider.
    ///
    /// Most requests with tools are answered with a tool call whose arguments fit the tool's schema. The length is about
    /// half of the limit, unless the form has it otherwise, so that answers end by themselves. None is longer than the limit.
    init(to request: ServedRequest, form: AnswerForm, tokenizer: ApproximateTokenizer, seed: Seed) {
        self.form = form
        self.tokenizer = tokenizer
        var generator = SeededGenerator(seed: seed.derived("answer/\(request.prompt.count)", request.messageCount))
        var synthesizer = TextSynthesizer(seed: seed.derived("text/\(request.prompt.count)", request.messageCount))
        let limit = (request.outputLimit ?? AnswerForm.usualLimit).value
        let wanted = max(4, Int(Double(limit) * form.outputShare * (0.7 + 0.6 * generator.uniform())))
        if form.fault == .allReasoning {
            add(synthesizer.prose(centitokens: tokenizer.centitokens(TokenCount(limit)))) { .reasoning($0) }
            finish = .length
        } else {
            draw(request, wanted, &generator, &synthesizer)
        }
        stretch(to: form.leastTokens, limit: limit, &synthesizer)
        cut(to: limit)
    }

    /// Draws an answer as the model would give it if it had all the room it wants.
    private mutating func draw(
        _ request: ServedRequest, _ wanted: Int, _ generator: inout SeededGenerator,
        _ synthesizer: inout TextSynthesizer
    ) {
        let canCall = !request.tools.isEmpty && form.knowsTools && request.toolChoice != .none
        let mustCall =
            request.toolChoice != .automatic || form.manners.contains(.toolCall)
            || form.manners.contains(.parallelToolCalls)
        // The draw is made in any case, so that a choice changes nothing else.
        let isDrawn = canCall && generator.uniform() < 0.9
        let hasTool = canCall && !form.manners.contains(.textOnly) && (isDrawn || mustCall)
        let share = form.manners.contains(.reasoning) ? max(0.4, form.reasoningShare) : form.reasoningShare
        let thought = Int(Double(wanted) * share)
        if thought > 0 {
            add(synthesizer.prose(centitokens: tokenizer.centitokens(TokenCount(thought)))) { .reasoning($0) }
        }
        let rest = max(1, wanted - thought)
        let textTokens = hasTool ? rest / 3 : rest
        addText(synthesizer.prose(centitokens: tokenizer.centitokens(TokenCount(textTokens))))
        guard hasTool else { return }
        finish = .toolCalls
        let count = form.manners.contains(.parallelToolCalls) ? 2 : 1
        var calls: [ToolCall] = []
        for index in 0..<count {
            var tool = generator.choice(request.tools)
            if case .named(let name) = request.toolChoice { tool = request.tools.first { $0.name == name } ?? tool }
            let size = tokenizer.centitokens(TokenCount(max(1, (rest - textTokens) / count)))
            var arguments = synthesizer.arguments(for: tool, centitokens: size)
            if form.fault == .degradedAnswer { arguments = #"{"?":null}"# }
            let identifier = form.identifier.text(generator.next(), index: index, tool: tool.name)
            calls.append(ToolCall(identifier: identifier, name: tool.name, arguments: arguments))
        }
        add(calls)
    }

    private mutating func add(_ calls: [ToolCall]) {
        var open: [(index: Int, pieces: [Part])] = []
        for (index, call) in calls.enumerated() {
            let opening = ServedPiece.toolCall(index, identifier: call.identifier, name: call.name)
            pieces.append(Piece(content: opening, tokens: tokens(in: call.name)))
            let parts =
                form.sendsWholeArguments
                ? [Part(text: call.arguments, tokens: tokens(in: call.arguments))] : cut(call.arguments)
            open.append((index, parts))
            if !form.interleaves { flush(&open) }
        }
        flush(&open)
    }

    /// Arguments of the open calls, a piece of each by turns.
    private mutating func flush(_ open: inout [(index: Int, pieces: [Part])]) {
        while let turn = open.first {
            open.removeFirst()
            guard let piece = turn.pieces.first else { continue }
            pieces.append(Piece(content: .arguments(turn.index, piece.text), tokens: piece.tokens))
            open.append((turn.index, Array(turn.pieces.dropFirst())))
        }
    }

    private mutating func addText(_ text: String) {
        var text = text
        if form.fault == .degradedAnswer { text = String(repeating: "the the ", count: text.utf8.count / 8 + 1) }
        if form.manners.contains(.splitCharacters) {
            text = text.split(separator: " ", omittingEmptySubsequences: false).joined(
                separator: " \u{E9}\u{6F22}\u{1F600} ")
        }
        add(text) { .text($0) }
    }

    private mutating func add(_ text: String, _ make: (String) -> ServedPiece) {
        for part in cut(text) { pieces.append(Piece(content: make(part.text), tokens: part.tokens)) }
    }

    private func tokens(in text: String) -> Int { max(1, tokenizer.tokens(in: text).value) }

    /// A part of a text that is sent as one event.
    private struct Part {
        let text: String
        let tokens: Int
    }

    /// Cuts text into parts of the size of an event, never inside a character; together they have the tokens of the text.
    private func cut(_ text: String) -> [Part] {
        let size = max(1, tokenizer.centitokens(TokenCount(form.tokensPerEvent)))
        let bytes = Array(text.utf8)
        var parts: [Part] = []
        var meter = TokenMeter()
        var (start, counted) = (0, 0)
        while start < bytes.count {
            var end = max(start + 1, meter.end(of: (parts.count + 1) * size, in: bytes[start...]))
            while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
            meter.add(bytes[start..<end])
            let tokens = max(1, tokenizer.tokens(centitokens: meter.centitokens).value)
            parts.append(
                Part(text: String(decoding: bytes[start..<end], as: UTF8.self), tokens: max(0, tokens - counted)))
            (start, counted) = (end, max(counted, tokens))
        }
        return parts
    }
}
