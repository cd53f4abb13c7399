/// How a server varies OpenAI's Chat Completions (protocols.md §10).
public struct ChatHabits: Hashable, Sendable {
    /// Where the role stands.
    public enum Role: String, Hashable, Sendable {
        /// In a first event without content.
        case first
        /// In every event.
        case every
    }

    /// Where reasoning stands.
    public enum Reasoning: String, Hashable, Sendable {
        /// `delta.reasoning`.
        case short
        /// `delta.reasoning_content`.
        case long
        /// Under both names.
        case both
        /// `delta.reasoning` and OpenRouter's `reasoning_details`.
        case details
        /// In the text, between `<think>` and `</think>`.
        case thinkTag
        /// In the text, between `<reasoning>` and `</reasoning>`.
        case reasoningTag
        /// Nowhere.
        case hidden
    }

    /// Where the usage stands.
    public enum Usage: String, Hashable, Sendable {
        /// In an event of its own without choices.
        case ownEvent
        /// In an event of its own that repeats a choice.
        case ownEventWithChoice
        /// In the event with the finish reason.
        case finish
        /// Inside the choice of that event.
        case insideChoice
        /// At both places.
        case insideChoiceAndTop
        /// In every event.
        case every
    }

    /// How tool calls are named.
    public enum Identifier: String, Hashable, Sendable {
        /// `call_` and digits.
        case call
        /// `functions.read:0`, as Kimi does.
        case function
        /// `chatcmpl-tool-` and digits, as vLLM does.
        case chatTool
        /// `call_00_` and digits, as DeepSeek does.
        case numbered
        /// `call_0`, as at Bedrock.
        case positional
        /// `0`, as TGI does.
        case bare
    }

    /// Members that only some servers have.
    public enum Extra: String, CaseIterable, Hashable, Sendable {
        /// Azure's first event, without choices, and filter results in the others.
        case filterResults
        /// `obfuscation`: padding of random length.
        case obfuscation
        /// `service_tier`.
        case serviceTier
        /// `system_fingerprint`.
        case fingerprint
        /// OpenRouter's `native_finish_reason`, and the cost's details.
        case nativeFinish
        /// `openrouter_metadata` in the last event.
        case routerMetadata
        /// Fireworks' `perf_metrics`.
        case performance
        /// Together's `text`, `seed` and `token_id`.
        case textCopy
        /// Every key of a delta, with null where there is nothing; `matched_stop`.
        case nulls
        /// `usage.reasoning_tokens` at the top.
        case topReasoning
        /// `prompt_tokens_details` is null.
        case noPromptDetails
        /// DeepSeek's `prompt_cache_hit_tokens` and `prompt_cache_miss_tokens`.
        case hitAndMiss
        /// `content` and `reasoning_content` side by side, the other one null.
        case bothContents
        /// `usage.cached_tokens`.
        case topCached
        /// `created_cache_tokens`, `stop_reason` and `token_ids`.
        case engineDetails
        /// MiniMax's `base_resp` and its kin.
        case baseResponse
        /// llama.cpp's `timings`.
        case timings
        /// Vertex's `extra_properties`.
        case trafficType
        /// Novita's `sla_metrics`, as the Hugging Face router passes it on.
        case serviceMetrics
        /// `id` is empty, as at TGI.
        case emptyIdentifier
        /// Later pieces of a tool call have an empty id and its type again, as at Alibaba.
        case repeatedToolType
        /// No `finish_reason` before the last event, as at GLM.
        case noEarlyFinish
        /// The usage is told as null before it is known.
        case nullUsage
    }

    /// Where the role stands.
    public var role = Role.first
    /// Where reasoning stands.
    public var reasoning = Reasoning.long
    /// Where the usage stands.
    public var usage = Usage.ownEvent
    /// True if the usage is told without being asked for.
    public var alwaysTellsUsage = false
    /// True if the completion tokens are told without the reasoning.
    public var countsReasoningApart = false
    /// How tool calls are named.
    public var identifier = Identifier.call
    /// True if the arguments of a tool call come in one piece.
    public var sendsWholeArguments = false
    /// True if the stream ends in `[DONE]`.
    public var hasEndMark = true
    /// Further members.
    public var extras: Set<Extra> = []
    /// A comment that comes before the first event; nil for none.
    public var comment: String?
    /// What identifiers of responses begin with.
    public var prefix = "chatcmpl-"
    /// The words of the finish reason for `stop`, where it is another one.
    public var stopWord = "stop"
    /// How errors look.
    public var errors = ErrorShape.openAI

    /// The plain form.
    public init() {}

    private static func habits(_ change: (inout ChatHabits) -> Void) -> ChatHabits {
        var habits = ChatHabits()
        change(&habits)
        return habits
    }

