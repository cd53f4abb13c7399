import Dialects
import Planning
import Profiles
import Quantities
import Transport

/// How the calls of one endpoint are written, sent and read.
///
/// A class, since it is large and looked at for every call.
final class EndpointRoute {
    let encoder: any RequestEncoder
    let target: RequestTarget
    let dialect: DialectName
    let decoding: DecodingOptions
    let url: String
    let expectation: ProviderProfile.RouteExpectation
    private let fixedHeaders: [HTTPHeader]
    private let sessionHeader: String?

    /// The type of every body that is sent.
    static let contentType = "application/json"

    /// Makes a route; `keepsAnswers` if what the endpoint says is sent back to it.
    init(_ endpoint: PlannedEndpoint, keepsAnswers: Bool = false) {
        let provider = endpoint.provider
        dialect = provider.dialect
        encoder = Dialects.encoder(dialect)
        target = RequestTarget(
            model: endpoint.model.identifier, outputLimitField: provider.outputLimitField.rawValue,
            outputMinimumField: provider.outputControl.minimumField,
            ignoreEndField: provider.outputControl.ignoreEndField, asksForUsage: provider.asksForUsage,
            extra: provider.extraBody, omitted: provider.omitted,
            reasoningField: provider.reasoningField, marksCache: provider.marksCache,
            toolCallSignature: provider.toolCallSignature,
            sessionField: provider.stickiness.field, innerDialect: provider.innerDialect)
        decoding = DecodingOptions(
            keepsText: keepsAnswers, accumulation: provider.accumulation, reasoningTag: provider.reasoningTag)
        expectation = provider.route
        url = endpoint.baseURL + encoder.path(template: endpoint.path, model: endpoint.model.identifier)
        fixedHeaders =
            [HTTPHeader("Content-Type", Self.contentType)]
            + (encoder.headers + provider.headers).map { HTTPHeader($0.name, $0.value) }
        sessionHeader = provider.stickiness.header
    }

    /// The headers of one request.
    func headers(sessionKey: String, requestIdentifier: String) -> [HTTPHeader] {
        fixedHeaders + (sessionHeader.map { [HTTPHeader($0, sessionKey)] } ?? [])
            + [HTTPHeader("X-Request-Id", requestIdentifier)]
    }
}
