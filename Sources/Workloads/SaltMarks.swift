public import Statistics

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
        // Four words part the replays of one made-up text well enough: other sessions have other texts.
        return [all, "[\(last.0) \(last.1)]\n", "[\(last.1.prefix(4 * 6 - 1))]\n"]
    }

    /// The size of a text with salts in it, in hundredths of a token.
    static func size(_ policy: ReuseSalts, _ text: (Salts) -> String) -> Int {
        text(
            Salts(
                run: policy.run ? example : "", tenant: policy.tenant ? example : "",
                session: policy.session ? example : "")
        ).centitokens
    }

    private static let example = Salts.words(Seed(0))
}

extension Salts {
    /// A salt: seven words of five letters, of which there are 2⁴².
    ///
    /// Each is one token in every tokenizer that was looked at, so that a salt is as large whichever it is and whoever counts:
    /// digits of as many bits are six to nine tokens.
    public static func words(_ seed: Seed) -> String {
        var generator = SeededGenerator(seed: seed)
        return (0..<7).map { _ in Vocabulary.saltWords[generator.below(Vocabulary.saltWords.count)] }
            .joined(separator: " ")
    }
}
