import Credentials
import Planning
import Profiles

/// Reading plans from files.
enum Plans {
    /// Reads a plan with everything that it refers to.
    ///
    /// - Parameters:
    ///   - path: the plan's file.
    ///   - change: what is made of the plan's text before it is understood.
    /// - Returns: the documents.
    /// - Throws: ``CommandError`` with all problems of all documents.
    static func documents(
        _ path: String, change: ([UInt8]) -> [UInt8] = { $0 }
    ) throws(CommandError) -> DocumentSet {
        var reasons: [String: String] = [:]
        do throws(Problems) {
            return try DocumentSet(planFile: path) {
                reasons[$0]
            } workloadFault: {
                Plan.fault(of: $0, sessionFile: $1)
            } read: { name in
                do throws(CommandError) {
                    let bytes = try TraceFile.contents(name)
                    return name == path ? change(bytes) : bytes
                } catch {
                    let start = "\(name): "
                    reasons[name] = String(
                        error.description.dropFirst(error.description.hasPrefix(start) ? start.count : 0))
                    return nil
                }
            }
        } catch {
            throw .usage(error.description)
        }
    }

    /// Decides everything that a plan leaves open.
    static func plan(_ documents: DocumentSet) throws(CommandError) -> Plan {
        do throws(PlanningError) {
            return try Plan(documents)
        } catch {
            let names = documents.sources.map(\.name)
            let hasPlace = names.contains { error.description.hasPrefix($0 + ":") }
            throw .usage(hasPlace ? error.description : "\(names[0]): \(error.description)")
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
