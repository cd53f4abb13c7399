import Dialects
import Planning
import Profiles
import Quantities
import Scheduling
import Statistics
import Workloads

/// Writes the sessions of an endpoint as it is sent them.
struct SessionWriter: Sendable {
    let plan: Plan
    let routes: EndpointRoutes
    let salts: EndpointSalts
    /// The run's own; empty if the plan wants none.
    let runSalt: String
    /// Of how many tokens on what a call adds is made before it is due.
    var leastTokensAhead = LargeCalls.usualLeastTokens

    /// A session that begins.
    func session(_ key: SessionKey, at now: Instant) -> LiveSession {
        let planned = plan.rounds[key.round].sessions[key.session]
        let session = plan.session(key)
        let transcript = Transcript(
            session: session, graph: plan.graph(key), library: plan.library, seed: planned.seed,
            librarySeed: plan.seed.derived("library"), blockSeed: plan.seed.derived("blocks", planned.pass),
            tokenizer: plan.tokenizer)
        let stickinessKey =
            "\(runSalt.isEmpty ? "run" : runSalt)-e\(key.endpoint)-r\(key.round)-s\(key.session)"
        return LiveSession(
            transcript, stickinessKey: stickinessKey, salts: salts.salts(key, tenant: session.tenant),
            history: plan.profile.history, leastTokensAhead: leastTokensAhead, began: now)
    }

    /// What a call begins with.
    func prefix(of call: Call, _ transcript: Transcript) -> SharedPrefix {
        let route = routes.route(of: call)
        let prompt = transcript.prefix(agent: call.agent, runSalt: salts.run)
        return SharedPrefix(prompt: prompt, bytes: route.encoder.prefix(prompt, target: route.target))
    }

    /// Names the bytes of a prefix, which name the model too.
    func prefixName(of call: Call, _ transcript: Transcript, endpoint: Int) -> String {
        "\(endpoint) \(transcript.prefixKey(agent: call.agent)) \(routes.route(of: call).target.model)"
    }
}
