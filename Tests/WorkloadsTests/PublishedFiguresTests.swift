import Encodings
import Foundation
import Quantities
import Statistics
import Testing

@testable import Workloads

/// A published figure: what the sessions of a profile must show, within a tolerance.
private struct Published: Sendable {
    let figure: SessionFigure
    let statistic: Statistic
    let value: Double
    let tolerance: Double

    init(_ figure: SessionFigure, _ statistic: Statistic, _ value: Double, within tolerance: Double = 0.1) {
        self.figure = figure
        self.statistic = statistic
        self.value = value
        self.tolerance = tolerance
    }

    func check(_ sessions: [Session], _ profile: String) {
        let found = statistic.of(sessions.flatMap(figure.values))
        #expect(
            abs(found - value) <= tolerance * value,
            "\(profile), \(figure.name), \(statistic): \(found), published \(value) within \(tolerance)")
    }
}

/// The characters of a token, where a source counts characters.
private let characters = ApproximateTokenizer.usualBytesPerToken

/// Figures as their sources print them, independent of any file.
@Suite struct PublishedFiguresTests {
    private static let figures: [String: [Published]] = [
        // Claude Code, 398 sessions of kv-cache-tester that start below 45K tokens.
        "coding-interactive": [
            Published(.calls, .p50, 67), Published(.calls, .mean, 86), Published(.calls, .p90, 177),
            Published(.userTurns, .p90, 29, within: 0.2), Published(.callsPerTurn, .p50, 2, within: 0),
            Published(.callsPerTurn, .mean, 7.6, within: 0.25), Published(.callsPerTurn, .p90, 22, within: 0.25),
            Published(.input, .p50, 87_000, within: 0.15), Published(.input, .p90, 142_000),
            Published(.firstInput, .p50, 19_100), Published(.output, .p50, 211), Published(.output, .mean, 417),
            Published(.items("tool"), .p50, 271), Published(.items("tool"), .p90, 3100),
            Published(.breaks, .mean, 0.019, within: 0.15), Published(.hasReasoning, .mean, 0.41),
            Published(.humanWait, .p50, 117, within: 0.15), Published(.toolWait, .p50, 8, within: 0.15),
        ],
        // AgentCgroup: Claude Code on SWE-rebench, 111 runs.
        "coding-autonomous": [
            Published(.calls, .p50, 45), Published(.calls, .p90, 92), Published(.prefix, .p50, 13_400),
            Published(.items("tool"), .p50, 363), Published(.items("tool"), .p90, 1600, within: 0.2),
            Published(.output, .p50, 145, within: 0.15), Published(.output, .mean, 258),
            Published(.isParallel, .mean, 0.14), Published(.toolErrors, .mean, 0.12),
            Published(.stopsWithTool, .mean, 0.98, within: 0.02),
        ],
        // The same scaled down to a budget of 0.2 M tokens.
        "coding-S": [
            Published(.calls, .p50, 12, within: 0), Published(.inputPerSession, .mean, 200_000),
            Published(.items("tool"), .mean, 600), Published(.output, .mean, 200),
        ],
        // mini-swe-agent in MLPerf's edge set, 20 runs, sizes in characters.
        "swe-mini": [
            Published(.calls, .p50, 52), Published(.firstInput, .p50, 340 / characters + 6104 / characters),
            Published(.items("tool"), .p50, 419 / characters), Published(.items("tool"), .p90, 2103 / characters),
            Published(.output, .p50, 215 / characters), Published(.toolWait, .p50, 0.063),
            Published(.toolWait, .p90, 0.48), Published(.hasReasoning, .mean, 1),
        ],
        // Sub-agents of Claude Code start at 10.3K tokens before their brief and make 11 calls.
        "swarm": [
            Published(.calls, .p50, 20, within: 0), Published(.agents, .p50, 28, within: 0),
            Published(.prefix, .p50, 15_000), Published(.agentCalls, .p50, 11, within: 0.1),
            Published(.agentFirstInput, .p50, 13_600), Published(.output, .mean, 250, within: 0.15),
        ],
        // tau-bench, airline, gpt-4o, 200 runs, sizes in characters.
        "customer-service": [
            Published(.calls, .p50, 11), Published(.calls, .p90, 20), Published(.stopsWithTool, .mean, 0.47),
            Published(.items("user"), .p50, 92 / characters), Published(.output, .p50, 213 / characters),
            Published(.items("tool"), .p50, 667 / characters), Published(.items("tool"), .p90, 960 / characters),
            Published(.userTurns, .p50, 7, within: 0.15), Published(.humanWait, .p50, 15),
            Published(.inputPerSession, .mean, 67_000),
        ],
        // RAGPulse, 7,106 requests.
        "rag": [
            Published(.calls, .mean, 1.8), Published(.calls, .p90, 3, within: 0), Published(.input, .p50, 3139),
            Published(.input, .p90, 3958), Published(.output, .p50, 234), Published(.output, .p90, 563),
            Published(.passages, .mean, 4.68), Published(.hotPassages, .mean, 0.586, within: 0.05),
        ],
        // ServeGen's reasoning model; turns and waits of Mooncake's conversations.
        "chat-reason": [
            Published(.calls, .mean, 1.5), Published(.input, .p50, 269, within: 0.15),
            Published(.input, .quantile(99), 24_600, within: 0.15), Published(.output, .p50, 739),
            Published(.output, .quantile(95), 5200, within: 0.15),
            Published(.output, .quantile(99), 13_100, within: 0.2),
            Published(.reasoningShare, .mean, 0.69), Published(.reasoningShare, .p50, 0.74),
            Published(.humanWait, .p50, 126),
        ],
        // OpenRouter 2025: 6K in, 400 out, half of it reasoning.
        "api-average": [
            Published(.input, .mean, 6000), Published(.output, .mean, 400), Published(.reasoningShare, .mean, 0.5),
            Published(.items("tool"), .mean, 1250),
        ],
        // OpenClaw: 5-10 tools for a message, a heartbeat every 30 minutes.
        "always-on": [
            Published(.prefix, .p50, 15_000), Published(.timerWait, .p50, 1800, within: 0),
            Published(.stopsWithTool, .mean, 7.5 / 10.5, within: 0.05), Published(.items("tool"), .mean, 1250),
        ],
        "research": [
            Published(.calls, .p50, 30, within: 0), Published(.lastInput, .p50, 150_000),
            Published(.lastOutput, .mean, 3000), Published(.prefix, .p50, 4000, within: 0),
        ],
        "long-256k": [
            Published(.calls, .p50, 5, within: 0), Published(.input, .quantile(1), 200_000, within: 0.02),
            Published(.lastInput, .quantile(100), 225_000, within: 0.03), Published(.output, .mean, 300),
        ],
        "long-1M": [
            Published(.calls, .p50, 5, within: 0), Published(.input, .quantile(1), 800_000, within: 0.02),
            Published(.lastInput, .quantile(100), 885_000, within: 0.02), Published(.output, .mean, 300),
        ],
    ]

