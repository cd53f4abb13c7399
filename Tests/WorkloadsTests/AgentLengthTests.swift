import Encodings
import Quantities
import Testing

@testable import Workloads

/// Importers of agents' sessions that hold lengths.
@Suite struct AgentLengthTests {
    @Test func `AIPerf's turns add to what stands before them`() throws {
        let library = try LengthTraces.library(
            AIPerfImporter.self,
            [
                #"{"session_id":"abc","timestamp":2000,"input_length":1300,"output_length":40,"hash_ids":[4,5,6]}"#,
                #"{"timestamp":500.5,"input_length":655,"output_length":52,"hash_ids":[46,47]}"#,
                #"{"session_id":"abc","delay":2500,"input_length":150,"output_length":20,"hash_ids":[7],"extra":{"a":1}}"#,
                #"{"session_id":7,"input_length":10,"output_length":4}"#,
                #"{"session_id":7,"timestamp":3000,"input_length":10,"output_length":4}"#,
                #"{"session_id":"abc","timestamp":9000,"input_length":0,"output_length":5}"#,
            ])
        #expect(
            LengthTraces.words(library) == [
                "7 @-: 0.0 start new 0+0+[user 10]=10>4 | 0.0 human on 10+4+[user 10]=24>4",
                "line-file0-2 @0.0: 0.0 start new 0+0+[user 655]=655>52",
                "abc @1.4995: 0.0 start new 0+0+[user 1300]=1300>40 | 2.5 human on 1300+40+[user 150]=1490>20"
                    + " | 0.0 human on 1490+20+[]=1510>5",
            ])
        #expect(library.sessions[2].calls.map(\.blocks) == [[4..<7], [], []])
        #expect(library.sessions[2].calls.map(\.recorded.start) == [.zero, nil, .seconds(7)])
        #expect(SessionLint.findings(library) == [])
        #expect(try TextTraces.faults(library) == [])
    }

    @Test func `lines without a session of files of one name are sessions of their own`() throws {
        let line = #"{"input_length":10,"output_length":4}"#
        let files = ["trace", "trace", "other"].map { (name: $0, bytes: Array(line.utf8)) }
        let library = try TraceImport.library(AIPerfImporter.self, files, ImportOptions(licence: "none"))
        #expect(library.sessions.map(\.identifier) == ["line-trace-1", "line-2/trace-1", "line-3/other-1"])
        #expect(library.sessions.map(\.calls.count) == [1, 1, 1])
    }

    @Test func `AIPerf's whole prompts are new each time`() throws {
        let mode = #""context_mode":"message_array_with_responses""#
        let library = try LengthTraces.library(
            AIPerfImporter.self,
            [
                #"{"session_id":"a","timestamp":0,"input_length":600,"output_length":40,"hash_ids":[1,2],\#(mode)}"#,
                #"{"session_id":"a","timestamp":7000,"input_length":900,"output_length":20,"hash_ids":[1,3],\#(mode)}"#,
            ])
        #expect(
            LengthTraces.words(library) == [
                "a @0.0: 0.0 start new 0+0+[user 600]=600>40 | 7.0 human new 0+0+[user 900]=900>20"
            ])
        #expect(library.sessions[0].calls[1].blocks == [1..<2, 3..<4])
        #expect(try TextTraces.faults(library) == [])
    }

    @Test(arguments: [
        (#"{"text_input":"hi","output_length":4}"#, "line 1: the turn holds a text (text_input)"),
        (#"{"messages":[],"output_length":4}"#, "line 1: the turn holds a text (messages)"),
        (#"{"input_length":4}"#, "line 1: output_length must be"),
        (#"{"input_length":4,"output_length":4,"delay":-1}"#, "line 1: delay must be"),
        (#"{"input_length":4,"output_length":4,"context_mode":"deltas_with_responses"}"#, "line 1: context_mode is"),
        (#"{"input_length":4,"output_length":4,"hash_ids":[1.5]}"#, "line 1: hash_ids must hold"),
        (#"{"input_length":true,"output_length":4}"#, "line 1: input_length must be"),
    ])
    func `a turn that cannot be imported is named`(text: String, expected: String) {
        let message = LengthTraces.refusal(AIPerfImporter.self, [text])
        #expect(message?.hasPrefix(expected) == true, "\(message ?? "no error")")
    }
}

extension AgentLengthTests {
    @Test func `a line of trie is a session of tool turns`() throws {
        let library = try LengthTraces.library(
            TrieImporter.self,
            [
                #"{"num_turns":2,"input_prompt_length":4096,"assistant_response_length":[128,96],"#
                    + #""tool_call_output_length":[512,0],"tool_call_latency":[1.4,0],"final_assistant_response_length":64}"#,
                #"{"num_turns":0,"input_prompt_length":32,"assistant_response_length":[],"tool_call_output_length":[],"#
                    + #""tool_call_latency":[],"final_assistant_response_length":7}"#,
            ])
        #expect(
            LengthTraces.words(library) == [
                "trie-1 @-: 0.0 start new 1024+0+[user 3072]=4096>128 | 1.4 tool on 4096+128+[tool 512]=4736>96"
                    + " | 0.0 tool on 4736+96+[tool 0]=4832>64",
                "trie-2 @-: 0.0 start new 0+0+[user 32]=32>7",
            ])
        #expect(SessionLint.findings(library) == [])
        #expect(try TextTraces.faults(library) == [])
        let transcript = TextTraces.transcript(library.sessions[0], library)
        #expect(!transcript.prefix(agent: "main", runSalt: "").tools.isEmpty)
    }

    @Test(arguments: [
        (#"{"input_prompt_length":-1}"#, "line 1: input_prompt_length must be"),
        (
            #"{"input_prompt_length":5,"assistant_response_length":3}"#,
            "line 1: assistant_response_length must be a list"
        ),
        (
            #"{"input_prompt_length":5,"assistant_response_length":[1],"tool_call_output_length":[1],"#
                + #""tool_call_latency":[],"final_assistant_response_length":1}"#,
            "line 1: the session has 1 turn, but 1 response, 1 tool output and 0 latencies"
        ),
        (
            #"{"num_turns":2,"input_prompt_length":5,"assistant_response_length":[1],"tool_call_output_length":[1],"#
                + #""tool_call_latency":[1],"final_assistant_response_length":1}"#,
            "line 1: the session has 2 turns, but 1 response, 1 tool output and 1 latency"
        ),
        (
            #"{"input_prompt_length":5,"assistant_response_length":[1],"tool_call_output_length":[1],"#
                + #""tool_call_latency":[-1],"final_assistant_response_length":1}"#,
            "line 1: each of tool_call_latency must be a time"
        ),
        (
            #"{"input_prompt_length":5,"assistant_response_length":[],"tool_call_output_length":[],"#
                + #""tool_call_latency":[]}"#, "line 1: final_assistant_response_length must be"
        ),
    ])
    func `a broken line of trie is named`(text: String, expected: String) {
        let message = LengthTraces.refusal(TrieImporter.self, [text])
        #expect(message?.hasPrefix(expected) == true, "\(message ?? "no error")")
    }
}

extension AgentLengthTests {
    /// A round of TraceLab's format; the input at one second, the answer at another, after 2026-06-01T05:40:00Z.
    private func round(
        _ session: String, _ index: Int, _ input: Int, cached: Int, _ output: Int, reasoning: String = "null",
        from first: String, asked: String, answered: String, tools: String = "", identifier: String? = nil
    ) -> String {
        #"{"provider":"claude","session_id":"\#(session)","round_index":\#(index),"round_id":"\#(identifier ?? "\(index)")","#
            + #""model":"m","input_tokens_total":\#(input),"prefix_tokens":\#(cached),"output_tokens":\#(output),"#
            + #""reasoning_output_tokens":\#(reasoning),"timing_events":["#
            + #"{"event_type":"\#(first)","timestamp":"2026-06-01T05:40:\#(asked)Z"},"#
            + #"{"event_type":"tool_call","timestamp":"2026-06-01T05:40:\#(answered)Z"}],"tools":[\#(tools)]}"#
    }

    private static let tools =
        #"{"tool_name":"Bash","input_chars":380,"result_chars":299,"is_error":true},"#
        + #"{"tool_name":"Read","input_chars":0,"result_chars":99,"is_error":false}"#

    @Test func `rounds of TraceLab wait for tools and humans`() throws {
        let library = try LengthTraces.library(
            TraceLabImporter.self,
            [
                round("b", 0, 900, cached: 0, 9, from: "user_message", asked: "20.151", answered: "31.647"),
                round(
                    "a", 1, 32_000, cached: 29_000, 500, reasoning: "200", from: "tool_result", asked: "30",
                    answered: "33.5"),
                round(
                    "a", 0, 30_400, cached: 28_000, 600, from: "user_message", asked: "02.25", answered: "12",
                    tools: Self.tools),
                round("a", 2, 33_000, cached: 32_000, 50, from: "user_message", asked: "53", answered: "54"),
                round("a", 2, 33_000, cached: 32_000, 50, from: "user_message", asked: "53", answered: "54"),
                round("a", 3, 31_000, cached: 29_500, 50, from: "tool_result", asked: "55", answered: "56"),
                round("a", 4, 30_000, cached: 0, 50, from: "user_message", asked: "57", answered: "58"),
                round("a", 5, 500, cached: 0, 5, from: "user_message", asked: "58", answered: "59"),
                round("a", 6, 30_050, cached: 0, 5, from: "user_message", asked: "59", answered: "59.5"),
            ])
        #expect(
            LengthTraces.words(library) == [
                "a @0.0: 0.0 start new 28000+0+[user 2400]=30400>600"
                    + " | 18.0 tool on 30400+600+[Bash tool 750, Read tool 250]=32000>500"
                    + " | 19.5 human on 32000+300+[user 700]=33000>50 | 1.0 tool keep 29500 29500+0+[user 1500]=31000>50"
                    + " | 1.0 human new 28000+0+[user 2000]=30000>50 | 0.0 human new 0+0+[user 500]=500>5"
                    + " | 1.0 human on 30000+50+[]=30050>5",
                "b @17.901: 0.0 start new 0+0+[user 900]=900>9",
            ])
        let calls = library.sessions[0].calls
        #expect(calls[0].answer.toolCalls.map(\.name) == ["Bash", "Read"])
        #expect(calls[0].answer.toolCalls.map(\.tokens) == [100, 0])
        #expect(calls[1].added.map(\.isError) == [true, false])
        #expect(calls[1].reasoning == 200)
        #expect(calls[1].recorded.cached == 29_000)
        #expect(calls[1].recorded.duration == .milliseconds(3500))
        #expect(calls[5].agent == "helper_5")
        #expect(library.sessions[0].toolsTokens == 21_000)
        #expect(SessionLint.findings(library) == [])
        #expect(try TextTraces.faults(library) == [])
    }

    @Test(arguments: [
        (#"{"session_id":"a"}"#, "line 1: round_index must be"),
        (#"{"round_index":1}"#, "line 1: a round needs a session_id"),
        (#"{"session_id":"a","round_index":0,"output_tokens":1}"#, "line 1: input_tokens_total must be"),
        (
            #"{"session_id":"a","round_index":0,"output_tokens":1,"input_tokens_total":5,"#
                + #""timing_events":[{"event_type":"text","timestamp":"soon"}]}"#, "line 1: the timestamp of each event"
        ),
        (
            #"{"session_id":"a","round_index":0,"output_tokens":1,"input_tokens_total":5,"tools":[{}]}"#,
            "line 1: a tool needs a tool_name"
        ),
        (
            #"{"session_id":"a","round_index":0,"output_tokens":1,"input_tokens_total":5,"prefix_tokens":-3}"#,
            "line 1: prefix_tokens must be"
        ),
    ])
    func `a broken round is named`(text: String, expected: String) {
        let message = LengthTraces.refusal(TraceLabImporter.self, [text])
        #expect(message?.hasPrefix(expected) == true, "\(message ?? "no error")")
    }
}
