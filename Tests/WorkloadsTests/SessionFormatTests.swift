import Encodings
import Quantities
import Statistics
import Testing

@testable import Workloads

/// One line of each kind, with every member of the format.
private let everything = #"""
    {"kind":"header","format":"submeter.sessions","version":1,"name":"all","content":"mixed","tokenizer":"approximate","block":16,"source":{"licence":"MIT","guesses":["Waits are made up."]}}
    {"kind":"asset","id":"tools-1","type":"tools","tools":[{"name":"read","description":"Reads.","parameters":{"type":"object"}}],"tok":20}
    {"kind":"asset","id":"system-1","type":"system","text":"Be brief.","tok":3}
    {"kind":"asset","id":"page","type":"doc","text":"A page.","tok":2}
    {"kind":"session","id":"s","tenant":"t1","profile":"p","start_s":1.5,"final":"last","prefix":{"tools":"tools-1","system":"system-1","tools_tok":20,"system_tok":3,"share":"tenant"},"agents":{"a":{"prefix_tok":5}},"calls":[{"id":"0","agent":"main","after":[],"wait_s":0,"wait":"start","new":1,"carry":0,"add":[{"role":"user","n":4,"text":"Read the file."},{"role":"doc","n":2,"name":"page"}],"in":29,"out":9,"reason":2,"stop":"tool_use","role":"main","text":"I will.","reason_text":"Hm.","calls":[{"name":"read","n":5,"args":"{\"path\":\"a\"}"},{"name":"read","n":0}],"cap":64,"abort":{"tok":3},"opts":{"tool_choice":"required","parallel":true,"temperature":0.5},"t":0.25,"ttft_s":0.125,"dur_s":2,"cached":16,"h":[[7,1],[3,1]]},{"id":"1","agent":"main","after":["0"],"wait_s":0.5,"wait":"tool","carry":7,"add":[{"role":"tool","n":3,"text":"x = 1"},{"role":"tool","n":3,"err":true}],"in":42,"out":4,"role":"small","abort":{"s":1.5},"opts":{"tool_choice":"read"},"note":"kept"}]}

    """#

@Suite struct SessionFormatTests {
    private func library() throws -> SessionLibrary { try SessionFile.read(Array(everything.utf8)) }

    private func transcript(_ library: SessionLibrary, _ index: Int = 0, seed: UInt64 = 1) -> Transcript {
        Transcript(
            session: library.sessions[index], library: library, seed: Seed(seed), librarySeed: Seed(2),
            tokenizer: ApproximateTokenizer())
    }

    @Test func `every member of the format is read and written again`() throws {
        let library = try library()
        let call = try #require(library.sessions.first?.calls.first)
        #expect(call.answer.toolCalls.map(\.arguments) == [#"{"path":"a"}"#, nil])
        #expect(call.request.abort == .tokens(TokenCount(3)) && call.request.toolChoice == .required)
        #expect(library.sessions[0].calls[1].request.toolChoice == .named("read"))
        #expect(library.sessions[0].start == .milliseconds(1500))
        #expect(call.blocks == [7..<8, 3..<4])
        #expect(library.sessions[0].endsWithLastCall)
        #expect(library.guesses == ["Waits are made up."])
        let written = SessionFile.write(library)
        #expect(try SessionFile.read(written) == library)
        let sessionLine = everything.split(separator: "\n").last.map(String.init) ?? ""
        let again = String(decoding: written, as: UTF8.self).split(separator: "\n").last.map(String.init) ?? ""
        func members(_ line: String) throws -> [String] {
            try JSONValue(parsing: Array(line.utf8))["calls"]?.arrayValue?
                .flatMap {
                    ($0.objectValue?.members ?? []).map {
                        "\($0.key)=\($0.value.doubleValue?.description ?? $0.value.text())"
                    }
                }.sorted() ?? []
        }
        let wanted = try members(sessionLine)
        let kept = try members(again)
        #expect(Set(wanted).isSubset(of: Set(kept)), "\(kept)")
        #expect(SessionLint.findings(library).isEmpty, "\(SessionLint.findings(library))")
    }

    @Test(arguments: [
        (#""wait_s":0,"#, #""wait_s":-1,"#, "wait_s of call 0 must be seconds from 0 to less than 1,000,000,000"),
        (#""wait_s":0,"#, #""wait_s":1e9,"#, "wait_s of call 0 must be seconds from 0 to less than 1,000,000,000"),
        (#""abort":{"tok":3}"#, #""abort":{"x":3}"#, "abort of call 0 needs tok or s"),
        (#"[[7,1],[3,1]]"#, #"[[7,0]]"#, "h of call 0 must hold pairs"),
        (#""tok":2}"#, #""tok":"2"}"#, "asset page needs its size"),
        (#""type":"doc""#, #""type":"docs""#, "the type of asset page"),
        (#""id":"page""#, #""id":"system-1""#, "another asset system-1 stands before this one"),
        (#""final":"last""#, #""final":"0""#, "the final call of session s must be main or last"),
        (#"{"name":"read","n":5"#, #"{"n":5"#, "a tool call of 0 needs a name"),
        (#""in":29,"#, "", "call 0 needs in, the size of its whole prompt in tokens"),
        (#""cap":64"#, #""cap":0"#, "cap of call 0 must be a whole number of tokens from 1 to 100,000,000"),
        (#""temperature":0.5"#, #""temperature":9"#, "temperature of call 0 must be a number from 0 to 2"),
        (#""temperature":0.5"#, #""temperature":"0""#, "temperature of call 0 must be a number from 0 to 2"),
        (#""parallel":true"#, #""parallel":1"#, "parallel of call 0 must be true or false"),
        (#""err":true"#, #""err":"yes""#, "err of an added item of call 1 must be true or false"),
        (#""new":1"#, #""new":false"#, "new of call 0 must be 1 or true; without it the context goes on"),
        (
            #""tool_choice":"required""#, #""tool_choice":1"#,
            "tool_choice of call 0 must be auto, required, none or the"
        ),
        (#"{"tool_choice":"read"}"#, #""read""#, "opts of call 1 must be an object"),
    ])
    func `what is not of the format is named`(old: String, new: String, message: String) throws {
        let error = #expect(throws: SessionFileError.self) {
            try SessionFile.read(Array(everything.replacing(old, with: new).utf8))
        }
        #expect(error?.message.contains(message) == true, "\(error?.description ?? "")")
    }

    static let slips: [(String, String, Int, String)] = [
        (
            #""share":"tenant""#, #""share":"tenants""#, 5,
            "share of session s must be corpus, tenant or session, not 'tenants'; did you mean 'tenant'?"
        ),
        (
            #""share":"tenant""#, #""share":true"#, 5,
            "share of session s must be corpus, tenant or session, not 'true'"
        ),
        (
            #""final":"last""#, #""final":"lasst""#, 5,
            "the final call of session s must be main or last, not 'lasst'; did you mean 'last'?"
        ),
        (
            #"{"role":"tool","n":3,"err""#, #"{"role":"tol","n":3,"err""#, 5,
            "role of an added item of call 1 must be user, tool or doc, not 'tol'; did you mean 'tool'?"
        ),
        (
            #"{"role":"user""#, #"{"role":"bot""#, 5,
            "role of an added item of call 0 must be user, tool or doc, not 'bot'"
        ),
        (
            #""role":"small""#, #""role":"smal""#, 5,
            "role of call 1 must be main or small, not 'smal'; did you mean 'small'?"
        ),
        (#""role":"small""#, #""role":"planner""#, 5, "role of call 1 must be main or small, not 'planner'"),
        (
            #""wait":"tool""#, #""wait":"sleep""#, 5,
            "wait of call 1 must be start, tool, human or timer, not 'sleep'"
        ),
        (
            #""wait":"tool""#, #""wait":"tools""#, 5,
            "wait of call 1 must be start, tool, human or timer, not 'tools'; did you mean 'tool'?"
        ),
        (
            #""content":"mixed""#, #""content":"mxied""#, 1,
            "content must be lengths, text or mixed, not 'mxied'; did you mean 'mixed'?"
        ),
        (
            #""type":"doc""#, #""type":"docs""#, 4,
            "the type of asset page must be tools, system or doc, not 'docs'; did you mean 'doc'?"
        ),
        (
            #""kind":"session""#, #""kind":"sesion""#, 5,
            "the kind of a line must be header, asset or session, not 'sesion'; did you mean 'session'?"
        ),
        (#""kind":"session","#, "", 5, "the kind of a line must be header, asset or session"),
        (
            #""share":"tenant""#, #""share":"\#(String(repeating: "x", count: 90))""#, 5,
            "share of session s must be corpus, tenant or session, not '\(String(repeating: "x", count: 40))…'"
        ),
    ]

    @Test(arguments: slips)
    func `a value that is none of the few that may be is refused with its line, and the nearest is offered`(
        old: String, new: String, line: Int, message: String
    ) throws {
        let text = everything.replacing(old, with: new)
        #expect(text != everything)
        let error = #expect(throws: SessionFileError.self) { try SessionFile.read(Array(text.utf8)) }
        #expect(error?.line == line && error?.message == message, "\(error?.description ?? "read")")
    }

    @Test(arguments: [
        (#","share":"tenant""#, #","share":null"#), (#""wait":"tool","#, #""wait":null,"#),
        (#""role":"small","#, ""), (#""content":"mixed","#, ""), (#""final":"last","#, #""final":null,"#),
        (#""new":1"#, #""new":true"#), (#""err":true"#, #""err":false"#), (#""temperature":0.5"#, #""temperature":2"#),
        (#""opts":{"tool_choice":"read"}"#, #""opts":null"#), (#""cap":64"#, #""cap":1"#),
    ])
    func `what is left out, and the ends of what may be, are read`(old: String, new: String) throws {
        let text = everything.replacing(old, with: new)
        #expect(text != everything)
        let library = try SessionFile.read(Array(text.utf8))
        #expect(try SessionFile.read(SessionFile.write(library)) == library)
    }

    @Test func `a byte order mark before a file, or before one that stands behind another, is no fault`() throws {
        let marked: [UInt8] = [0xEF, 0xBB, 0xBF] + Array(everything.utf8)
        #expect(try SessionFile.read(marked) == (try library()))
        let header = everything.split(separator: "\n").prefix(1).joined() + "\n"
        #expect(try SessionFile.read(Array(header.utf8) + marked).sessions == (try library()).sessions)
        let empty = #expect(throws: SessionFileError.self) { try SessionFile.read([0xEF, 0xBB, 0xBF, 0x0A]) }
        #expect(empty?.message.contains("must come first") == true)
    }

    @Test func `recorded texts, tools and arguments are sent as they were`() throws {
        let transcript = transcript(try library())
        let prefix = transcript.prefix(agent: Call.mainAgent, runSalt: "")
        #expect(prefix.tools.map(\.name) == ["read"] && prefix.system == "Be brief.")
        let none = Salts(run: "", tenant: "", session: "")
        #expect(
            transcript.items(0, salts: none, tools: prefix.tools) == [.user("Read the file."), .user("A page.")])
        let second = transcript.items(1, salts: none, tools: prefix.tools)
        guard case .assistant(let answer)? = second.first, second.count == 3 else {
            return #expect(Bool(false), "\(second)")
        }
        #expect(answer.text == "I will." && answer.reasoning == "Hm.")
        #expect(answer.toolCalls.map(\.name) == ["read", "read"])
        #expect(answer.toolCalls.first?.arguments == #"{"path":"a"}"#)
        let results = second.dropFirst().compactMap { item -> ToolResult? in
            if case .toolResult(let result) = item { result } else { nil }
        }
        #expect(results.map(\.callIdentifier) == answer.toolCalls.map(\.identifier))
        #expect(results.first?.text == "x = 1" && results.map(\.isError) == [false, true])
    }

    @Test func `a document of one name is the same everywhere, and of another name another`() {
        func session(_ name: String, _ documents: [String]) -> Session {
            let added = documents.map { Call.AddedItem(role: "doc", tokens: 50, name: $0) }
            let call = Call(
                identifier: "0", after: [], waitKind: .start, context: .new, added: added,
                input: TokenCount(50 * documents.count), output: 1)
            return Session(identifier: SessionIdentifier(name), toolsTokens: .zero, systemTokens: .zero, calls: [call])
        }
        let library = SessionLibrary(
            header: SessionFile.header(name: "documents"),
            sessions: [session("a", ["x", "y"]), session("b", ["y", "x"])])
        let none = Salts(run: "", tenant: "", session: "")
        let texts = library.sessions.indices.map {
            transcript(library, $0, seed: UInt64($0)).items(0, salts: none, tools: [])
        }
        #expect(texts[0].count == 2 && texts[0] == texts[1].reversed())
        #expect(texts[0][0] != texts[0][1])
    }

    @Test func `only sessions with the same assets share a prefix`() {
        func session(_ name: String, system: String?) -> Session {
            let call = Call(
                identifier: "0", after: [], waitKind: .start, context: .new,
                added: [Call.AddedItem(role: "user", tokens: 10)], input: 110, output: 1)
            var session = Session(
                identifier: SessionIdentifier(name), toolsTokens: .zero, systemTokens: 100, calls: [call])
            session.prefixAssets[Call.mainAgent] = system.map { Session.PrefixAssets(system: $0) }
            return session
        }
        let header = SessionFile.header(name: "prefixes")
        func ideal(_ systems: [String?]) -> Int {
            PrefixReuse(
                SessionLibrary(
                    header: header, sessions: systems.enumerated().map { session("s\($0)", system: $1) })
            ).idealTokens
        }
        #expect(ideal([nil, nil, nil]) == 200)
        #expect(ideal(["a", "b", "a"]) == 100, "equal sizes alone are not equal bytes")
    }

    @Test func `recorded prefixes are shared whoever has them, and lists of tools as far as they begin alike`() {
        func tool(_ name: String) -> ToolDefinition {
            ToolDefinition(name: name, description: "Does it.", parameters: ["type": "object"])
        }
        let lists = ["x": ["a", "b"], "y": ["a", "c"], "z": ["b", "a"]]
        var assets = lists.mapValues { names in
            Asset(identifier: "", tokens: 40, content: .tools(names.map(tool)))
        }
        for name in assets.keys { assets[name]?.identifier = name }
        for name in ["p", "q"] { assets[name] = Asset(identifier: name, tokens: 60, content: .system(name)) }
        func session(_ names: (tools: String, system: String), _ place: Int, share: PrefixShare) -> Session {
            let call = Call(
                identifier: "0", agent: place == 2 ? "other" : Call.mainAgent, after: [], waitKind: .start,
                context: .new,
                added: [Call.AddedItem(role: "user", tokens: 10)], input: 110, output: 1)
            var session = Session(
                identifier: SessionIdentifier("s\(place)"), toolsTokens: 40, systemTokens: 60, share: share,
                agentPrefixTokens: ["other": 100], calls: [call])
            for agent in ["other", Call.mainAgent] {
                session.prefixAssets[agent] = Session.PrefixAssets(tools: names.tools, system: names.system)
            }
            return session
        }
        let names = [("x", "p"), ("x", "q"), ("x", "p"), ("y", "p"), ("z", "p")]
        for share in [PrefixShare.corpus, .tenant, .session] {
            var library = SessionLibrary(header: SessionFile.header(name: "x"), assets: assets, sessions: [])
            library.sessions = names.enumerated().map { session($1, $0, share: share) }
            let reuse = PromptReuse(
                library, library.sessions.map { ContextGraph($0) }, sessionCount: 5, salts: ReuseSalts())
            let cached = library.sessions.indices.map { reuse.cachedTokens(call: 0, session: $0, pass: 0).value }
            // The run's salt stands in the system prompt and in the first tool, with ten tokens in each.
            #expect(cached == [0, 0, 120, 100, 70])
        }
    }

    @Test func `equal block identifiers are equal bytes, in other sessions too, and sizes hold`() throws {
        func session(_ name: String, _ blocks: [Range<Int>], tokens: Int) -> Session {
            let call = Call(
                identifier: "0", after: [], waitKind: .start, context: .new,
                added: [Call.AddedItem(role: "user", tokens: TokenCount(tokens))], input: TokenCount(tokens),
                output: TokenCount(1), blocks: blocks)
            return Session(
                identifier: SessionIdentifier(name), toolsTokens: .zero, systemTokens: .zero, calls: [call])
        }
        let header = SessionFile.header(name: "blocks", block: 100, source: ["licence": "MIT"])
        let library = SessionLibrary(
            header: header,
            sessions: [session("a", [5..<8], tokens: 290), session("b", [5..<7, 20..<22], tokens: 390)])
        let salts = Salts(run: "aaaaaaaaaaaa", tenant: "bbbbbbbbbbbb", session: "cccccccccccc")
        let texts = library.sessions.indices.map { index -> [UInt8] in
            guard
                case .user(let text)? = transcript(library, index, seed: UInt64(index)).items(
                    0, salts: salts, tools: []
                )
                .first
            else { return [] }
            return Array(text.utf8)
        }
        // There is no system prompt, so the run's salt takes its room from the message.
        let salt = "[run aaaaaaaaaaaa]\n".centitokens
        for (text, tokens) in zip(texts, [290, 390]) {
            let size = String(decoding: text, as: UTF8.self).centitokens
            #expect(abs(size + salt - tokens * 100) <= 300, "\(size)")
        }
        let shared = TokenMeter().end(of: 19_900, in: texts[0][...])
        #expect(texts[0].prefix(shared) == texts[1].prefix(shared))
        #expect(texts[0].dropFirst(shared + 8).prefix(100) != texts[1].dropFirst(shared + 8).prefix(100))
        #expect(SessionLint.findings(library).isEmpty)
    }
}

@Suite struct DescriptionTests {
    private func call(_ name: String, _ input: Int, _ blocks: [Range<Int>], wait: Int = 0) -> Call {
        Call(
            identifier: CallIdentifier(name), after: [], wait: .seconds(wait), waitKind: .timer, context: .new,
            added: [Call.AddedItem(role: "user", tokens: TokenCount(input))], input: TokenCount(input),
            output: TokenCount(1), blocks: blocks)
    }

    private func library(_ sessions: [(start: Int, call: Call)], share: PrefixShare = .corpus) -> SessionLibrary {
        SessionLibrary(
            header: SessionFile.header(name: "blocks", block: 10, source: ["licence": "MIT"]),
            sessions: sessions.enumerated().map { index, part in
                Session(
                    identifier: SessionIdentifier("s\(index)"), toolsTokens: .zero, systemTokens: .zero, share: share,
                    calls: [part.call], start: .seconds(part.start))
            })
    }

    @Test func `what caches could hold follows the blocks and the recorded times`() {
        let parts = [
            (start: 0, call: call("a", 30, [1..<4])), (start: 10, call: call("b", 35, [1..<3, 9..<11])),
            (start: 400, call: call("c", 30, [1..<4])), (start: 401, call: call("d", 20, [2..<4])),
        ]
        // b finds blocks 1 and 2, c all three but too late for five minutes, d nothing: no prompt began with block 2.
        let reuse = PrefixReuse(library(parts))
        #expect(reuse.idealTokens == 20 + 30)
        #expect(reuse.freshTokens == 20)
        #expect(PrefixReuse(library(parts.reversed())) == reuse, "their order in the file does not matter")
        #expect(PrefixReuse(library(parts, share: .session)).idealTokens == 0)
    }

    @Test func `doubtful recordings are found`() {
        var calls = (0..<24).map { call("\($0)", 10, [0..<3], wait: 5 + $0 % 2) }
        calls[1].after = ["0"]
        calls[0].recorded.start = .zero
        calls[0].recorded.duration = .seconds(9)
        calls[1].recorded.start = .seconds(2)
        calls[2].wait = .seconds(90_000)
        var doubtful = library(calls.map { (start: 3, call: $0) })
        doubtful.sessions[0].calls = calls
        let text = SessionLint.findings(doubtful).map(\.description).joined(separator: "\n")
        for part in [
            "24 sessions have only 1 different start:", "waits are whole seconds", "answers have at most 1 token:",
            "call 1: it was sent 7 s before", "call 2: it waits for more than a day",
            "h names 3 blocks of 10 tokens, but in is 10",
        ] {
            #expect(text.contains(part), "\(part) in \(text)")
        }
        doubtful.sessions[1].prefixAssets = ["main": Session.PrefixAssets(tools: "nowhere")]
        #expect(SessionLint.findings(doubtful).contains { $0.severity == .error && $0.message.contains("nowhere") })
    }
}
