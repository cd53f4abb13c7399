import Statistics

/// How salts stand in a prompt, and how large they are.
enum SaltMarks {
    /// What stands in front of a recorded system prompt and in a tool's description.
    static func run(_ salt: String) -> String { "[run \(salt)]" }

    /// What may open the first user message of a fresh context, best first: all salts, only the one that says the most, or its
    /// beginning.
    ///
    /// - Parameters:
    ///   - salts: the salts.
    ///   - needsRun: true if the run's own stands nowhere else; then it opens the message if no other does.
    /// - Returns: none if there are no salts.
    static func openings(_ salts: Salts, needsRun: Bool) -> [String] {
        var marks = [("tenant", salts.tenant), ("session", salts.session)].filter { !$0.1.isEmpty }
        if marks.isEmpty, !salts.run.isEmpty, needsRun { marks = [("run", salts.run)] }
        guard let last = marks.last else { return [] }
        let all = "[" + marks.map { "\($0.0) \($0.1)" }.joined(separator: " ") + "]\n"
        // Six digits part the replays of one made-up text well enough: other sessions have other texts.
        return [all, "[\(last.0) \(last.1)]\n", "[\(last.1.prefix(6))]\n"]
    }

    /// The usual size of a text with salts in it, in hundredths of a token: digits differ, and with them what they count.
    static func usualSize(_ policy: ReuseSalts, _ text: (Salts) -> String) -> Int {
        examples.reduce(0) { sum, digits in
            let salts = Salts(
                run: policy.run ? digits : "", tenant: policy.tenant ? digits : "",
                session: policy.session ? digits : "")
            return sum + text(salts).centitokens
        } / examples.count
    }

    private static let examples = (0..<16).map {
        String(Transcript.hexadecimal(Seed(0).derived("example", $0).value).prefix(12))
    }
}
