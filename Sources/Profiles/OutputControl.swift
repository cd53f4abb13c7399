import Encodings
import Quantities

/// How a provider is made to write a given number of tokens, and not to end an answer before.
public struct OutputControl: Hashable, Sendable {
    /// The member that holds the least number of tokens, such as `min_tokens`; nil if the provider has none.
    public var minimumField: String?
    /// The member that is true if the model's wish to end is passed over, such as `ignore_eos`; nil if the provider has none.
    public var ignoreEndField: String?

    /// Makes a control; without a member it has none.
    public init(minimumField: String? = nil, ignoreEndField: String? = nil) {
        self.minimumField = minimumField
        self.ignoreEndField = ignoreEndField
    }

    /// True if the provider can be made to write a given number of tokens.
    public var isAvailable: Bool { minimumField != nil || ignoreEndField != nil }

    /// The members that it sets.
    var fields: [(key: String, name: String)] {
        [("minimum_field", minimumField), ("ignore_end_field", ignoreEndField)].compactMap { key, name in
            name.map { (key, $0) }
        }
    }

    init(_ reader: MappingReader?) {
        guard var reader else { return }
        minimumField = reader.optionalString("minimum_field")
        ignoreEndField = reader.optionalString("ignore_end_field")
        for (key, name) in fields where name.isEmpty { reader.report(key, "must name a member of the body") }
        reader.finish()
    }
}

extension ProviderProfile {
    /// Reports where the control of output lengths contradicts the rest of the document.
    ///
    /// Only OpenAI's chat is known to be spoken by servers that can be told how much to write.
    func checkOutputControl(_ request: MappingReader) {
        guard outputControl.isAvailable else {
            guard request.keys.contains("output_control") else { return }
            return request.report("output_control", "must name 'minimum_field', 'ignore_end_field' or both")
        }
        if dialect != .openAIChat {
            request.report(
                "output_control", "has no meaning for the dialect '\(dialect.rawValue)', only for openai-chat")
        }
        if outputControl.minimumField == outputControl.ignoreEndField {
            request.report("output_control", "minimum_field and ignore_end_field name the same member")
        }
        for (key, name) in outputControl.fields {
            if omitted.contains(name) {
                request.report("output_control", "\(key): '\(name)' stands under 'omit', too")
            }
            if extraBody[name] != nil {
                request.report("output_control", "\(key): '\(name)' stands under 'extra', too; name it once")
            }
            if name == outputLimitField.rawValue {
                request.report("output_control", "\(key): '\(name)' is the member of the limit")
            }
        }
    }

    /// Why a plan cannot decide how long the provider's answers are.
    ///
    /// - Parameter policy: what the plan wants.
    /// - Returns: what is in the way and what helps; nil if nothing is.
    func objection(to policy: PlanProfile.OutputLengthPolicy) -> String? {
        if policy != .natural, omitsLimit {
            return
                "'output_length: \(policy.rawValue)' sets '\(outputLimitField.rawValue)' of each request, but provider "
                + "'\(identifier)' has it under request.omit; take it out there, or plan 'natural'"
        }
        guard policy == .exact else { return nil }
        if let name = extraBody.members.map(\.key).first(where: { Self.grammarFields.contains($0) }) {
            return
                "'output_length: exact' cannot go with '\(name)', which provider '\(identifier)' has under request.extra: "
                + "an answer that is held to a format ends with it; take it out there, or plan 'capped'"
        }
        guard !outputControl.isAvailable else { return nil }
        return "'output_length: exact' needs a server that can be told how much to write, and the document of provider "
            + "'\(identifier)' names no request.output_control; name its members there if it has them (such as "
            + "minimum_field: min_tokens), leave the endpoint out, or plan 'capped'"
    }

    /// The members by which vLLM, SGLang and Fireworks hold an answer to a format.
    private static let grammarFields: Set<String> = [
        "response_format", "structured_outputs", "guided_json", "guided_regex", "guided_choice", "guided_grammar",
        "regex", "ebnf", "json_schema", "grammar",
    ]

    /// True if the document leaves out the limit of OpenAI's chat, whether or not it has one of its own under `extra`.
    private var omitsLimit: Bool {
        guard dialect == .openAIChat || (dialect == .bedrockInvoke && innerDialect == .openAIChat) else { return false }
        return omitted.contains(outputLimitField.rawValue)
    }
}
