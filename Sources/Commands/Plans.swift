import Credentials
import Planning
import Profiles

/// Reading plans from files.
enum Plans {
    /// Reads a plan with everything that it refers to.
    static func documents(_ path: String) throws(CommandError) -> DocumentSet {
        do throws(Problems) {
            return try DocumentSet(planFile: path) { Files.contents($0) }
        } catch {
            throw .usage(error.description)
        }
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
        let store = SecretStore(environment: console.environment)
        var problems: [String] = []
        var authorizers: [Authorizer] = []
        for endpoint in plan.endpoints {
            do throws(CredentialError) {
                let authentication = endpoint.provider.authentication
                authorizers.append(try Authorizer(authentication, region: endpoint.region, store: store))
            } catch {
                problems.append("\(endpoint.identifier): \(error.description)")
            }
        }
        guard problems.isEmpty else { throw .usage(problems.joined(separator: "\n")) }
        return authorizers
    }
}
