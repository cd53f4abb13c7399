/// Counts the tokens of text, byte by byte, without any model's vocabulary.
///
/// Byte-pair tokenizers part text into words, numbers, signs and blanks before they look anything up, and most words of English
/// and of programs are one token. So what a byte adds depends on what kind it is of, on what stands before it, and in a word on
/// how many letters it has so far. The weights are a least-squares fit to the counts of DeepSeek's, Qwen's, Llama 3's and
/// OpenAI's (o200k) tokenizers over 7 MB of prose, source code, JSON, agents' messages, terminal output and ten languages. Of a
/// fit to seven tenths of these texts, up to 4 KB each, the estimate of the others' mean count is 4.3 % off on average, made-up
/// text aside, and more than 12 % for one in twenty; of a fit that leaves the public traces out, theirs is 4 to 13 % off. The
/// tokenizers differ from each other by as much: most where numbers are many, since some make a token of every digit, and in
/// scripts that some of them hardly know.
///
/// A beginning of a text has the tokens that the meter shows there. Parts of a prompt, such as messages, are counted apart.
public struct TokenMeter: Sendable {
    /// The tokens so far, in hundredths.
    public private(set) var centitokens = 0
    private var state = Self.startState

    /// Makes a meter that has read nothing.
    public init() {}

    /// Reads text, or some of it.
    public mutating func add(_ text: String) { read(text.utf8) }

    /// Reads bytes of UTF-8.
    public mutating func add(_ bytes: ArraySlice<UInt8>) { read(bytes) }

    private mutating func read(_ bytes: some Sequence<UInt8>) {
        let (steps, kinds) = (Self.steps, TokenByte.kinds)
        for byte in bytes {
            let step = steps[state &* TokenByte.kindCount &+ Int(kinds[Int(byte)])]
            centitokens &+= Int(step >> 8)
            state = Int(step & 0xFF)
        }
    }

    /// Where text has to end to be as large as is wanted.
    ///
    /// - Parameters:
    ///   - size: the wanted size in hundredths of a token, with what was read before.
    ///   - bytes: text that follows what was read.
    /// - Returns: the place of the byte before which the size is nearest; the last of them, which leaves words and characters
    ///   whole.
    public func end(of size: Int, in bytes: ArraySlice<UInt8>) -> Int {
        var meter = self
        var (best, distance) = (bytes.startIndex, abs(size - centitokens))
        for place in bytes.indices {
            meter.add(bytes[place...place])
            guard meter.centitokens - size <= distance else { break }
            if abs(size - meter.centitokens) <= distance {
                (best, distance) = (place + 1, abs(size - meter.centitokens))
            }
        }
        return best
    }

    /// Begins a new part: what follows does not hang together with what was read.
    public mutating func beginPart() { state = Self.startState }

    // MARK: The automaton

    /// What stands before, and how many of its kind in a row, up to the most that matters.
    private struct State {
        var kind: TokenByte.Kind
        var run: Int

        static let mostRun = 11
        static let kinds: [TokenByte.Kind] = [.newline, .blank, .digit, .lower, .upper, .mark, .sign, .wide]

        var number: Int { (Self.kinds.firstIndex(of: kind) ?? 0) * (mostRun + 1) + run }
        private var mostRun: Int { Self.mostRun }

        init(_ kind: TokenByte.Kind, _ run: Int) {
            self.kind = kind
            self.run = min(run, Self.mostRun)
        }

        init(number: Int) {
            self.init(Self.kinds[number / (Self.mostRun + 1)], number % (Self.mostRun + 1))
        }
    }

    /// Before a text begins it is as after a blank: a word costs as much.
    private static let startState = State(.blank, 1).number

    /// What each kind of byte adds in each state, with the next state in the low eight bits.
    private static let steps: [Int32] = (0..<State.kinds.count * (State.mostRun + 1)).flatMap { number in
        TokenByte.Kind.allCases.map { kind in
            let (weight, next) = step(State(number: number), kind)
            return Int32(weight << 8 | next.number)
        }
    }

    /// Rows: what stands before; columns: a newline, a blank, a digit, a small letter, a capital, a mark, a sign.
    ///
    /// Blanks after a word add nothing, since they belong to the next one.
    private static let weights: [TokenByte.Kind: [Int]] = [
        .newline: [50, 0, 122, 68, 40, 94, 14],
        .blank: [0, 64, 194, 100, 68, 134, 96],
        .digit: [62, 0, 36, 72, 74, 60, 74],
        .lower: [154, 0, 136, 0, 18, 80, 62],
        .upper: [88, 0, 120, 64, 24, 100, 24],
        .mark: [0, 0, 174, 54, 14, 22, 18],
        .sign: [106, 0, 180, 102, 64, 96, 4],
        .wide: [182, 0, 184, 0, 64, 0, 56],
    ]