    /// OpenAI (§1.1).
    public static let openAI = habits {
        $0.reasoning = .hidden
        $0.extras = [.obfuscation, .serviceTier, .fingerprint, .nullUsage]
    }
    /// OpenRouter (§2).
    public static let openRouter = habits {
        ($0.reasoning, $0.usage, $0.alwaysTellsUsage, $0.role) = (.details, .ownEventWithChoice, true, .every)
        $0.extras = [.nativeFinish, .routerMetadata]
        ($0.comment, $0.prefix, $0.errors) = ("OPENROUTER PROCESSING", "gen-", .openRouter)
    }
    /// The Hugging Face router, with Novita behind it (§7.5).
    public static let huggingFaceRouter = habits {
        $0.extras = [.serviceMetrics, .fingerprint]
    }
    /// LiteLLM (real-servers.md §8).
    public static let liteLLM = habits {
        ($0.usage, $0.errors) = (.ownEventWithChoice, .vLLM)
    }
    /// Fireworks (§3.1).
    public static let fireworks = habits {
        ($0.usage, $0.alwaysTellsUsage, $0.errors) = (.finish, true, .fireworks)
        $0.extras = [.performance]
    }
    /// Together (§3.2).
    public static let together = habits {
        ($0.reasoning, $0.usage, $0.alwaysTellsUsage) = (.both, .finish, true)
        $0.extras = [.textCopy, .topCached, .nullUsage]
    }
    /// Bedrock's OpenAI-compatible endpoints (§4.8).
    public static let bedrock = habits {
        ($0.reasoning, $0.identifier) = (.reasoningTag, .positional)
        $0.extras = [.serviceTier]
    }
    /// OpenAI's models at Azure (§5).
    public static let azure = habits {
        ($0.reasoning, $0.errors) = (.hidden, .azure)
        $0.extras = [.filterResults, .obfuscation, .fingerprint, .nullUsage]
    }
    /// Other makers' models at Azure (§5).
    public static let azureModels = habits {
        $0.extras = [.nulls, .topReasoning, .noPromptDetails]
        $0.errors = .azure
    }
    /// Vertex AI's OpenAI-compatible endpoint (§6.1).
    public static let vertex = habits {
        ($0.usage, $0.alwaysTellsUsage, $0.countsReasoningApart, $0.errors) = (.finish, true, true, .googleList)
        $0.extras = [.trafficType]
    }
    /// vLLM (§7.1).
    public static let vLLM = habits {
        ($0.reasoning, $0.identifier, $0.errors) = (.short, .chatTool, .vLLM)
        $0.extras = [.engineDetails, .fingerprint]
    }
    /// SGLang (§7.2).
    public static let sgLang = habits {
        $0.errors = .flat
        $0.extras = [.nulls, .topReasoning]
    }
    /// TGI's chat (§7.3).
    public static let tgi = habits {
        ($0.reasoning, $0.identifier, $0.sendsWholeArguments, $0.errors) = (.hidden, .bare, true, .tgi)
        $0.extras = [.emptyIdentifier, .fingerprint]
    }
    /// llama.cpp (§7.4).
    public static let llamaCpp = habits {
        $0.extras = [.timings, .fingerprint]
        $0.errors = .llamaCpp
    }
    /// DeepSeek (§8.1).
    public static let deepSeek = habits {
        ($0.usage, $0.alwaysTellsUsage, $0.identifier, $0.errors) = (.finish, true, .numbered, .deepSeek)
        $0.extras = [.bothContents, .hitAndMiss, .fingerprint, .nullUsage]
    }
    /// Alibaba's compatible mode (§8.2).
    public static let qwen = habits {
        $0.extras = [.repeatedToolType, .bothContents, .nullUsage]
        $0.errors = .qwen
    }
    /// Kimi (§8.3).
    public static let kimi = habits {
        ($0.usage, $0.alwaysTellsUsage, $0.identifier, $0.errors) = (.insideChoice, true, .function, .kimi)
        $0.extras = [.topCached, .fingerprint]
    }
    /// GLM (§8.4).
    public static let glm = habits {
        ($0.role, $0.usage, $0.alwaysTellsUsage, $0.sendsWholeArguments) = (.every, .finish, true, true)
        ($0.extras, $0.prefix, $0.errors) = ([.noEarlyFinish], "", .glm)
    }
    /// MiniMax (§8.5).
    public static let miniMax = habits {
        ($0.role, $0.reasoning, $0.usage, $0.alwaysTellsUsage) = (.every, .thinkTag, .finish, true)
        ($0.extras, $0.prefix, $0.errors) = ([.baseResponse], "", .miniMax)
    }
}
