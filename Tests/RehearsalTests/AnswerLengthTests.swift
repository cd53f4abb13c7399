import Dialects
import Encodings
import Profiles
import Quantities
import Statistics
import Testing
import Workloads

@testable import Rehearsal

@Suite struct AnswerLengthTests {
    private static let tool = ToolDefinition(
        name: "read_a_file", description: "reads",
        parameters: ["type": "object", "properties": ["path": ["type": "string"]], "required": ["path"]])

    private func request(_ limit: Int, size: Int, tools: Bool) -> ServedRequest {
        var request = ServedRequest()
        request.outputLimit = TokenCount(limit)
        request.prompt = Array(repeating: 0x61, count: size)
        request.tools = tools ? [Self.tool] : []
        return request
    }

    private func answer(_ request: ServedRequest, _ form: AnswerForm) -> Answer {
        Answer(to: request, form: form, tokenizer: ApproximateTokenizer(), seed: Seed(4))
    }

    @Test(arguments: [0.5, 1, 3], [false, true])
    func `no answer is longer than its limit, and one that is cut has just as many tokens`(
        share: Double, tools: Bool
    ) {
        var cutCount = 0
        for limit in [1, 2, 3, 5, 17, 64, 300] {
            for size in 1...30 {
                let form = AnswerForm(tokensPerEvent: 4, reasoningShare: size % 3 == 0 ? 0.3 : 0, outputShare: share)
                let found = answer(request(limit, size: size, tools: tools), form)
                #expect(found.outputTokens.value <= limit && !found.pieces.isEmpty)
                guard found.finish == .length else { continue }
                cutCount += 1
                #expect(found.outputTokens.value == limit)
            }
        }
        #expect(share < 1 || cutCount > 100)
    }

    @Test func `answers of half the limit end by themselves where there is room`() {
        for size in 1...30 {
            let found = answer(request(300, size: size, tools: true), AnswerForm(tokensPerEvent: 4))
            #expect(found.finish != .length && (80...220).contains(found.outputTokens.value))
        }
    }

    @Test(arguments: [1, 4, 7], [false, true])
    func `an answer is stretched to what it has to have, and its tool call stays whole`(perEvent: Int, tools: Bool) {
        for (limit, least) in [(300, 300), (300, 299), (300, 10), (40, 40), (1, 1)] {
            for size in 1...20 {
                let form = AnswerForm(tokensPerEvent: perEvent, leastTokens: least)
                let found = answer(request(limit, size: size, tools: tools), form)
                #expect((least...limit).contains(found.outputTokens.value))
                #expect(least < limit || found.finish == .length)
                guard limit == 300, tools else { continue }
                let arguments = found.pieces.map { piece -> String in
                    if case .arguments(_, let text) = piece.content { text } else { "" }
                }.joined()
                #expect(arguments.isEmpty || (try? JSONValue(parsing: Array(arguments.utf8))) != nil)
            }
        }
    }

    static let systems: [(PersonaSystem, takes: Bool)] = PersonaSystem.allCases.map {
        ($0, [.vLLM, .sgLang, .fireworks].contains($0))
    }

    @Test(arguments: systems.indices)
    func `only some systems can be told to write on, and they refuse what contradicts itself`(index: Int) {
        let (system, takes) = Self.systems[index]
        #expect(system.takesOutputMinimum == takes)
        var wanted = request(10, size: 3, tools: true)
        wanted.outputMinimum = 10
        wanted.ignoresEnd = true
        #expect(system.lengthRefusal(wanted) == nil)
        let plan = StreamPlan(
            1, wanted, .openAIChat, Persona(name: "x", system: system), fault: nil, manners: [])
        #expect(plan.form.leastTokens == (takes ? 10 : 0))
        wanted.toolChoice = .required
        #expect((system.lengthRefusal(wanted) != nil) == takes)
        wanted.toolChoice = .automatic
        wanted.outputMinimum = 11
        #expect((system.lengthRefusal(wanted) != nil) == takes)
    }
}
