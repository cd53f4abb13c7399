import Encodings
import Foundation
import Records
import Testing

@testable import Commands

@Suite struct RehearsedPlanTests {
    /// Providers that nobody can reach from here, in all dialects, with keys that nobody has, routes, and a region in the URL.
    private static let providers = [
        (
            "chat",
            "dialect: openai-chat\nbase_url: https://chat.invalid/api/v1\nroute: {served_by: Nobody, required: true}"
        ),
        ("responses", "dialect: openai-responses\nbase_url: https://responses.invalid/v1"),
        ("messages", "dialect: anthropic-messages\nbase_url: https://messages.invalid"),
        ("converse", "dialect: bedrock-converse\nbase_url: https://bedrock.{region}.invalid\nregion: eu-west-1"),
        ("invoke", "dialect: bedrock-invoke\nbase_url: https://bedrock.{region}.invalid\nregion: eu-west-1"),
        ("gemini", "dialect: gemini\nbase_url: https://gemini.invalid/v1beta"),
        ("tgi", "dialect: tgi\nbase_url: https://tgi.invalid"),
        ("dashscope", "dialect: dashscope\nbase_url: https://dashscope.invalid/api/v1"),
        // What lies on loopback keeps neither its credential nor the tokens that another server would issue.
        ("near", "dialect: openai-chat\nbase_url: http://127.0.0.1:8197/v1"),
    ]

    private func makeFolder(_ settings: String = "") throws -> PlanFolder {
        let folder = try PlanFolder()
        try folder.writeSessions(2)
        for (name, lines) in Self.providers {
            try folder.write(
                """
                submeter: provider
                version: 1
                name: \(name)
                delivery_path: aggregator
                \(lines)
                authentication: {kind: bearer, environment: NO_SUCH_KEY_HERE}
                models: [{name: m, id: org/m, served_model: [other]}]
                """, to: "\(name).yaml")
        }
        let names = Self.providers.map(\.0)
        try folder.write(
            """
            submeter: plan
            version: 1
            name: far
            model: m
            providers: [\(names.map { "\($0).yaml" }.joined(separator: ", "))]
            prices: []
            workload: w.yaml
            endpoints: [\(names.map { "{provider: \($0)}" }.joined(separator: ", "))]
            rounds: 1
            sessions_per_round: 1
            live_sessions: 1
            time_scale: 0.001
            \(settings)
            """, to: "plan.yaml")
        return folder
    }

    @Test func `any plan is carried out against modelled providers, without keys, and says that it is a rehearsal`()
        throws
    {
        let folder = try makeFolder()
        let (plan, run) = (folder.path + "/plan.yaml", folder.path + "/run.sqlite")
        let outcome = submeter([
            "demo", "--plan", plan, "--output", run, "--ground-truth", folder.path + "/truth.jsonl",
        ])
        let file = try RunFile(path: run)
        #expect(file.isRehearsal && file.attempts.count == 2 * Self.providers.count, "\(outcome.messages)")
        for row in file.attempts {
            #expect(row.outcome == .ok, "\(row.place): \(row.outcome) \(row.errorText ?? "")")
            #expect(row.routeMismatch == nil)
        }
        let truth = try String(contentsOfFile: folder.path + "/truth.jsonl", encoding: .utf8)
        #expect(truth.split(separator: "\n").count == file.attempts.count)
        // The documents are those of the plan, so that what was rehearsed is what will be run.
        #expect(file.documents.providers.map(\.baseURL).contains("https://chat.invalid/api/v1"))
        let report = submeter(["report", run])
        #expect(report.output.hasPrefix("Rehearsal of m at 9 endpoints"))
        #expect(report.output.contains("no figure says anything of a real one"))
        let json = try JSONValue(parsing: Array(submeter(["rank", "--format", "json", run]).output.utf8))
        #expect(json["rehearsal"] == true)
        for words in [["rank", "--format", "csv"], ["report", "--format", "csv"], ["export", "--format", "csv"]] {
            let lines = submeter(words + [run]).output.split(separator: "\r\n")
            #expect(lines.count > 1 && lines[0].hasSuffix(",rehearsal"), "\(words)")
            #expect(lines.dropFirst().allSatisfy { $0.hasSuffix(",true") }, "\(words)")
        }
        let rows = submeter(["export", run]).output.split(separator: "\n")
        #expect(rows.count == file.attempts.count && rows.allSatisfy { $0.contains(#""rehearsal":true"#) })
        let again = submeter(["run", "--resume", run])
        #expect(again.code == .usage && again.messages.contains("is a rehearsal"), "\(again.messages)")
    }

    @Test func `no token is fetched for a plan whose endpoints lie on loopback`() throws {
        let folder = try makeFolder()
        try folder.write(
            """
            submeter: provider
            version: 1
            name: near
            delivery_path: hyperscaler
            dialect: openai-chat
            base_url: http://127.0.0.1:8197/v1
            authentication: {kind: entra, tenant: t, client: c, environment: NO_SUCH_KEY_HERE}
            models: [{name: m, id: m}]
            """, to: "near.yaml")
        let run = folder.path + "/run.sqlite"
        try folder.write(
            """
            submeter: plan
            version: 1
            name: near
            model: m
            providers: [near.yaml]
            prices: []
            workload: w.yaml
            endpoints: [{provider: near}]
            rounds: 1
            sessions_per_round: 1
            time_scale: 0.001
            """, to: "plan.yaml")
        let outcome = submeter(["demo", "--plan", folder.path + "/plan.yaml", "--output", run])
        #expect(try RunFile(path: run).attempts.map(\.outcome) == [.ok, .ok], "\(outcome.messages)")
    }

    @Test func `a rehearsal is never gone on with, for that would call the real providers`() throws {
        let folder = try makeFolder("stop: {duration: 1s}")
        try folder.write(PlanFolder.sessions(2, waitSeconds: 1_000_000), to: "s.jsonl")
        let run = folder.path + "/run.sqlite"
        _ = submeter(["demo", "--plan", folder.path + "/plan.yaml", "--output", run])
        let outcome = submeter(["run", "--resume", run])
        #expect(outcome.code == .usage && outcome.messages.contains("is a rehearsal"), "\(outcome.messages)")
    }

    @Test func `the fleet alone cannot stand where a plan points elsewhere, and says what can`() throws {
        let folder = try makeFolder()
        let outcome = submeter(["rehearse", "--seconds", "1", folder.path + "/plan.yaml"])
        #expect(outcome.code == .usage && outcome.messages.contains("submeter demo --plan PLAN"), "\(outcome.messages)")
    }
}
