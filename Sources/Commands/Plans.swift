import Credentials
import Planning
import Profiles

/// Reading plans from files.
enum Plans {
    /// Reads a plan with everything that it refers to.
    static func documents(_ path: String) throws(CommandError) -> DocumentSet {
        do throws(Problems) {
            return try DocumentSet(planFile: path, read: read)
        } catch {
            throw .usage(error.description)
        }
    }

    /// The bytes of a file that a plan names, decompressed where it must be; nil if it cannot be read.
    static func read(_ name: String) -> [UInt8]? {
        do throws(CommandError) { return try TraceFile.contents(name) } catch { return nil }
    }

    /// Decides everything that a plan leaves open.
    static func plan(_ documents: DocumentSet) throws(CommandError) -> Plan {
        do throws(PlanningError) {
            return try Plan(documents)
        } catch {
            throw .usage(error.description)
        }
    }

    /// What authorises the requests of each endpoint; every missing secret is named at once.
    static func authorizers(_ plan: Plan, _ console: Console) throws(CommandError) -> [Authorizer] {
        var problems: [String] = []
        var authorizers: [Authorizer] = []
        for (endpoint, found) in zip(plan.endpoints, authorizersOrErrors(plan, console)) {
            do throws(CredentialError) {
                authorizers.append(try found.get())
            } catch {
                problems.append("\(endpoint.identifier): \(error.description)")
            }
        }
        guard problems.isEmpty else { throw .usage(problems.joined(separator: "\n")) }
        return authorizers
    }

    /// What authorises the requests of each endpoint, or why nothing does.
    static func authorizersOrErrors(_ plan: Plan, _ console: Console) -> [Result<Authorizer, CredentialError>] {
        let store = SecretStore(environment: console.environment)
        return plan.endpoints.map { endpoint in
            Result { () throws(CredentialError) in
                try Authorizer(endpoint.provider.authentication, region: endpoint.region, store: store)
            }
        }
    }
}
