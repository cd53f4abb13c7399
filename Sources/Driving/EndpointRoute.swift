import Dialects
import Planning
import Profiles
import Quantities
import Transport
import Workloads

/// How the calls of one endpoint are written, sent and read, by the model that they go to.
struct EndpointRoutes {
    /// Those to the plan's `model`.
    let main: EndpointRoute
    /// Those to its `small_model`; nil if it has none.
    let small: EndpointRoute?

    /// Makes routes; `keepsAnswers` if what the endpoint says is sent back to it.
    init(_ endpoint: PlannedEndpoint, keepsAnswers: Bool = false) {
        main = EndpointRoute(endpoint, endpoint.main, keepsAnswers: keepsAnswers)
        small = endpoint.small.map { EndpointRoute(endpoint, $0, keepsAnswers: keepsAnswers) }
    }

    /// The main model's first.
    var all: [EndpointRoute] { [main] + [small].compactMap(\.self) }

    /// The route of a call.
    func route(of call: Call) -> EndpointRoute { call.isForSmallModel ? small ?? main : main }
}

/// How the calls to one model of an endpoint are written, sent and read.
///
/// A class, since it is large and looked at for every call.
final class EndpointRoute: Sendable {
    let encoder: any RequestEncoder
    let target: RequestTarget
    /// The model, and what it costs.
    let model: PlannedModel
    let dialect: DialectName
    let decoding: DecodingOptions
    let url: String
    let expectation: ProviderProfile.RouteExpectation
    private let fixedHeaders: [HTTPHeader]
    private let sessionHeader: String?

    /// The type of every body that is sent.
    static let contentType = "application/json"

    /// Makes a route to one of an endpoint's models; `keepsAnswers` if what it says is sent back to it.
    init(_ endpoint: PlannedEndpoint, _ model: PlannedModel, keepsAnswers: Bool) {
        let provider = endpoint.provider
        self.model = model
        dialect = provider.dialect
        encoder = Dialects.encoder(dialect)
        target = RequestTarget(
            model: model.offer.identifier, outputLimitField: provider.outputLimitField.rawValue,
            outputMinimumField: provider.outputControl.minimumField,
            ignoreEndField: provider.outputControl.ignoreEndField, asksForUsage: provider.asksForUsage,
            extra: provider.extraBody, omitted: provider.omitted,
            reasoningField: provider.reasoningField, marksCache: provider.marksCache,
            toolCallSignature: provider.toolCallSignature,
            sessionField: provider.stickiness.field, innerDialect: provider.innerDialect)
        decoding = DecodingOptions(
            keepsText: keepsAnswers, accumulation: provider.accumulation, reasoningTag: provider.reasoningTag)
        expectation = provider.route(of: model.offer)
        url = endpoint.baseURL + encoder.path(template: endpoint.path, model: model.offer.identifier)
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
