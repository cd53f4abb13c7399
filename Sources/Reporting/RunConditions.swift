public import Encodings
public import Profiles

/// What a plan asked for, as far as results of another plan may not be held against these.
public enum RunConditions {
    /// The conditions in a few words each: load, order and history always, all else where it is not as usual.
    public static func texts(_ plan: PlanProfile) -> [String] {
        [plan.loadText, "\(plan.order.rawValue) order"] + textsOfSending(plan)
    }

    /// The same without load and order: what is sent, and after which waits.
    ///
    /// The history policy decides what a cache can hold and whether endpoints are sent the same bytes, so no result goes
    /// without it.
    public static func textsOfSending(_ plan: PlanProfile) -> [String] {
        ["\(plan.history.rawValue) history"] + [plan.waitText].compactMap(\.self)
            + (plan.outputLength == .natural ? [] : ["\(plan.outputLength.rawValue) output length"])
            + (plan.toolChoice == .model ? [] : ["tool choice as recorded"])
            + salts(plan).filter { !$0.isOn }.map { "no salt per \($0.name)" }
    }

    /// All of them for scripts, by their names in plans.
    ///
    /// - Parameters:
    ///   - plan: the plan.
    ///   - isLoadGiven: false to leave out load and order, where they are not the plan's.
    /// - Returns: an object.
    public static func json(_ plan: PlanProfile, isLoadGiven: Bool = true) -> JSONValue {
        let salts = salts(plan).map { ($0.name, JSONValue.bool($0.isOn)) }
        let load: [(String, JSONValue)] = [
            ("load", .string(plan.loadText)), ("order", .string(plan.order.rawValue)),
        ]
        let sending: [(String, JSONValue)] = [
            ("history", .string(plan.history.rawValue)), ("waits", plan.waitText.map { .string($0) } ?? .null),
            ("output_length", .string(plan.outputLength.rawValue)), ("tool_choice", .string(plan.toolChoice.rawValue)),
            ("salts", .object(JSONObject(salts))),
        ]
        return .object(JSONObject((isLoadGiven ? load : []) + sending))
    }

    private static func salts(_ plan: PlanProfile) -> [(name: String, isOn: Bool)] {
        [("run", plan.salts.run), ("tenant", plan.salts.tenant), ("session", plan.salts.session)]
    }
}
