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
        // Six digits part the replays of one made-up text well enough: other sessions have other texts.
        return [all, "[\(last.0) \(last.1)]\n", "[\(last.1.prefix(6))]\n"]
    }

    /// The size of a text with salts in it, in hundredths of a token.
    static func size(_ policy: ReuseSalts, _ text: (Salts) -> String) -> Int {
        text(
            Salts(
                run: policy.run ? example : "", tenant: policy.tenant ? example : "",
                session: policy.session ? example : "")
        ).centitokens
    }

    private static let example = Salts.digits(Seed(0))
}

extension Salts {
    /// Twelve hexadecimal digits that count as many tokens as all other salts do.
    ///
    /// Digits and letters by turns are more tokens than some of each in a row; so they are drawn until they count what is usual,
    /// to a sixth of a token. One in ten does, which leaves about 2⁴⁴ salts.
    public static func digits(_ seed: Seed) -> String {
        let drawn = (0..<400).lazy.map { draw(seed, $0) }
        return drawn.first { abs($0.centitokens - usualSize) <= 16 } ?? draw(seed, 0)
    }

    private static func draw(_ seed: Seed, _ number: Int) -> String {
        String(Transcript.hexadecimal(seed.derived("digits", number).value).prefix(12))
    }

    private static let usualSize = (0..<256).reduce(0) { $0 + draw(Seed(0), $1).centitokens } / 256
}
