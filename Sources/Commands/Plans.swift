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

    /// The header by which each endpoint knows us; every missing secret is named at once.
    static func authorization(_ plan: Plan, _ console: Console) throws(CommandError) -> [(name: String, value: String)?]
    {
        let store = SecretStore(environment: console.environment)
        var problems: [String] = []
        var headers: [(name: String, value: String)?] = []
        for endpoint in plan.endpoints {
            do throws(CredentialError) {
                headers.append(try store.header(for: endpoint.provider.authentication))
            } catch {
                problems.append("\(endpoint.identifier): \(error.description)")
            }
        }
        guard problems.isEmpty else { throw .usage(problems.joined(separator: "\n")) }
        return headers
    }
}
