public import Credentials
import Dialects
import Encodings
public import Planning
import Pricing
import Profiles
public import Quantities
public import Records
import Scheduling
public import Transport
import Workloads

/// What one model of an endpoint did when it was tried out.
public struct ConnectionFinding: Sendable {
    /// The endpoint's place in the plan.
    public let endpoint: Int
    /// The model's name in the plan.
    public let model: String
    /// Why it could not be authorised; nil if it could.
    public let credentialError: CredentialError?
    /// A tiny call; nil if it was not made.
    public internal(set) var text: AttemptRow?
    /// A tiny call that offers a tool and asks for it; nil if it was not made.
    public internal(set) var tool: AttemptRow?

    /// What both calls cost by the list; nil without a price or an answer.
    public var cost: Money? {
        let costs = [text?.listCost, tool?.listCost].compactMap(\.self)
        return costs.isEmpty ? nil : costs.reduce(.zero, +)
    }
}

/// Tries every model of every endpoint of a plan out: credentials, connection, one tiny call, and one with a tool.
///
/// All endpoints at once, over the calling thread's loop; nothing is recorded.
public final class ConnectionCheck {
    private let plan: Plan
    private let loop: NetworkLoop
    private let credentials: CredentialKeeper
    /// The endpoint of each finding, by its place in the plan.
    private let endpoints: [Int]
    private let missing: [Int: CredentialError]
    /// One per finding.
    private let routes: [EndpointRoute]
    private var findingOfCall: [TransferIdentifier: Int] = [:]
    private let parser = JSONParser(limits: JSONLimits(maximumBytes: 16 << 20, maximumDepth: 64))
    private var calls: [TransferIdentifier: LiveCall] = [:]
    private var findings: [ConnectionFinding] = []

    /// The most tokens that a call may generate: enough for a model that thinks before it says a word.
    private static let outputLimit = TokenCount(512)

    private static let tool = ToolDefinition(
        name: "report_status", description: "Reports the status of this connection.",
        parameters: [
            "type": "object", "properties": ["status": ["type": "string", "enum": ["ok"]]], "required": ["status"],
        ])

    /// Makes a check.
    ///
    /// - Parameters:
    ///   - plan: whose endpoints are tried.
    ///   - loop: a network loop of the calling thread.
    ///   - authorizers: what authorises the requests of each endpoint, or why nothing does.
    public init(_ plan: Plan, loop: NetworkLoop, authorizers: [Result<Authorizer, CredentialError>]) {
        self.plan = plan
        self.loop = loop
        var missing: [Int: CredentialError] = [:]
        let usable = authorizers.enumerated().map { index, found -> Authorizer in
            switch found {
            case .success(let authorizer): return authorizer
            case .failure(let error):
                missing[index] = error
                return .none
            }
        }
        self.missing = missing
        credentials = CredentialKeeper(loop, usable)
        let routes = plan.endpoints.map { EndpointRoutes($0) }
        self.routes = routes.flatMap(\.all)
        endpoints = routes.indices.flatMap { index in routes[index].all.map { _ in index } }
    }

    /// Tries all endpoints.
    ///
    /// - Returns: one finding per model of an endpoint, in the order of the plan, the main model first.
    public func run() -> [ConnectionFinding] {
        let failures = credentials.prepare().merging(missing) { $1 }
        findings = routes.indices.map { index in
            ConnectionFinding(
                endpoint: endpoints[index], model: routes[index].model.offer.name,
                credentialError: failures[endpoints[index]])
        }
        for index in findings.indices where findings[index].credentialError == nil { start(index, call: 0) }
        while !calls.isEmpty {
            loop.turn(until: NetworkLoop.now() + .milliseconds(250)) { event, bytes in take(event, bytes) }
            let now = NetworkLoop.now()
            for (transfer, call) in calls where call.abortedAs == nil {
                guard let outcome = call.impatience(plan.profile.timeouts, at: now) else { continue }
                call.abortedAs = outcome
                loop.cancel(transfer)
            }
        }
        return findings
    }

    /// Call 0 wants words, call 1 a tool call.
    private func start(_ index: Int, call: Int) {
        let (route, endpoint) = (routes[index], endpoints[index])
        let wantsTool = call == 1
        let prompt = PromptPrefix(
            tools: wantsTool ? [Self.tool] : [], system: "You are being asked whether this connection works.", key: "")
        let request: [ConversationItem] = [
            .user(wantsTool ? "Call the tool report_status with the status ok." : "Say ok and nothing else.")
        ]
        let limit = [Self.outputLimit, route.model.offer.maximumOutput].compactMap(\.self).min()
        let options = CallOptions(outputLimit: limit, temperature: plan.profile.temperature, sessionKey: "check")
        let body = [route.encoder.body(prompt, request, options, target: route.target)]
        let key = CallKey(session: SessionKey(endpoint: endpoint, round: 0, session: 0), call: call)
        let now = NetworkLoop.now()
        let identifier = "check-\(endpoint)-\(call)\(index > 0 && endpoints[index - 1] == endpoint ? "-small" : "")"
        var intent = IntentRow(place: CallPlace(key), number: 0, due: now, predecessorEnd: now, started: now)
        var http = HTTPRequest(
            url: route.url, headers: route.headers(sessionKey: "check", requestIdentifier: identifier),
            body: body, connectTimeout: plan.profile.timeouts.connect,
            totalTimeout: plan.profile.timeouts.connect + plan.profile.timeouts.total)
        do {
            http.headers += try credentials.headers(
                endpoint, method: http.method, url: route.url, contentType: EndpointRoute.contentType, body: body)
            let transfer = try loop.start(http)
            intent.started = NetworkLoop.now()
            calls[transfer] = LiveCall(key, route, intent, waiting: nil)
            findingOfCall[transfer] = index
        } catch {
            var row = AttemptRow(intent)
            (row.started, row.sent) = (nil, nil)
            row.outcome = error is CredentialError ? .authentication : .badRequest
            row.errorText = "\(error)"
            keep(row, in: index)
        }
    }

    private func take(_ event: TransferEvent, _ bytes: Span<UInt8>) {
        guard !credentials.handle(event, bytes), let call = calls[event.transfer] else { return }
        switch event {
        case .requestSent(_, let at): call.noteSent(at: at)
        case .head(_, let head, let at): call.noteHead(head, parser: parser, at: at)
        case .bytes(_, let at): call.noteBytes(bytes, at: at)
        case .ended(let transfer, let result):
            calls[transfer] = nil
            guard let index = findingOfCall.removeValue(forKey: transfer) else { return }
            keep(call.finish(result), in: index)
            // A model that cannot say a word is not asked for a tool.
            if call.key.call == 0, findings[index].text?.outcome.isSuccess == true { start(index, call: 1) }
        }
    }

    private func keep(_ row: AttemptRow, in index: Int) {
        if row.place.call == 0 {
            findings[index].text = row
        } else {
            findings[index].tool = row
        }
    }
}
