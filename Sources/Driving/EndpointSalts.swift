import Planning
import Profiles
import Scheduling
import Statistics
import Workloads

/// The marks that keep what one endpoint is sent apart from all else, in a cache that it may share with another endpoint.
///
/// All of them are derived from the run's salt and the endpoint's place in the plan: two endpoints may reach one server, and
/// there the second must not find warm what the first was sent. A run that is resumed has the same marks, and every mark has
/// the same length, so that prompts differ in nothing else.
struct EndpointSalts {
    /// Stands in front of every prefix; empty if the plan wants no salt of the run.
    let run: String
    private let seed: Seed
    private let policy: SaltPolicy

    /// Makes the marks of an endpoint.
    ///
    /// - Parameters:
    ///   - endpoint: its place in the plan.
    ///   - runSalt: the run's salt, hexadecimal.
    ///   - policy: which marks the plan wants.
    init(endpoint: Int, runSalt: String, policy: SaltPolicy) {
        seed = Seed(policy.run ? UInt64(runSalt, radix: 16) ?? 0 : 0).derived("salt/\(endpoint)")
        run = policy.run ? Salts.words(seed.derived("run")) : ""
        self.policy = policy
    }

    /// The marks of one replayed session.
    func salts(_ key: SessionKey, tenant: String) -> Salts {
        Salts(
            run: run, tenant: policy.tenant ? Salts.words(seed.derived("tenant/" + tenant)) : "",
            session: policy.session ? Salts.words(seed.derived("session/\(key.round)", key.session)) : "")
    }
}
