public import Encodings

/// A message of a conversation, in no dialect.
public enum ConversationItem: Hashable, Sendable {
    /// Instructions for the model.
    case system(String)
    /// What the user says.
    case user(String)
    /// What the model said.
    case assistant(AssistantMessage)
    /// What a tool returned.
    case toolResult(ToolResult)
}

/// Who speaks in a message.
public enum MessageRole: String, Hashable, Sendable {
    /// Nobody: instructions.
    case system
    /// The user.
    case user
    /// The model.
    case assistant
    /// A tool.
    case tool
}

extension ConversationItem {
    /// Who speaks.
    public var role: MessageRole {
        switch self {
        case .system: .system
        case .user: .user
        case .assistant: .assistant
        case .toolResult: .tool
        }
    }
}

/// One answer of the model.
public struct AssistantMessage: Hashable, Sendable {
    /// The visible text.
    public var text: String?
    /// The reasoning.
    public var reasoning: String?
    /// The tool calls.
    public var toolCalls: [ToolCall]

    /// Makes a message.
    public init(text: String?, reasoning: String? = nil, toolCalls: [ToolCall] = []) {
        self.text = text
        self.reasoning = reasoning
        self.toolCalls = toolCalls
    }
}

/// A model's wish to have a tool run.
public struct ToolCall: Hashable, Sendable {
    /// What the tool's result refers to.
    public var identifier: String
    /// The tool.
    public var name: String
    /// The arguments as JSON text, which a model may get wrong.
    public var arguments: String

    /// Makes a tool call.
    public init(identifier: String, name: String, arguments: String) {
        self.identifier = identifier
        self.name = name
        self.arguments = arguments
    }

    /// The arguments as an object, for dialects that do not send them as text; what is no object becomes its only member.
    public var argumentsObject: JSONValue {
        guard let value = try? JSONValue(parsing: Array(arguments.utf8)), value.objectValue != nil else {
            return arguments.isEmpty ? .object(JSONObject()) : ["arguments": .string(arguments)]
        }
        return value
    }
}

/// What a tool returned.
public struct ToolResult: Hashable, Sendable {
    /// The tool call that this answers.
    public var callIdentifier: String
    /// The tool.
    public var name: String
    /// The result.
    public var text: String
    /// True if the tool failed, for the dialects that have a field for it; in the others the text alone says so.
    public var isError: Bool

    /// Makes a result.
    public init(callIdentifier: String, name: String, text: String, isError: Bool = false) {
        self.callIdentifier = callIdentifier
        self.name = name
        self.text = text
        self.isError = isError
    }
}

/// A tool that is offered to the model.
public struct ToolDefinition: Hashable, Sendable {
    /// The name.
    public var name: String
    /// What it is for.
    public var description: String
    /// Its arguments as a JSON Schema.
    public var parameters: JSONValue

    /// Makes a definition.
    public init(name: String, description: String, parameters: JSONValue) {
        self.name = name
        self.description = description
        self.parameters = parameters
    }
}

/// What all calls of an agent begin with.
public struct PromptPrefix: Hashable, Sendable {
    /// The tools.
    public var tools: [ToolDefinition]
    /// The system prompt.
    public var system: String
    /// Equal keys mean equal bytes, so that the bytes need to be held only once.
    public var key: String

    /// Makes a prefix.
    public init(tools: [ToolDefinition], system: String, key: String) {
        self.tools = tools
        self.system = system
        self.key = key
    }
}

/// Marks that keep what must not be shared apart in a provider's cache; texts of fixed length, see ``words(_:)``.
public struct Salts: Hashable, Sendable {
    /// One per run and endpoint, in front of the system prompt: nothing is warm from an earlier run, nor from what another
    /// endpoint on the same server was sent.
    public var run: String
    /// One per tenant, in the first user message.
    public var tenant: String
    /// One per replayed session, in the first user message.
    public var session: String

    /// Makes salts; an empty text leaves a salt out.
    public init(run: String, tenant: String, session: String) {
        self.run = run
        self.tenant = tenant
        self.session = session
    }
}