    @Test(arguments: SessionGenerator.all.map(\.name))
    func `a profile shows its source's figures`(name: String) throws {
        let figures = try #require(Self.figures[name], "every profile needs figures to be compared with")
        let sessions = DrawnLibraries.sessions(name)
        for figure in figures { figure.check(sessions, name) }
    }

    @Test func `most of an average request is its tenant's prompt`() {
        let sessions = DrawnLibraries.sessions("api-average")
        let prompts = sessions.reduce(0) { $0 + $1.prefixTokens(of: Call.mainAgent).value * $1.calls.count }
        let whole = sessions.reduce(0) { $0 + $1.calls.reduce(0) { $0 + $1.input.value } }
        #expect(abs(Double(prompts) / Double(whole) - 0.69) < 0.04)
        #expect(Set(sessions.map(\.tenant)).count == 8)
        #expect(sessions.allSatisfy { $0.share == .tenant })
    }
}

/// Figures that developers have in a file beside the project.
@Suite(.enabled(if: SharedData.exists, "needs ../shared/data, which only developers have"))
struct DerivedFiguresTests {
    /// A figure, the set and the quantity that it is compared with, and what one unit of the set is in tokens.
    private struct Compared: Sendable {
        let figure: SessionFigure
        let quantity: String
        let statistics: [Statistic]
        var unit = 1.0
        var tolerance = 0.12

