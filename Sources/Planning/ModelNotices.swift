import Profiles
import Quantities
import Workloads

/// Which model the calls of a plan go to.
extension Plan {
    /// Which endpoints have no cost, since the price of a model is missing.
    static func priceNotices(_ endpoints: [PlannedEndpoint]) -> [String] {
        endpoints.filter { !$0.isPriced }.map { endpoint in
            guard endpoint.main.price != nil, let small = endpoint.small else {
                return "\(endpoint.identifier): no price is known, so it has no cost"
            }
            return
                "\(endpoint.identifier): no price is known of the small_model '\(small.offer.name)', so it has no cost"
        }
    }

    /// How many calls of the workload are meant for a small model, and where they go; nil if nothing is to be said.
    var modelNotice: String? {
        let calls = library.sessions.reduce(0) { $0 + $1.calls.count }
        let small = library.sessions.reduce(0) { $0 + $1.calls.count(where: \.isForSmallModel) }
        let share = "\(small) of \(Counted.text(calls, "call")) of the workload"
        if let name = profile.secondModel {
            guard small > 0 else {
                return "small_model has no effect: no call of the workload is meant for a small model"
            }
            return
                "small_model: \(share) \(small == 1 ? "goes" : "go") to '\(name)', the others to '\(profile.model)'; "
                + "each is priced as what it was sent to"
        }
        // A plan that names one model for both has decided so.
        guard small > 0, profile.smallModel == nil else { return nil }
        return "\(share) \(small == 1 ? "is" : "are") meant for a small model and \(small == 1 ? "runs" : "run") on "
            + "'\(profile.model)'; small_model can name another"
    }
}
