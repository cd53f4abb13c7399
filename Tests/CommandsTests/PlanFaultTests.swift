import Testing

@testable import Commands

@Suite struct PlanFaultTests {
    private func check(_ folder: PlanFolder) -> [String] {
        let outcome = submeter(["check", folder.path + "/plan.yaml"])
        #expect(outcome.code == .usage && outcome.output.isEmpty, "\(outcome.output)")
        return outcome.messages.split(separator: "\n").map { String($0).replacing(folder.path + "/", with: "") }
    }

    @Test(arguments: ["rounds: 2", "rounds: two"])
    func `an unknown generator is told with its place, alone and beside other faults`(rounds: String) throws {
        let folder = try PlanFolder(rounds)
        try folder.write("submeter: workload\nversion: 1\nname: w\ngenerator: coding-s\n", to: "w.yaml")
        let found = check(folder)
        #expect(found.count == (rounds == "rounds: 2" ? 1 : 2), "\(found)")
        #expect(
            found.last?.contains("w.yaml:4:12: generator: no generator is named 'coding-s'; did you mean 'coding-S'?")
                == true, "\(found)")
        if rounds == "rounds: two" { #expect(found[0].contains("plan.yaml:9:9: rounds: 'two' is not"), "\(found)") }
    }

    @Test(arguments: ["rounds: 2", "rounds: two"])
    func `a fault of the sessions is told with the place of their name, alone and beside other faults`(
        rounds: String
    ) throws {
        let folder = try PlanFolder(rounds)
        try folder.write("{\"kind\":\"nothing\"}\n", to: "s.jsonl")
        let found = check(folder)
        #expect(found.count == (rounds == "rounds: 2" ? 1 : 2), "\(found)")
        #expect(found.last?.contains("w.yaml:4:16: sessions_file: 's.jsonl'") == true, "\(found)")
        let sound = try PlanFolder("rounds: two")
        try sound.writeSessions(2)
        #expect(check(sound).count == 1)
    }

    @Test func `what does not fit together is told with the plan's name at least`() throws {
        let folder = try PlanFolder("load: {kind: recorded}")
        try folder.write("submeter: workload\nversion: 1\nname: w\ngenerator: coding-S\n", to: "w.yaml")
        let found = check(folder)
        #expect(found.count == 1 && found[0].contains("plan.yaml: plan 'x': load.kind is recorded"), "\(found)")
    }

    @Test func `a price that is missing and sessions that are wrong are told together`() throws {
        let folder = try PlanFolder("budget: 1 USD")
        try folder.write("{\"kind\":\"nothing\"}\n", to: "s.jsonl")
        let found = check(folder)
        #expect(found.count == 2, "\(found)")
        #expect(found[0].contains("plan.yaml:8:13: endpoints.p: has no price of the model 'm'"), "\(found)")
        #expect(found.last?.contains("w.yaml:4:16: sessions_file:") == true, "\(found)")
    }
}
