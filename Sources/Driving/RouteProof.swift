import Dialects
import Profiles
import Quantities

/// Compares who served a call with who should have.
enum RouteProof {
    /// What a response says against the plan; nil if it says nothing against it.
    ///
    /// - Parameters:
    ///   - response: what the body says.
    ///   - region: what the region's header says.
    ///   - expected: what the provider's document wants.
    /// - Returns: a text for the record, such as `served by Together, Fireworks wanted`.
    static func mismatch(
        _ response: DecodedResponse, region: String?, expected: ProviderProfile.RouteExpectation
    ) -> String? {
        var findings: [String] = []
        if expected.isRequired, response.outcome.isSuccess {
            if expected.servedBy != nil, response.provider == nil { findings.append("nobody says who served it") }
            if !expected.servedModels.isEmpty, response.model == nil {
                findings.append("nobody says which model answered")
            }
            if expected.region != nil, region == nil { findings.append("nobody says in which region it was served") }
        }
        if let wanted = expected.servedBy, let served = response.provider, !isSame(served, wanted) {
            findings.append("served by \(served), \(wanted) wanted")
        }
        if let model = response.model, !expected.servedModels.isEmpty,
            !expected.servedModels.contains(where: { isSame(model, $0) })
        {
            findings.append("answered by \(model), \(expected.servedModels.joined(separator: " or ")) wanted")
        }
        if let wanted = expected.region, let region, !isSame(region, wanted) {
            findings.append("served in \(region), \(wanted) wanted")
        }
        return findings.isEmpty ? nil : String(findings.joined(separator: "; ").prefix(300))
    }

    private static func isSame(_ left: String, _ right: String) -> Bool { left.lowercased() == right.lowercased() }
}
