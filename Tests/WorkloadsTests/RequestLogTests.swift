import Encodings
import Quantities
import Testing

@testable import Workloads

/// Importers of tables that hold one request a row.
@Suite struct RequestLogTests {
    @Test func `each row of Azure's traces is a session of one call`() throws {
        let library = try LengthTraces.library(
            AzureImporter.self,
            [
                "TIMESTAMP,ContextTokens,GeneratedTokens\r", "2023-11-16 18:17:03.9799600,4808,10\r",
                "2023-11-16 18:17:04.0319600,3180,8\r", "2024-05-10 00:00:00.009930+00:00,110,27",
            ])
        #expect(
            LengthTraces.words(library) == [
                "azure-1 @0.0: 0.0 start new 0+0+[user 4808]=4808>10",
                "azure-2 @0.052: 0.0 start new 0+0+[user 3180]=3180>8",
                "azure-3 @15140576.02997: 0.0 start new 0+0+[user 110]=110>27",
            ])
        #expect(try TextTraces.faults(library) == [])
    }

    @Test(arguments: [
        (["TIMESTAMP,ContextTokens", "2023-11-16 18:17:03,1"], "line 1: the header lacks the columns generatedtokens"),
        (["TIMESTAMP,ContextTokens,GeneratedTokens", "2023-11-16 18:17:03,1"], "line 2: the row has 2 fields"),
        (["TIMESTAMP,ContextTokens,GeneratedTokens", "yesterday,1,2"], "line 2: TIMESTAMP must be a date"),
        (["TIMESTAMP,ContextTokens,GeneratedTokens", "2023-11-16 18:17:03,-1,2"], "line 2: ContextTokens must be a"),
        (
            ["TIMESTAMP,ContextTokens,GeneratedTokens", "2023-11-16 18:17:03,1,2.5"],
            "line 2: GeneratedTokens must be a"
        ),
        (
            ["TIMESTAMP,ContextTokens,GeneratedTokens", "2023-11-16 18:17:03,1,nan"],
            "line 2: GeneratedTokens must be a"
        ),
        (
            ["TIMESTAMP,ContextTokens,GeneratedTokens", "2023-11-16 18:17:03,1,1e9"],
            "line 2: GeneratedTokens must be a"
        ),
        (
            ["TIMESTAMP,ContextTokens,GeneratedTokens", "2023-11-16 18:17:03,1,2", "2023-11-16 18:17:01,1,2"],
            "line 3: its time lies 2.0 s before the first record's"
        ),
        (
            ["TIMESTAMP,ContextTokens,GeneratedTokens", "1970-11-16 18:17:03,1,2", "2023-11-16 18:17:01,1,2"],
            "line 3: its time lies 1672531198.0 s after the first"
        ),
        (["TIMESTAMP,ContextTokens,GeneratedTokens", "2023-11-16 18:17:03,\"1\"2,2"], "line 2: not comma-separated"),
        (["TIMESTAMP,ContextTokens,GeneratedTokens", "2023-11-16 18:17:03,1,\"2"], "line 2: the file ends inside"),
        (["", "TIMESTAMP,ContextTokens,GeneratedTokens"], "line 2: the first line must name the columns"),
    ])
    func `a broken row is named`(lines: [String], expected: String) {
        let message = LengthTraces.refusal(AzureImporter.self, lines)
        #expect(message?.hasPrefix(expected) == true, "\(message ?? "no error")")
    }

    @Test func `rows of BurstGPT become sessions by their ID, and failures are left out`() throws {
        let library = try LengthTraces.library(
            BurstGPTImporter.self,
            [
                "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,Log Type",
                "19440110.0,a,43,GPT-4,906,446,1352,Conversation log", "19440115.0,,1,ChatGPT,90,4,94,API log",
                "19440161.0,b,2,ChatGPT,36,29,65,Conversation log", "19440170.0,a,0,GPT-4,950,0,950,Conversation log",
                "19440192.0,a,8,GPT-4,1779,123,1902,Conversation log", "19440194.0,a,1,GPT-4,5,1,6,Conversation log",
                "19526600.0,b,3,ChatGPT,935,178,1113,Conversation log",
            ])
        #expect(
            LengthTraces.words(library) == [
                "burstgpt-2 @5.0: 0.0 start new 0+0+[user 90]=90>4",
                "burstgpt-3 @51.0: 0.0 start new 0+0+[user 36]=36>29",
                "burstgpt-1 @0.0: 0.0 start new 0+0+[user 906]=906>446 | "
                    + "39.0 human new 0+0+[user 1779]=1779>123 | 0.0 human new 0+0+[user 5]=5>1",
                "burstgpt-4 @86490.0: 0.0 start new 0+0+[user 935]=935>178",
            ])
        #expect(try TextTraces.faults(library) == [])
        let session = try #require(library.sessions.first { $0.calls.count == 3 })
        #expect(session.profile == "Conversation log")
        #expect(session.calls.map(\.recorded.start) == [.zero, .seconds(82), .seconds(84)])
        #expect(session.calls.map(\.recorded.duration) == [.seconds(43), .seconds(8), .seconds(1)])
        #expect(session.calls[0].other["recorded_model"] == "GPT-4")
    }

    @Test func `older files of BurstGPT have neither sessions nor elapsed times`() throws {
        let library = try LengthTraces.library(
            BurstGPTImporter.self,
            [
                "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type",
                "5,ChatGPT,472,18,490,Conversation log", "10540000,GPT-4,417,276,693,Conversation log",
            ])
        #expect(
            LengthTraces.words(library) == [
                "burstgpt-1 @0.0: 0.0 start new 0+0+[user 472]=472>18",
                "burstgpt-2 @10539995.0: 0.0 start new 0+0+[user 417]=417>276",
            ])
        #expect(try TextTraces.faults(library) == [])
    }

    @Test(arguments: [
        ("-5,m,1,2,3,API log", "line 2: Timestamp must be a time"),
        ("5,m,-1,2,3,API log", "line 2: Request tokens must be"),
        ("5,m,1,,3,API log", "line 2: Response tokens must be"),
        ("x,m,1,2,3,API log", "line 2: Timestamp must be a time"),
    ])
    func `a broken row of BurstGPT is named`(row: String, expected: String) {
        let header = "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type"
        let message = LengthTraces.refusal(BurstGPTImporter.self, [header, row])
        #expect(message?.hasPrefix(expected) == true, "\(message ?? "no error")")
    }

    @Test func `single calls of equal sizes are no doubles, but equal texts, blocks and longer sessions are`() {
        let item = Call.AddedItem(role: "user", tokens: 10)
        let call = Call(
            identifier: "0", after: [], waitKind: .start, context: .new, added: [item], input: 10, output: 5)
        var (blocks, text) = (call, call)
        blocks.blocks = [7..<8]
        text.added[0].text = "hello"
        var second = call
        second.identifier = "1"
        for (calls, isTold) in [([call], false), ([blocks], true), ([text], true), ([call, second], true)] {
            let sessions = ["a", "b"].map {
                Session(identifier: $0, toolsTokens: .zero, systemTokens: .zero, calls: calls)
            }
            let header = SessionFile.header(name: "x", source: ["licence": "none"])
            let findings = SessionLint.findings(SessionLibrary(header: header, sessions: sessions))
            #expect(findings.contains { $0.message == "its calls equal those of a" } == isTold, "\(findings)")
        }
    }
}

@Suite(.enabled(if: SharedData.exists, "needs ../shared/data, which only developers have"))
struct AzureTraceTests {
    @Test func `Azure's code trace of 2023 comes out whole`() throws {
        let bytes = try TextTraces.bytes("azure/AzureLLMInferenceTrace_code.csv.gz")
        let library = try TraceImport.library(
            AzureImporter.self, [("code", bytes)], ImportOptions(licence: "CC-BY-4.0"))
        let rows = String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline).dropFirst().map {
            $0.split(separator: ",").dropFirst().compactMap { Int($0) }
        }
        #expect(library.sessions.count == rows.count)
        #expect(library.sessions.map { $0.calls[0].input.value } == rows.map { $0[0] })
        #expect(library.sessions.map { $0.calls[0].output.value } == rows.map { $0[1] })
        let starts = library.sessions.compactMap(\.start)
        #expect(starts == starts.sorted())
        #expect(starts.first == .zero)
        #expect(SessionLint.findings(library) == [])
    }
}