    /// What a small letter adds to a word of small letters, as its so-manieth.
    private static func letterWeight(_ place: Int) -> Int { place < 8 ? 0 : place < 11 ? 12 : 36 }

    private static func step(_ state: State, _ kind: TokenByte.Kind) -> (weight: Int, next: State) {
        let isWord = [.lower, .upper, .wide].contains(state.kind)
        if let weight = kind.wideWeight(after: state.kind) { return (weight, State(.wide, isWord ? state.run + 1 : 1)) }
        guard let column = kind.column, let row = weights[state.kind] else { return (0, state) }
        let isLetter = kind == .lower || kind == .upper
        // A capital after a small letter begins a new word, as in names of programs.
        if isLetter, isWord, !(kind == .upper && state.kind == .lower) {
            let next = State(kind, state.run + 1)
            return (state.kind == .lower ? letterWeight(next.run) : row[column], next)
        }
        if kind == state.kind, kind == .blank || kind == .digit {
            let next = State(kind, state.run + 1)
            // Indentation is one token however deep it is; long numbers are cut into pieces.
            if kind == .blank, next.run > 2 { return (0, next) }
            if kind == .digit, next.run > 3 { return (62, next) }
            return (row[column], next)
        }
        return (row[column], State(kind, 1))
    }
}

/// Kinds of bytes that tokenizers treat alike.
private enum TokenByte {
    enum Kind: UInt8, CaseIterable {
        /// A line feed or another control character.
        case newline
        /// A space or a tab.
        case blank
        case digit
        case lower
        case upper
        /// Punctuation, quotes and brackets.
        case mark
        /// Any other sign of ASCII.
        case sign
        /// Inside a character of several bytes.
        case inner
        /// The first byte of a Latin letter with an accent.
        case accented
        /// The first byte of a letter of another alphabet.
        case alphabet
        /// The first byte of a letter of India, Thailand and their neighbours.
        case indic
        /// The first byte of a Vietnamese letter with two accents, or of one of the Caucasus, Ethiopia or Cambodia.
        case rare
        /// The first byte of typographic punctuation, an arrow or a line of a drawn box.
        case symbol
        /// The first byte of a Chinese or Japanese character.
        case ideograph
        /// The first byte of a Korean syllable.
        case syllable
        /// The first byte of anything else, such as a picture.
        case picture
        /// What stands before, if it was a character of several bytes.
        case wide

        /// Its place among the weights; nil for what is part of a character of several bytes.
        var column: Int? { self.rawValue <= Self.sign.rawValue ? Int(rawValue) : nil }

        /// What a character of several bytes adds; symbols in a row are mostly one token.
        func wideWeight(after kind: Self) -> Int? {
            switch self {
            case .accented: 122
            case .alphabet: 34
            case .indic: 61
            // Vietnamese words are counted by their other letters; alone this is too little.
            case .rare: 20
            case .symbol: kind == .wide ? 9 : 122
            case .ideograph: 66
            case .syllable: 80
            case .picture: 76
            default: nil
            }
        }
    }

    static let kindCount = Kind.allCases.count

    static let kinds: [UInt8] = (0...255).map { kind(UInt8($0)).rawValue }

    private static func kind(_ byte: UInt8) -> Kind {
        switch byte {
        case 0x09, 0x20: .blank
        case 0..<0x20, 0x7F: .newline
        case UInt8(ascii: "0")...UInt8(ascii: "9"): .digit
        case UInt8(ascii: "a")...UInt8(ascii: "z"): .lower
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): .upper
        case _ where Array("\"'`()[]{}.,:;!?".utf8).contains(byte): .mark
        case ..<0x80: .sign
        case ..<0xC0: .inner
        case ..<0xCE: .accented
        case ..<0xE0: .alphabet
        case 0xE0: .indic
        case 0xE1: .rare
        case 0xE2: .symbol
        case ..<0xEA: .ideograph
        case ..<0xEE: .syllable
        default: .picture
        }
    }
}

extension String {
    /// The tokens of the text as one part, in hundredths.
    public var centitokens: Int {
        var meter = TokenMeter()
        meter.add(self)
        return meter.centitokens
    }
}
