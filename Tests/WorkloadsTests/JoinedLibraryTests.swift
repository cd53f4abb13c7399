import Encodings
import Quantities
import Testing

@testable import Workloads

/// A library with a system prompt, as a file.
private func file(
    _ session: String, system: String = "Be brief.", asset: String = "y", name: String = "x", content: String = "text",
    block: Int = 64, licence: JSONValue = "MIT", blocks: [Range<Int>] = [], share: PrefixShare = .corpus
) -> [UInt8] {
    let call = Call(
        identifier: "0", after: [], waitKind: .start, context: .new,
        added: [Call.AddedItem(role: "user", tokens: 10, text: session)], input: 13, output: 5, blocks: blocks)
    var made = Session(
        identifier: SessionIdentifier(session), toolsTokens: .zero, systemTokens: 3, share: share, calls: [call])
    made.prefixAssets[Call.mainAgent] = Session.PrefixAssets(system: asset)
    let header = SessionFile.header(
        name: name, content: content, block: block, source: ["licence": licence, "guesses": [.string("G " + name)]])
    let kept = Asset(identifier: asset, tokens: 3, content: .system(system))
    return SessionFile.write(SessionLibrary(header: header, assets: [asset: kept], sessions: [made]))
}

@Suite struct JoinedLibraryTests {
    @Test func `two imports of one agent are one library behind each other`() throws {
        func conversation(_ name: String) -> String {
            #"{"conversation_id":"\#(name)","role":"user","content":"\#(name)","system":"S","tools":["#
                + #"{"function":{"name":"ls"}}]}"# + "\n"
                + #"{"conversation_id":"\#(name)","role":"assistant","content":"done with \#(name)"}"#
        }
        let parts = try ["a", "b"].map { try TextTraces.library(MLPerfImporter.self, conversation($0)) }
        #expect(parts[0].assets == parts[1].assets && parts[0].assets.count == 2)
        let joined = try SessionFile.read(parts.flatMap { SessionFile.write($0) })
        #expect(joined.sessions == parts.flatMap(\.sessions) && joined.assets == parts[0].assets)
        #expect(SessionLint.findings(joined) == [] && joined.guesses == parts[0].guesses)
        #expect(try SessionFile.read(SessionFile.write(joined)) == joined)
    }

    @Test func `the first header stands, and what later ones say of their source is kept`() throws {
        let parts = [
            file("a"), file("b", name: "x2", licence: "Apache-2.0"), file("c", name: "x3", content: "lengths"),
        ]
        let joined = try SessionFile.read(parts.flatMap(\.self))
        #expect(joined.name == "x" && joined.header["content"] == "mixed")
        #expect(joined.licence == "MIT, Apache-2.0" && joined.guesses == ["G x", "G x2", "G x3"])
        #expect(joined.header["joined"]?.arrayValue?.map { $0["name"]?.stringValue } == ["x2", "x3"])
        #expect(SessionLint.findings(joined) == [])
        // However often it is joined.
        let two = try SessionFile.read(parts[1] + parts[2])
        #expect(try SessionFile.read(parts[0] + SessionFile.write(two)) == joined)
        #expect(try SessionFile.read(parts[0] + file("b")).header["content"] == "text")
    }

    @Test func `one source without a licence leaves all without`() throws {
        let joined = try SessionFile.read(file("a") + file("b", licence: .null))
        #expect(joined.licence == nil)
        #expect(SessionLint.findings(joined).map(\.message) == ["no licence is stated in the header's source"])
    }

    @Test(arguments: [
        (
            file("b", system: "Be long."),
            "line 5: another asset y stands before this one: give one of the two another id, where it is named too"
        ),
        (
            file("b", block: 16),
            "line 4: block is 16, but 64 in the first header: only libraries of one block size can be joined"
        ),
    ])
    func `what cannot be joined is refused`(second: [UInt8], message: String) {
        let error = #expect(throws: SessionFileError.self) { try SessionFile.read(file("a") + second) }
        #expect(error?.description == message)
    }

    @Test(arguments: ["0", "-64", "1.5", "\"64\"", "null", "9223372036854775807"])
    func `a block size that is none is refused`(block: String) {
        let text = String(decoding: file("a", blocks: [0..<1]), as: UTF8.self)
        let error = #expect(throws: SessionFileError.self) {
            try SessionFile.read(Array(text.replacing(#""block":64"#, with: #""block":"# + block).utf8))
        }
        #expect(error?.description == "line 1: block must be a whole number of tokens from 1 to 1,000,000")
    }

    @Test func `a header without a block size has the usual one`() throws {
        let plain = String(decoding: file("b"), as: UTF8.self).replacing(#","block":64"#, with: "")
        #expect(try SessionFile.read(file("a") + plain.utf8).sessions.count == 2)
        #expect(throws: SessionFileError.self) { try SessionFile.read(file("a", block: 16) + plain.utf8) }
    }

    @Test func `sessions of one name are two until they are named apart`() throws {
        let joined = try SessionFile.read(file("a") + file("a", asset: "z", name: "x2"))
        let errors = SessionLint.findings(joined).filter { $0.severity == .error }
        #expect(errors.map(\.message) == ["the session id stands twice: give one of the two another id"])
    }

    @Test(arguments: [
        (PrefixShare.corpus, [0..<1], true), (.tenant, [0..<1], true), (.session, [0..<1], false), (.corpus, [], false),
    ])
    func `blocks of joined libraries may be equal by chance`(
        share: PrefixShare, blocks: [Range<Int>], isTold: Bool
    ) throws {
        let joined = try SessionFile.read(
            file("a", blocks: blocks, share: share) + file("b", blocks: blocks, share: share))
        let message =
            "2 libraries were joined: their blocks of one number are sent as equal text, which is wrong unless they are "
            + "parts of one trace"
        #expect(SessionLint.findings(joined).map(\.message) == (isTold ? [message] : []))
    }
}
