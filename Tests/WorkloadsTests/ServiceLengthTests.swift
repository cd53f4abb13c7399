import Encodings
import Quantities
import Testing

@testable import Workloads

/// Importers of what services log: a proxy's spend log, and RAGPulse.
@Suite struct ServiceLengthTests {
    private static let passages = [
        #"{"sys_prompt_id": 8302, "token_length": 512}"#, #"{"sys_prompt_id": 15199, "token_length": 437}"#,
        #"{"sys_prompt_id": 8308, "token_length": 100}"#, #"{"sys_prompt_id": 15198, "token_length": 437}"#,
        #"{"passage_id": 7398, "token_length": 113}"#, #"{"passage_id": 7370, "token_length": 150}"#,
        #"{"history_id": 15200, "token_length": 11}"#, #"{"web_search_id": 20110, "token_length": 20}"#,
        #"{"user_input_id": 26923, "token_length": 30}"#, #"{"user_input_id": 26924, "token_length": 40}"#,
    ]

    private func question(
        _ time: String, _ input: Int, _ session: String, system: [Int], passages: [Int], web: [Int] = []
    ) -> String {
        #"{"timestamp": "\#(time)", "input_length": \#(input), "output_length": 192, "hash_ids": {"sys_prompt": "#
            + #"\#(system), "passages_ids": \#(passages), "history": [15200], "web_search": \#(web), "#
            + #""user_input": [26923]}, "session_id": "\#(session)"}"#
    }

