import Quantities
import Testing

@testable import Workloads

/// A library of one session with the calls of a text, as a file.
private func file(_ calls: String) -> [UInt8] {
    let header =
        #"{"kind":"header","format":"submeter.sessions","version":1,"name":"x","source":{"licence":"MIT"}}"#
    let session = #"{"kind":"session","id":"s","prefix":{"tools_tok":60,"system_tok":40},"agents":{"a":{}},"calls":["#
    return Array((header + "\n" + session + calls + "]}").utf8)
}

/// A prompt of 300 tokens and an answer of 50.
private let first = #"{"id":"0","new":1,"add":[{"role":"user","n":200}],"in":300,"out":50}"#

@Suite struct SessionLintTests {
    @Test(arguments: [
        (#""after":[0]"#, "after of call 1 must be a list of call ids, which are texts"),
        (#""after":"nope""#, "after of call 1 must be a list of call ids, which are texts"),
        (#""after":["0",null]"#, "after of call 1 must be a list of call ids, which are texts"),
        (#""after":{}"#, "after of call 1 must be a list of call ids, which are texts"),
        (#""fork":0"#, "fork of call 1 must be a call id, which is a text"),
    ])
    func `a dependency that is no text is refused with its line`(member: String, message: String) {
        let error = #expect(throws: SessionFileError.self) {
            try SessionFile.read(file(first + #",{"id":"1",\#(member),"in":350,"out":1}"#))
        }
        #expect(error?.line == 2 && error?.message == message, "\(error?.description ?? "read")")
    }

    static let toolChoices: [(String, String, String?)] = [
        ("0", "auto", nil), ("0", "required", nil), ("0", "none", nil), ("0", "read_file", nil),
        (
            "0", "maybe",
            "call 1: its tool_choice is 'maybe', which is not auto, required, none or a tool of its agent"
        ),
        (
            "0", "requird",
            "call 1: its tool_choice is 'requird', which is not auto, required, none or a tool of its agent; did you mean "
                + "'required'?"
        ),
        // An agent whose prefix has no tools.
        (
            "a", "read_file",
            "call 1: its tool_choice is 'read_file', which is not auto, required, none or a tool of its agent"
        ),
    ]

    @Test(arguments: toolChoices)
    func `a call may ask only for a tool that its agent has`(agent: String, choice: String, message: String?) throws {
        let context = agent == "a" ? #""agent":"a","after":["0"],"new":1,"in":0"# : #""in":350"#
        let call = #"{"id":"1",\#(context),"out":5,"opts":{"tool_choice":"\#(choice)"}}"#
        let findings = SessionLint.findings(try SessionFile.read(file(first + "," + call)))
        #expect(findings.filter { $0.severity == .error }.map(\.message) == [message].compactMap(\.self))
    }

    @Test(
        arguments: [
            // As they should be: all of the answer, a part of it, no more of the context than there is, and waits by a detour.
            (#"{"id":"1","in":350,"out":5}"#, nil),
            (#"{"id":"1","carry":20,"in":320,"out":5}"#, nil),
            (#"{"id":"1","keep":300,"carry":0,"in":300,"out":5}"#, nil),
            (#"{"id":"1","keep":350,"carry":0,"in":350,"out":5}"#, nil),
            (#"{"id":"1","keep":40,"carry":0,"add":[{"role":"user","n":80}],"in":120,"out":5}"#, nil),
            (
                #"{"id":"1","agent":"a","after":["0"],"new":1,"in":0,"out":5},{"id":"2","after":["1"],"in":350,"out":5}"#,
                nil
            ),
            (#"{"id":"1","agent":"a","after":["0"],"fork":"0","carry":50,"in":350,"out":5}"#, nil),
            (
                #"{"id":"1","keep":5000,"carry":0,"in":5000,"out":5}"#,
                "call 1: it keeps 5000 tokens, but its agent's context has at most 350"
            ),
            (
                #"{"id":"1","keep":351,"carry":0,"in":351,"out":5}"#,
                "call 1: it keeps 351 tokens, but its agent's context has at most 350"
            ),
            (
                #"{"id":"1","agent":"a","after":["0"],"keep":9,"carry":0,"in":9,"out":5}"#,
                "call 1: it keeps 9 tokens, but its agent's context has at most 0"
            ),
            (
                #"{"id":"1","agent":"a","after":["0"],"keep":1,"carry":0,"in":1,"out":5}"#,
                "call 1: it keeps 1 token, but its agent's context has at most 0"
            ),
            (
                #"{"id":"1","new":1,"carry":1,"in":101,"out":5}"#,
                "call 1: it carries 1 token of an answer, but none precedes it"
            ),
            (
                #"{"id":"1","carry":500,"in":800,"out":5}"#,
                "call 1: it carries 500 tokens of an answer that has 50"
            ),
            (
                #"{"id":"1","new":1,"carry":20,"in":120,"out":5}"#,
                "call 1: it carries 20 tokens of an answer, but none precedes it"
            ),
            (
                #"{"id":"1","after":[],"in":350,"out":5}"#,
                "call 1: it goes on from 0, but does not wait for it: after must lead there"
            ),
            (
                #"{"id":"1","after":[],"keep":200,"carry":0,"in":200,"out":5}"#,
                "call 1: it goes on from 0, but does not wait for it: after must lead there"
            ),
            (
                #"{"id":"1","agent":"a","after":[],"fork":"0","carry":50,"in":350,"out":5}"#,
                "call 1: it goes on from 0, but does not wait for it: after must lead there"
            ),
            (
                #"{"id":"1","in":350,"out":5},{"id":"2","after":["0"],"in":355,"out":5}"#,
                "call 2: it goes on from 1, but does not wait for it: after must lead there"
            ),
        ] as [(String, String?)])
    func `a context that cannot be is an error`(calls: String, message: String?) throws {
        let findings = SessionLint.findings(try SessionFile.read(file(first + "," + calls)))
        #expect(findings.map(\.message) == (message.map { [$0] } ?? []))
        #expect(findings.allSatisfy { $0.severity == .error })
    }

    @Test(arguments: [(320, [0..<5], true), (321, [0..<5], false), (320, [], false), (384, [0..<900], false)])
    func `what a block rounds up may be kept too`(kept: Int, blocks: [Range<Int>], isSound: Bool) throws {
        var library = try SessionFile.read(
            file(first + #",{"id":"1","keep":\#(kept),"carry":0,"in":\#(kept),"out":5}"#))
        library.sessions[0].calls[0].output = 10
        library.sessions[0].calls[0].blocks = blocks
        let errors = SessionLint.findings(library).filter { $0.severity == .error }
        #expect(errors.isEmpty == isSound, "\(errors)")
    }

    @Test(
        arguments: [
            (#""cached":300,"ttft_s":1,"dur_s":1"#, nil),
            (#""cached":301"#, "call 1: 301 tokens of it are said to be cached, but in is 300"),
            (#""ttft_s":9,"dur_s":1"#, "call 1: its first token came after its end"),
            (#""ttft_s":9"#, nil),
        ] as [(String, String?)])
    func `recorded figures that contradict each other are doubtful`(members: String, message: String?) throws {
        let second = first.replacing(#""id":"0""#, with: #""id":"1","after":["0"],\#(members)"#)
        let findings = SessionLint.findings(try SessionFile.read(file(first + "," + second)))
        #expect(findings.map(\.message) == (message.map { [$0] } ?? []))
        #expect(findings.allSatisfy { $0.severity == .warning })
    }
}
