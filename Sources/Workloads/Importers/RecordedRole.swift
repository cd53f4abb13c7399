/// Which role a recorded model plays in its session, as far as its name tells.
enum RecordedRole {
    /// What importers that use it say of it.
    static let guess =
        "A sub-agent's call is small if the name of its model tells a smaller one of the same family than that of the main "
        + "agent's first call, such as haiku beside opus; all others are main, also those of a main agent whose user "
        + "went over to a smaller model."

    /// Words in names of models, from small to large; a name without any of them is of the size ``usual``.
    private static let sizes: [String: Int] = [
        "nano": 0, "lite": 0, "haiku": 1, "mini": 1, "flash": 1, "small": 1, "sonnet": 2, "opus": 3,
    ]
    private static let usual = 2
    /// Words that stand before the family: who serves the model, and where.
    private static let places: Set<String> = [
        "us", "eu", "apac", "jp", "au", "global", "anthropic", "openai", "google", "vertex", "ai", "bedrock", "azure",
        "openrouter", "models",
    ]

    /// `main` or `small`.
    ///
    /// - Parameters:
    ///   - model: the model of the call; nil if that is not known.
    ///   - main: the model of the main agent's first call.
    /// - Returns: `small` only if both are known and of one family, and the call's is the smaller.
    static func role(of model: String?, besides main: String?) -> String {
        guard let model = model.map(words), let main = main.map(words), family(model) == family(main) else {
            return "main"
        }
        return size(model) < size(main) ? "small" : "main"
    }

    private static func words(_ name: String) -> [String] {
        name.lowercased().split { !$0.isLetter && !$0.isNumber }.map(String.init)
    }

    private static func family(_ words: [String]) -> String? { words.first { !places.contains($0) } }

    private static func size(_ words: [String]) -> Int { words.compactMap { sizes[$0] }.min() ?? usual }
}
