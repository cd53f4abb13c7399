import Encodings
import Quantities
import Statistics
import Testing

@testable import Workloads

/// Reads a file of a header, assets and a session that has the first two as its prefix and the third as a document.
private func library(_ assets: String...) throws(SessionFileError) -> SessionLibrary {
    let header =
        #"{"kind":"header","format":"submeter.sessions","version":1,"name":"x","source":{"licence":"MIT"}}"#
    let session =
        #"{"kind":"session","id":"s","prefix":{"tools":"t","system":"y","tools_tok":900,"system_tok":300},"calls":"#
        + #"[{"id":"0","new":1,"add":[{"role":"doc","n":200,"name":"d"}],"in":1400,"out":5}]}"#
    return try SessionFile.read(Array(([header] + assets + [session]).joined(separator: "\n").utf8))
}

private let made = [
    #"{"kind":"asset","id":"t","type":"tools","tok":900,"gen":{"seed":7}}"#,
    #"{"kind":"asset","id":"y","type":"system","tok":300,"gen":{"seed":7,"style":"prose"}}"#,
    #"{"kind":"asset","id":"d","type":"doc","tok":200,"gen":{"seed":8,"style":"code"}}"#,
]

private func text(_ asset: Asset?) -> String {
    switch asset?.content {
    case .system(let text)?, .document(let text)?: text
    case .tools(let tools)?: JSONValue.array(tools.map(\.json)).text()
    case nil: ""
    }
}

@Suite struct AssetTests {
    @Test func `an asset that only says how it is made is sent in its size`() throws {
        let library = try library(made[0], made[1], made[2])
        let tokenizer = ApproximateTokenizer()
        for (name, tokens) in [("y", 300), ("d", 200)] {
            let size = text(library.assets[name]).centitokens
            #expect(abs(size - tokens * 100) <= 100, "\(name): \(size)")
        }
        let transcript = Transcript(
            session: library.sessions[0], library: library, seed: Seed(1), librarySeed: Seed(2), tokenizer: tokenizer)
        let prefix = transcript.prefix(agent: Call.mainAgent, runSalt: "")
        #expect(prefix.system == text(library.assets["y"]))
        let size = prefix.tools.reduce(0) { $0 + $1.json.text().centitokens }
        #expect(prefix.tools.count > 1 && abs(size - 90_000) <= 200, "\(size)")
        let none = Salts(run: "", tenant: "", session: "")
        #expect(transcript.items(0, salts: none, tools: prefix.tools) == [.user(text(library.assets["d"]))])
        #expect(SessionLint.findings(library) == [])
        // What was made is written as it is: another version need not make the same.
        #expect(try SessionFile.read(SessionFile.write(library)) == library)
    }

    @Test func `one seed is one text under any name, another seed or style another text`() throws {
        func prose(_ identifier: String, _ generator: String, type: String = "system") throws -> String {
            let line = #"{"kind":"asset","id":"\#(identifier)","type":"\#(type)","tok":50,"gen":\#(generator)}"#
            return text(try library(line).assets[identifier])
        }
        let expected = try prose("y", #"{"seed":7}"#)
        #expect(try prose("other", #"{"seed":7,"style":"prose"}"#, type: "doc") == expected)
        #expect(try prose("y", #"{"seed":8}"#) != expected)
        #expect(try prose("y", #"{"seed":7,"style":"code"}"#) != expected)
    }

    @Test(arguments: [
        (#"{"kind":"asset","id":"y","type":"system","tok":300}"#, "asset y needs its text, or gen to make it by"),
        (#"{"kind":"asset","id":"y","type":"doc","tok":300,"text":5}"#, "asset y needs its text, or gen to make it by"),
        (#"{"kind":"asset","id":"t","type":"tools","tok":9}"#, "asset t needs a list of tools, or gen to make it by"),
        (
            #"{"kind":"asset","id":"y","type":"doc","tok":3,"gen":{}}"#,
            "gen of asset y needs a seed, a whole number from 0"
        ),
        (
            #"{"kind":"asset","id":"y","type":"doc","tok":3,"gen":{"seed":-1}}"#,
            "gen of asset y needs a seed, a whole number from 0"
        ),
        (
            #"{"kind":"asset","id":"y","type":"doc","tok":3,"gen":{"seed":1,"style":"verse"}}"#,
            "the style of asset y must be prose or code, not 'verse'"
        ),
        (
            #"{"kind":"asset","id":"t","type":"tools","tok":3,"gen":{"seed":1,"style":"prose"}}"#,
            "the style of asset t must be tools, not 'prose'"
        ),
        (
            #"{"kind":"asset","id":"y","type":"doc","tok":2000001,"gen":{"seed":1}}"#,
            "asset y is too large to be made: at most 2000000 tokens"
        ),
    ])
    func `an asset without content is refused`(line: String, message: String) {
        let error = #expect(throws: SessionFileError.self) { try library(line) }
        #expect(error?.line == 2 && error?.message == message, "\(error?.description ?? "read")")
    }

    @Test(arguments: [
        (100, false), (125, false), (75, false), (126, true), (74, true), (0, true),
    ])
    func `a size that is not that of the text is doubtful`(tokens: Int, isTold: Bool) throws {
        let line =
            #"{"kind":"asset","id":"y","type":"system","tok":\#(tokens),"text":"\#(String(repeating: "word ", count: 100))"}"#
        let findings = SessionLint.findings(try library(made[0], line, made[2]))
        let message =
            "asset y: tok is \(tokens), but what it holds is about 100 tokens: a replay sends that, not the stated size"
        #expect(findings.map(\.message) == (isTold ? [message] : []))
        #expect(findings.allSatisfy { $0.severity == .warning })
    }

    @Test func `a few tokens more or less are no size to doubt`() throws {
        let line = #"{"kind":"asset","id":"y","type":"system","tok":9,"text":"Be brief."}"#
        #expect(SessionLint.findings(try library(made[0], line, made[2])) == [])
    }
}
