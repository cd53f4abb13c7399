import Dialects
import Encodings
import Quantities
import Statistics
import Workloads

/// What the engine will answer: content pieces in the order of sending, and the tokens of each.
struct Answer: Sendable {
    struct Piece: Sendable {
        let bytes: [UInt8]
        let tokens: Int
    }

    let pieces: [Piece]
    let finishReason: String
    let outputTokens: TokenCount

    /// Draws an answer; the same request and seed give the same one, whatever the provider.
    ///
    /// Most requests with tools are answered with a tool call whose arguments fit the tool's schema. The length is about
    /// half of the limit, so that answers end by themselves.
    init(
        to request: ChatRequest, writer: ChatStreamWriter, tokensPerEvent: Int, tokenizer: ApproximateTokenizer,
        seed: Seed
    ) {
        var generator = SeededGenerator(seed: seed.derived("answer/\(request.prompt.count)", request.messageCount))
        var synthesizer = TextSynthesizer(seed: seed.derived("text/\(request.prompt.count)", request.messageCount))
        let limit = request.outputLimit?.value ?? 512
        let wanted = max(4, Int(Double(limit) / 2 * (0.7 + 0.6 * generator.uniform())))
        var pieces: [Piece] = []
        var total = 0
        func add(_ bytes: [UInt8], _ text: Int) {
            let tokens = max(1, tokenizer.tokens(bytes: text).value)
            pieces.append(Piece(bytes: bytes, tokens: tokens))
            total += tokens
        }
        let step = max(1, tokenizer.bytes(TokenCount(tokensPerEvent)))
        let hasTool = !request.tools.isEmpty && generator.uniform() < 0.9
        let textTokens = hasTool ? wanted / 3 : wanted
        let text = synthesizer.prose(byteCount: tokenizer.bytes(TokenCount(textTokens)))
        for piece in Self.cut(text, step) { add(writer.text(piece), piece.utf8.count) }
        if hasTool {
            let tool = generator.choice(request.tools)
            let size = tokenizer.bytes(TokenCount(wanted - textTokens))
            let arguments = synthesizer.arguments(for: tool, byteCount: size)
            let identifier = "call_" + Transcript.hexadecimal(generator.next())
            add(writer.toolCall(0, identifier: identifier, name: tool.name), tool.name.utf8.count)
            for piece in Self.cut(arguments, step) { add(writer.arguments(0, piece), piece.utf8.count) }
        }
        self.pieces = pieces
        finishReason = hasTool ? "tool_calls" : "stop"
        outputTokens = TokenCount(total)
    }

    /// Cuts ASCII text into pieces.
    private static func cut(_ text: String, _ size: Int) -> [String] {
        let bytes = Array(text.utf8)
        return stride(from: 0, to: bytes.count, by: size).map {
            String(decoding: bytes[$0..<min($0 + size, bytes.count)], as: UTF8.self)
        }
    }
}