        init(
            _ figure: SessionFigure, _ quantity: String, _ statistics: [Statistic], unit: Double = 1,
            within tolerance: Double = 0.12
        ) {
            self.figure = figure
            self.quantity = quantity
            self.statistics = statistics
            self.unit = unit
            self.tolerance = tolerance
        }
    }

    private static let all: [Statistic] = [.p50, .p90, .mean]
    private static let sets: [(profile: String, set: String, compared: [Compared])] = [
        (
            "coding-interactive", "claude_code_interactive_fresh(weka,start<45k)",
            [
                Compared(.calls, "requests_per_session", all), Compared(.firstInput, "first_input", all),
                Compared(.output, "output_tokens", all), Compared(.items("tool"), "appended_by_tool", all),
                Compared(.input, "input_tokens", all, within: 0.15),
                Compared(.toolWait, "wait_before_tool_call_s", all, within: 0.2),
                Compared(.humanWait, "wait_before_user_call_s", [.p50, .p90], within: 0.2),
                Compared(.userTurns, "user_turns_per_session", [.p90, .mean], within: 0.2),
                Compared(.callsPerTurn, "llm_calls_per_user_turn", all, within: 0.25),
                Compared(.breaksAt, "compaction_at_input", [.p50, .mean], within: 0.2),
                Compared(.agentCalls, "subagent_requests", [.p50, .mean], within: 0.2),
                Compared(.agentFirstInput, "subagent_first_input", [.p50, .mean]),
            ]
        ),
        (
            "coding-autonomous", "claude_code_autonomous_swerebench(AgentCgroup,GLM-4.7-Flash local)",
            [
                Compared(.calls, "llm_calls_per_session", all), Compared(.output, "output_tokens", [.p90, .mean]),
                Compared(.items("tool"), "appended_tokens", all, within: 0.2),
                Compared(.firstInput, "first_input", [.p50, .mean], within: 0.12),
            ]
        ),
        (
            "swe-mini", "mini_swe_agent(MLPerf edge,20)",
            [
                Compared(.calls, "llm_calls_per_session", all),
                Compared(.items("user"), "first_user_chars", all, unit: 1 / characters),
                Compared(.output, "assistant_chars", all, unit: 1 / characters),
                Compared(.items("tool"), "tool_result_chars", all, unit: 1 / characters),
                Compared(.toolWait, "delay_s", [.p50, .p90]),
            ]
        ),
        (
            "customer-service", "customer_service(tau-bench airline gpt-4o,200)",
            [
                Compared(.calls, "llm_calls_per_session", all),
                Compared(.items("user"), "user_chars", all, unit: 1 / characters),
                Compared(.output, "assistant_chars", all, unit: 1 / characters),
                Compared(.items("tool"), "tool_result_chars", all, unit: 1 / characters),
            ]
        ),
        (
            "rag", "rag(RAGPulse,7106)",
            [
                Compared(.calls, "turns", all), Compared(.input, "input", all), Compared(.output, "output", all),
                Compared(.passages, "passages", all),
            ]
        ),
    ]

    @Test(arguments: sets.map(\.profile))
    func `a profile shows the figures derived from its trace`(name: String) throws {
        let file = try JSONValue(parsing: try SharedData.bytes("traces/derived_stats.json"))
        let (_, set, compared) = try #require(Self.sets.first { $0.profile == name })
        let quantities = try #require(file[set])
        let sessions = DrawnLibraries.sessions(name)
        for item in compared {
            for statistic in item.statistics {
                let value = try #require(
                    quantities[item.quantity]?[statistic.description]?.doubleValue, "\(set): \(item.quantity)")
                Published(item.figure, statistic, value * item.unit, within: item.tolerance).check(sessions, name)
            }
        }
    }
}
