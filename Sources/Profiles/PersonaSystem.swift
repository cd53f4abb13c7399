/// What the embedded fleet can speak as: the paths, habits, headers, errors and credentials of a real system.
public enum PersonaSystem: String, CaseIterable, Hashable, Sendable {
    /// OpenRouter.
    case openRouter = "openrouter"
    /// The router of Hugging Face.
    case huggingFaceRouter = "huggingface-router"
    /// A LiteLLM gateway.
    case liteLLM = "litellm"
    /// Fireworks.
    case fireworks
    /// Together.
    case together
    /// AWS Bedrock, Converse.
    case bedrockConverse = "bedrock-converse"
    /// AWS Bedrock, InvokeModel.
    case bedrockInvoke = "bedrock-invoke"
    /// AWS Bedrock, OpenAI-compatible.
    case bedrockOpenAI = "bedrock-openai"
    /// Azure, the deployment in the path.
    case azureDeployments = "azure-deployments"
    /// Azure, models of other makers.
    case azureModels = "azure-models"
    /// Azure, the version-less form.
    case azureV1 = "azure-v1"
    /// Vertex AI, OpenAI-compatible.
    case vertexOpenAI = "vertex-openai"
    /// Vertex AI, Gemini.
    case vertexGemini = "vertex-gemini"
    /// vLLM.
    case vLLM = "vllm"
    /// SGLang.
    case sgLang = "sglang"
    /// Text Generation Inference, OpenAI-compatible.
    case tgiChat = "tgi-chat"
    /// Text Generation Inference, native.
    case tgiNative = "tgi-native"
    /// The server of llama.cpp.
    case llamaCpp = "llama-cpp"
    /// A dedicated endpoint of Hugging Face.
    case huggingFaceEndpoint = "hf-endpoint"
    /// DeepSeek.
    case deepSeek = "deepseek"
    /// Alibaba's Model Studio, OpenAI-compatible.
    case qwenCompatible = "qwen-compatible"
    /// Alibaba's Model Studio, native.
    case qwenNative = "qwen-native"
    /// Moonshot.
    case kimi
    /// Z.ai.
    case glm
    /// MiniMax, OpenAI-compatible.
    case miniMaxOpenAI = "minimax-openai"
    /// MiniMax, Anthropic-compatible.
    case miniMaxAnthropic = "minimax-anthropic"
    /// OpenAI, Chat Completions.
    case openAIChat = "openai-chat"
    /// OpenAI, Responses.
    case openAIResponses = "openai-responses"
    /// Anthropic.
    case anthropic
    /// Google AI.
    case geminiAPI = "gemini-api"
    /// Nobody in particular: every dialect at every base path, no habits.
    case generic
}
