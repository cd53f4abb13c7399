import Dialects
import Quantities
import Workloads

/// What a limit and a least length make of an answer.
extension Answer {
    /// Adds text, before the tool calls if there are any, until the answer has enough tokens.
    mutating func stretch(to least: Int, limit: Int, _ synthesizer: inout TextSynthesizer) {
        var missing = least - outputTokens.value
        guard missing > 0 else { return }
        var place = pieces.firstIndex { $0.isTool } ?? pieces.count
        while missing > 0 {
            let tokens = min(missing, form.tokensPerEvent)
            let text = synthesizer.prose(centitokens: tokenizer.centitokens(TokenCount(tokens))) + " "
            pieces.insert(Piece(content: .text(text), tokens: tokens), at: place)
            place += 1
            missing -= tokens
        }
        // Who writes up to the limit is stopped there and does not end.
        if least >= limit { finish = .length }
    }

    /// Takes away what is beyond a limit, in the middle of a tool call if need be.
    mutating func cut(to limit: Int) {
        guard outputTokens.value > limit else { return }
        var room = limit
        var place = 0
        while place < pieces.count, pieces[place].tokens <= room {
            room -= pieces[place].tokens
            place += 1
        }
        let next = pieces[place]
        pieces.removeSubrange(place...)
        if room > 0 { pieces.append(next.beginning(tokens: room, size: tokenizer.centitokens(TokenCount(room)))) }
        finish = .length
    }
}

extension Answer.Piece {
    fileprivate var isTool: Bool {
        switch content {
        case .toolCall, .arguments: true
        case .reasoning, .text: false
        }
    }

    /// The first tokens of the piece; those of a name that is not whole reach nobody but as text.
    fileprivate func beginning(tokens: Int, size: Int) -> Self {
        func start(_ text: String) -> String {
            let bytes = Array(text.utf8)
            let kept = bytes[..<TokenMeter().end(of: size, in: bytes[...])]
            return kept.isEmpty ? String(text.prefix(1)) : String(decoding: kept, as: UTF8.self)
        }
        let content: ServedPiece =
            switch content {
            case .reasoning(let text): .reasoning(start(text))
            case .text(let text): .text(start(text))
            case .toolCall(_, _, let name): .text(start(name))
            case .arguments(let index, let text): .arguments(index, start(text))
            }
        return Self(content: content, tokens: tokens)
    }
}
