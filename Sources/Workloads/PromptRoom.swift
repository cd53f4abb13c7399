import Quantities
import Statistics

/// The room that made-up text of a call has to fill.
struct PromptRoom {
    /// The text of the prompt's blocks that is not used yet.
    var blocks: BlockText
    /// Turns tokens into sizes.
    let tokenizer: ApproximateTokenizer
    /// What a salt takes from the text of the blocks that follow it.
    var excessSalt: TokenCount
    /// How much larger than it was to be all is that was made, in hundredths of a token; what comes next is that smaller.
    var excess = 0

    /// Text of a size: that of the blocks, and where there are no more of them what is made up.
    ///
    /// How much is taken of the blocks hangs on nothing but tokens, so that prompts with equal blocks have equal bytes however
    /// they are parted into messages.
    ///
    /// - Parameters:
    ///   - tokens: what the text is to have with its opening.
    ///   - opening: what stands before it.
    ///   - make: makes text of a size up, which is in hundredths of a token.
    /// - Returns: the text without its opening.
    mutating func fill(_ tokens: TokenCount, opening: String = "", _ make: (Int) -> String) -> String {
        let size = tokenizer.centitokens(tokens) - opening.centitokens
        guard !blocks.isEmpty else { return made(size, make) }
        let known = blocks.take(max(.zero, tokens - excessSalt))
        let salt = min(tokens, excessSalt)
        excessSalt = max(.zero, excessSalt - tokens)
        guard blocks.isEmpty else { return known }
        return known + made(size - tokenizer.centitokens(salt) - known.centitokens, make)
    }

    /// Has text made of a size, less what is too large already, and takes down how far it is from it.
    mutating func made(_ size: Int, _ make: (Int) -> String) -> String {
        let text = make(max(0, size - excess))
        excess += text.centitokens - size
        return text
    }
}

/// The text of blocks that a prompt consists of.
struct BlockText {
    private var bytes: [UInt8] = []
    /// Where each block begins.
    private var starts: [Int] = []
    /// The number of the first block.
    private let first: Int
    /// The tokens of the prompt that lie behind.
    private var offset: Int
    private let blockTokens: Int
    private let tokenizer: ApproximateTokenizer

    /// Makes text without any block.
    ///
    /// - Parameters:
    ///   - offset: the tokens of the prompt that lie behind.
    ///   - blockTokens: how many tokens a block has.
    ///   - tokenizer: turns tokens into sizes.
    init(from offset: TokenCount, blockTokens: Int, tokenizer: ApproximateTokenizer) {
        self.offset = offset.value
        self.blockTokens = blockTokens
        self.tokenizer = tokenizer
        first = offset.value / blockTokens
    }

    /// True if nothing is left.
    var isEmpty: Bool { place(of: offset) == bytes.count }

    /// Adds a block, which ends with a blank so that no word grows together with one of the next.
    ///
    /// Words are whole, so a block is up to half a token off. So that this does not add up over many blocks, each aims at another
    /// point around its size.
    mutating func append(_ seed: Seed) {
        starts.append(bytes.count)
        var dither = SeededGenerator(seed: seed.derived("dither"))
        var synthesizer = TextSynthesizer(seed: seed)
        let size = tokenizer.centitokens(TokenCount(blockTokens)) + dither.below(101) - 50
        bytes += synthesizer.prose(centitokens: size).utf8
        bytes.append(0x20)
    }

    /// The next tokens, or as many as are left.
    mutating func take(_ tokens: TokenCount) -> String {
        let start = place(of: offset)
        offset += tokens.value
        return String(decoding: bytes[start..<place(of: offset)], as: UTF8.self)
    }

    /// Where a token begins: it hangs on nothing but the block that it is of.
    private func place(of token: Int) -> Int {
        let block = token / blockTokens - first
        guard block < starts.count else { return bytes.count }
        let end = block + 1 < starts.count ? starts[block + 1] : bytes.count
        let size = tokenizer.centitokens(TokenCount(token % blockTokens))
        return TokenMeter().end(of: size, in: bytes[starts[block]..<end])
    }
}

extension ToolCall {
    /// The size of the name and the arguments, in hundredths of a token.
    var centitokens: Int { name.centitokens + arguments.centitokens }
}