    @Test func `components of RAGPulse are system prompts and documents with one text each`() throws {
        let questions = [
            question("90", 1300, "b", system: [8302, 15199], passages: [7398, 7370]),
            question("82", 1260, "a", system: [8302, 15198], passages: [7370, 7398], web: [20110]),
            question("100", 200, "b", system: [8308], passages: []),
            question("110", 300, "b", system: [8308], passages: [7398]),
        ]
        let library = try TextTraces.library(
            RAGPulseImporter.self, questions.joined(separator: "\n"), Self.passages.joined(separator: "\n"))
        #expect(
            LengthTraces.words(library) == [
                "a @0.0: 0.0 start new 512+0+[system-15198 doc 437, passage-7370 doc 150, passage-7398 doc 113, "
                    + "history-15200 doc 11, page-20110 doc 20, user 30]=1273>192",
                "b @8.0: 0.0 start new 512+0+[system-15199 doc 437, passage-7398 doc 113, passage-7370 doc 150, "
                    + "history-15200 doc 11, user 77]=1300>192 | 10.0 human new 100+0+[history-15200 doc 11, user 89]=200>192"
                    + " | 10.0 human new 100+0+[passage-7398 doc 113, history-15200 doc 11, user 76]=300>192",
            ])
        #expect(library.assets.keys.sorted() == ["system-8302", "system-8308"])
        #expect(library.sessions[1].calls.map(\.agent) == ["main", "system-8308", "system-8308"])
        #expect(library.sessions.map(\.finalCall) == [0, 2], "another system prompt is no sub-agent")
        #expect(try SessionFile.read(SessionFile.write(library)) == library)
        #expect(library.sessions[0].calls[0].other["recorded_in"] == 1260)
        #expect(library.sessions[1].calls[0].other["recorded_in"] == nil)
        let texts = [(0, 0), (1, 0), (1, 2)].map { LengthTraces.texts(library, $0.0, $0.1) }
        #expect(texts[0][0] == texts[1][0] && texts[0][0].hasPrefix("system: "))
        #expect(texts[0][2] == texts[1][3])
        #expect(texts[0][3] == texts[1][2])
        #expect(texts[1][2] == texts[2][1])
        #expect(texts[0][2] != texts[0][3] && texts[0][1] != texts[1][1] && texts[1][0] != texts[2][0])
        // The system prompts of the second session's first call and third call were sent before.
        let cached = WorkloadDescription(library).idealHitShare * Double(1273 + 1300 + 200 + 300)
        #expect(abs(cached - (512 + 100)) < 1e-6)
        #expect(try TextTraces.faults(library) == [])
        #expect(SessionLint.findings(library) == [])
    }

    @Test(arguments: [
        (["{}"], "line 1: a request needs hash_ids"),
        ([#"{"token_length": 4}"#], "line 1: the length of a component needs"),
        ([#"{"passage_id": 3, "token_length": -4}"#], "line 1: token_length must be"),
        (
            [
                #"{"timestamp":"1","input_length":5,"output_length":1,"hash_ids":{"passages_ids":["x"]},"session_id":"a"}"#
            ],
            "line 1: passages_ids must be a list of whole numbers"
        ),
        (
            [#"{"timestamp":"1","input_length":5,"output_length":1,"hash_ids":{}}"#],
            "line 1: a request needs a session_id"
        ),
        (
            [
                #"{"passage_id": 3, "token_length": 4}"#,
                #"{"timestamp":"1","input_length":5,"output_length":1,"hash_ids":{"passages_ids":[9]},"session_id":"a"}"#,
            ], "line 2: no length is known of component 9"
        ),
    ])
    func `a broken line of RAGPulse is named`(lines: [String], expected: String) {
        let message = LengthTraces.refusal(RAGPulseImporter.self, lines)
        #expect(message?.hasPrefix(expected) == true, "\(message ?? "no error")")
    }
}

extension ServiceLengthTests {
    private static let header =
        "request_id,call_type,prompt_tokens,completion_tokens,startTime,completionStartTime,endTime,model,cache_hit,"
        + "end_user,session_id,status,metadata"
    private static let metadata =
        #""{""usage_object"": {""prompt_tokens_details"": {""cached_tokens"": 800}, "#
        + #"""completion_tokens_details"": {""reasoning_tokens"": 20}}}""#
    private static let table = [
        header,
        "1,acompletion,2000,50,2026-01-05 10:01:00,2026-01-05 10:01:02,2026-01-05 10:01:04,small,False,,s1,success,",
        "2,acompletion,1000,100,2026-01-05 10:00:00.5,2026-01-05 10:00:01,2026-01-05 10:00:05.5,big,False,,s1,success,",
        "3,acompletion,1100,60,2026-01-05 10:00:10,2026-01-05 10:00:11,2026-01-05 10:00:15,big,False,,s1,success,\(metadata)",
        "4,acompletion,1140,60,2026-01-05 10:00:20,2026-01-05 10:00:25,2026-01-05 10:00:25,big,True,,s1,success,",
        "5,acompletion,1500,60,2026-01-05 10:00:22,2026-01-05 10:00:23,2026-01-05 10:00:24,big,,,s1,success,",
        "6,acompletion,0,0,2026-01-05 10:00:30,,2026-01-05 10:00:31,big,,,s1,failure,",
        "7,aembedding,300,0,2026-01-05 10:00:30,,2026-01-05 10:00:31,e,,,s1,success,",
        "8,acompletion,10,5,2026-01-05 11:00:00,,2026-01-05 11:00:01,big,,u1,,success,",
        "9,acompletion,30,5,2026-01-05 11:29:00,,2026-01-05 11:29:30,big,,u1,,success,",
        "10,acompletion,40,5,2026-01-05 12:00:01,,2026-01-05 12:00:02,big,,u1,,success,",
        "11,acompletion,40,5,2026-01-05 12:00:01,,2026-01-05 12:00:02,big,,,,success,",
    ]

    @Test func `rows of a spend log become sessions`() throws {
        let library = try LengthTraces.library(LiteLLMImporter.self, Self.table)
        #expect(
            LengthTraces.words(library) == [
                "s1 @0.0: 0.0 start new 0+0+[user 1000]=1000>100 | 4.5 human on 1000+100+[]=1100>60"
                    + " | 5.0 human on 1100+40+[]=1140>60 | 7.0 human new 0+0+[user 1500]=1500>60"
                    + " | 35.0 human new 0+0+[user 2000]=2000>50",
                "u1-1 @3599.5: 0.0 start new 0+0+[user 10]=10>5 | 1739.0 human on 10+5+[user 15]=30>5",
                "u1-2 @7200.5: 0.0 start new 0+0+[user 40]=40>5", "row-9 @7200.5: 0.0 start new 0+0+[user 40]=40>5",
            ])
        let calls = library.sessions[0].calls
        #expect(
            calls.map(\.recorded.timeToFirstToken) == [.milliseconds(500), .seconds(1), nil, .seconds(1), .seconds(2)])
        #expect(calls[1].recorded.cached == 800)
        #expect(calls[1].reasoning == 20)
        #expect(calls.map(\.agent) == ["main", "main", "main", "main", "small"])
        #expect(library.sessions.map(\.finalCall) == [4, 1, 0, 0], "another model is no sub-agent")
        var cut = library.sessions[0]
        cut.agentPrefixTokens = [:]
        cut.calls.removeLast(2)
        #expect(cut.finalCall == 2, "also of a session that is cut")
        #expect(calls[3].after == ["1"])
        #expect(calls[4].after == ["2"])
        #expect(SessionLint.findings(library) == [])
        #expect(try TextTraces.faults(library) == [])
    }

    @Test func `a spend log may be JSON lines or lists, its times numbers, and calls run side by side`() throws {
        let row = { (start: String, end: String, input: Int) in
            #"{"session_id":"a","prompt_tokens":\#(input),"completion_tokens":5,"startTime":\#(start),"endTime":\#(end),"#
                + #""completionStartTime":null,"metadata":{"usage_object":{"cache_read_input_tokens":7}},"cache_hit":false}"#
        }
        let lines = [
            row("1700000000", "1700000009", 50), row("1700000002.5", "1700000004", 60),
            "[" + row(#""2023-11-14T22:13:25Z""#, #""2023-11-14T22:13:26Z""#, 65) + "]",
            "{\"data\":[" + row("1700000010", "1700000011", 90) + "]}",
        ]
        let library = try LengthTraces.library(LiteLLMImporter.self, lines)
        #expect(
            LengthTraces.words(library) == [
                "a @0.0: 0.0 start new 0+0+[user 50]=50>5 | 2.5 start new 0+0+[user 60]=60>5"
                    + " | 1.0 human on 60+5+[]=65>5 | 4.0 human on 65+5+[user 20]=90>5"
            ])
        #expect(library.sessions[0].calls[0].recorded.cached == 7)
        #expect(library.sessions[0].calls[1].after == [])
        #expect(SessionLint.findings(library) == [])
        #expect(try TextTraces.faults(library) == [])
    }

    /// Rows of one session that follow one another: the sizes of prompts and answers, and what came from a cache.
    private func rows(_ sizes: [(input: Int, output: Int, cached: Int?)]) -> [String] {
        sizes.enumerated().map { index, size in
            let cached = size.cached.map { #","metadata":{"usage_object":{"cache_read_input_tokens":\#($0)}}"# } ?? ""
            return #"{"session_id":"a","model":"m","prompt_tokens":\#(size.input),"completion_tokens":\#(size.output),"#
                + #""startTime":\#(1_700_000_000 + index * 10),"endTime":\#(1_700_000_004 + index * 10)\#(cached)}"#
        }
    }

    @Test(arguments: [nil, 50_000])
    func `a row goes on from the context that it is as large as, and not from a helper's`(cached: Int?) throws {
        let library = try LengthTraces.library(
            LiteLLMImporter.self,
            rows([(50_000, 100, nil), (500, 20, nil), (50_600, 200, cached), (900, 9, nil), (50_900, 1, nil)]))
        #expect(
            LengthTraces.words(library) == [
                "a @0.0: 0.0 start new 0+0+[user 50000]=50000>100 | 6.0 human new 0+0+[user 500]=500>20"
                    + " | 16.0 human fork 0 50000+100+[user 500]=50600>200 | 16.0 human fork 1 500+20+[user 380]=900>9"
                    + " | 16.0 human fork 2 50600+200+[user 100]=50900>1"
            ])
        #expect(try TextTraces.faults(library) == [])
    }

    @Test func `after a compaction rows go on from it, and what a cache held tells which context it was`() throws {
        let library = try LengthTraces.library(
            LiteLLMImporter.self,
            rows([
                (30_000, 100, nil), (20_000, 100, nil), (30_050, 100, nil), (31_000, 100, nil), (9000, 100, nil),
                (31_500, 10, 9050),
            ]))
        #expect(library.sessions[0].calls.map(\.context) == [.new, .new, .continuing, .continuing, .new, .fork("3")])
        let both = try LengthTraces.library(
            LiteLLMImporter.self, rows([(30_000, 100, nil), (20_000, 100, nil), (31_000, 100, 25_000)]))
        #expect(both.sessions[0].calls.map(\.context) == [.new, .new, .fork("0")])
    }

    @Test func `only waits are cut at eleven days`() throws {
        let rows = ["2026-01-05T10:00:00Z", "2026-01-25T10:00:00Z"].map {
            #"{"session_id":"a","prompt_tokens":9,"completion_tokens":5,"startTime":"\#($0)","endTime":"\#($0)"}"#
        }
        let library = try LengthTraces.library(LiteLLMImporter.self, rows)
        #expect(library.sessions[0].calls.map(\.recorded.start) == [.zero, .seconds(20 * 86_400)])
        #expect(library.sessions[0].calls[1].wait == TraceTime.longest)
        #expect(SessionLint.findings(library).map(\.message) == ["call 1: it waits for more than a day"])
    }

    @Test(arguments: [
        (["prompt_tokens,completion_tokens"], "line 1: the header lacks the columns starttime, endtime"),
        (
            ["startTime,endTime,prompt_tokens,completion_tokens", "2026-01-05 10:00:05,2026-01-05 10:00:00,1,1"],
            "line 2: startTime and endTime must be"
        ),
        (
            ["startTime,endTime,prompt_tokens,completion_tokens", "2026-01-05 10:00:05,2026-01-05 10:00:06,-1,1"],
            "line 2: prompt_tokens must be"
        ),
        ([#"{"prompt_tokens":1,"completion_tokens":1}"#], "line 1: startTime and endTime must be"),
        ([#"{"prompt_tokens":1,"completion_tokens":1,"startTime":0,"endTime":1}"#, "{"], "line 2: not JSON"),
        (["[3]"], "line 1: a record must be a JSON object"),
    ])
    func `a broken row of a spend log is named`(lines: [String], expected: String) {
        let message = LengthTraces.refusal(LiteLLMImporter.self, lines)
        #expect(message?.hasPrefix(expected) == true, "\(message ?? "no error")")
    }
}
