import Quantities
import Statistics
import Testing
import Workloads

@Suite struct TokenMeterTests {
    /// Texts and the tokens that DeepSeek's, Qwen's, Llama 3's and OpenAI's o200k tokenizers count on average, from their own files.
    private static let counted: [(text: String, tokens: Double)] = [
        (
            "The quick brown fox jumps over the lazy dog. It was seen again in the evening, near the old mill.",
            23.0
        ),
        (
            "func append(_ number: Int, to bytes: inout [UInt8]) {\n    if number >= 10 { bytes.append(UInt8(0x30 + number / 10 % 10)) }\n}\n",
            44.0
        ),
        (
            "{\"type\":\"object\",\"properties\":{\"path\":{\"type\":\"string\"},\"offset\":{\"type\":\"integer\",\"minimum\":1}},\"required\":[\"path\"]}",
            29.25
        ),
        (
            "def read(path):\n    with open(path, encoding='utf-8') as file:\n        return [line.rstrip() for line in file]\n",
            29.25
        ),
        (
            "-rw-r--r-- 1 root root   4096 Nov 12 09:41 README.md\ndrwxr-xr-x 2 root root 16384 Nov 12 09:40 Sources\n",
            48.75
        ),
        (
            "Les agents lisent des fichiers, appellent des outils et écrivent de longues réponses à leurs utilisateurs.",
            25.25
        ),
        (
            "模型读取文件,调用工具,然后为用户写出很长的回答。",
            16.25
        ),
        (
            "ERROR: AssertionError in tests/test_fields.py::TestTimeDelta (3 failed, 1204 passed in 12.77s)",
            28.75
        ),
    ]

    @Test func `texts have the tokens that tokenizers count, within a sixth`() {
        for (text, tokens) in Self.counted {
            let estimate = Double(text.centitokens) / 100
            #expect(abs(estimate - tokens) <= tokens / 6, "\(estimate) for \(tokens): \(text)")
        }
    }

    /// Averages of the same four; they differ by half among themselves where they hardly know a script.
    @Test(arguments: [
        ("सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।", 47.25),
        ("มนุษย์ทั้งหลายเกิดมามีอิสระและเสมอภาคกันในเกียรติศักดิ์และสิทธิ", 31.5),
        ("모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다.", 24.75),
        ("src\n├── main.swift\n├── Sources\n│   ├── Parser.swift\n│   └── Writer.swift\n└── Tests\n", 31.0),
        (String(repeating: "─", count: 60), 6.5),
        ("“The model’s answer — it’s ‘long’ — was cut…” she said – twice.", 19.75),
    ])
    func `no script and no sign is free`(text: String, tokens: Double) {
        let estimate = Double(text.centitokens) / 100
        #expect(abs(estimate - tokens) <= max(0.35 * tokens, 2), "\(estimate) for \(tokens)")
    }

    @Test func `text that comes in parts counts as much as the whole, wherever it is parted`() {
        for (text, _) in Self.counted {
            let bytes = Array(text.utf8)
            for place in 0...bytes.count {
                var meter = TokenMeter()
                meter.add(bytes[..<place])
                meter.add(bytes[place...])
                #expect(meter.centitokens == text.centitokens)
            }
        }
    }

    @Test func `a text ends where its size is nearest, and never inside a word or a character`() {
        let text = Array("one two three 日本 four".utf8)
        for (size, expected) in [
            (0, ""), (40, ""), (60, "one "), (149, "one "), (151, "one two "), (300, "one two three "),
            (9_900, "one two three 日本 four"),
        ] {
            let end = TokenMeter().end(of: size, in: text[...])
            #expect(String(decoding: text[..<end], as: UTF8.self) == expected, "\(size)")
        }
        for size in 0..<700 {
            let end = TokenMeter().end(of: size, in: text[...])
            #expect(!String(decoding: text[..<end], as: UTF8.self).contains("\u{FFFD}"))
        }
    }

    @Test func `parts of a prompt are counted apart`() {
        var meter = TokenMeter()
        meter.add("word")
        meter.beginPart()
        meter.add("word")
        #expect(meter.centitokens == 200 && "wordword".centitokens < 150)
    }

    @Test func `salts are all different and count alike`() {
        let salts = (0..<2000).map { Salts.words(Seed(7).derived("salt", $0)) }
        #expect(Set(salts).count == salts.count && salts.allSatisfy { $0.utf8.count == 41 })
        let sizes = salts.map { "[run \($0)]\n".centitokens }
        #expect(Set(sizes).count == 1, "\(Set(sizes))")
    }

    @Test func `a denser tokenizer wants longer text for as many tokens`() {
        let (usual, denser) = (ApproximateTokenizer(), ApproximateTokenizer(bytesPerToken: 4.75))
        #expect(usual.centitokens(1000) == 100_000 && denser.centitokens(1000) == 125_000)
        for tokenizer in [usual, denser] {
            for tokens in [0, 1, 7, 64, 100_000] {
                #expect(tokenizer.tokens(centitokens: tokenizer.centitokens(TokenCount(tokens))).value == tokens)
            }
        }
    }
}
