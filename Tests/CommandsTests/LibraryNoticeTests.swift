import Testing

@testable import Commands

@Suite struct LibraryNoticeTests {
    static let choices: [(String, Int, Int, String?)] = [
        ("rounds: 2\nsessions_per_round: 3", 2, 1, "has 2 sessions, and the plan needs 6: each is sent 3 times"),
        ("rounds: 2\nsessions_per_round: 3", 4, 1, "has 4 sessions, and the plan needs 6: each is sent up to 2 times"),
        ("rounds: 2\nsessions_per_round: 3", 6, 1, nil), ("rounds: 1\nsessions_per_round: 3", 6, 1, nil),
        (
            "rounds: 1\nsessions_per_round: 2\ntool_choice: recorded", 2, 1,
            "tool_choice: recorded: no call of the workload tells that it called a tool: 2 of 4 calls may call none"
        ),
        (
            "rounds: 1\nsessions_per_round: 4\nwaits: {kept_share: 0.5}", 4, 90,
            "waits.kept_share: 2 of 4 sessions with waits of a minute or more keep them"
        ),
        (
            "rounds: 1\nsessions_per_round: 4\nwaits: {kept_share: 0.5}", 4, 1,
            "waits.kept_share has no effect: too few sessions (of 4) wait for a minute or more"
        ),
    ]

    @Test(arguments: choices)
    func `what a plan makes of its library is said`(
        lines: String, count: Int, waitSeconds: Int, notice: String?
    ) throws {
        let folder = try PlanFolder(lines)
        try folder.writeSessions(count, waitSeconds: waitSeconds)
        for command in ["estimate", "check"] {
            let outcome = submeter([command, folder.path + "/plan.yaml"])
            #expect(outcome.code == .good, "\(outcome.messages)")
            let text = outcome.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            if let notice { #expect(text.contains(notice), "\(text)") } else { #expect(!text.contains("each is sent")) }
        }
    }
}
