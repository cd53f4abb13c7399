import Workloads

/// Sizes as the embedded fleet counts them, in hundredths of a token.
enum PromptSizes {
    static func centitokens(_ prefix: PromptPrefix) -> Int {
        prefix.tools.reduce(prefix.system.centitokens) { $0 + $1.centitokens }
    }

    static func centitokens(_ items: [ConversationItem]) -> Int {
        items.reduce(0) { sum, item in
            switch item {
            case .system(let text), .user(let text): sum + text.centitokens
            case .toolResult(let result): sum + result.text.centitokens
            case .assistant(let message):
                message.toolCalls.reduce(sum + (message.text?.centitokens ?? 0)) {
                    $0 + $1.name.centitokens + $1.arguments.centitokens
                }
            }
        }
    }
}
