import Quantities
import Statistics

/// Finds calls that ask for a tool that they do not offer: every provider refuses those.
struct ToolChoiceLint {
    private let transcript: Transcript
    /// The names of the tools that each agent offers.
    private var names: [String: [String]] = [:]

    init(_ session: Session, _ graph: ContextGraph, _ library: SessionLibrary) {
        // Which tools are made up follows from their size alone, whatever the seeds are.
        transcript = Transcript(
            session: session, graph: graph, library: library, seed: Seed(0), librarySeed: Seed(0),
            tokenizer: ApproximateTokenizer())
    }

    /// What is wrong with the tool that a call must call; nil if nothing is.
    mutating func problem(_ call: Call) -> String? {
        guard case .named(let name)? = call.request.toolChoice else { return nil }
        let offered = names[call.agent] ?? transcript.prefix(agent: call.agent, runSalt: Self.salt).tools.map(\.name)
        names[call.agent] = offered
        guard !offered.contains(name) else { return nil }
        let near = Suggestion.nearest(to: name, among: ["auto", "required", "none"] + offered)
            .map { "; did you mean '\($0)'?" }
        return "its tool_choice is '\(name)', which is not auto, required, none or a tool of its agent"
            + (near ?? "")
    }

    /// As long as the salt of a run, for which the tools leave room.
    private static let salt = String(repeating: "0", count: 12)
}
