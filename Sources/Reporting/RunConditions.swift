import Encodings
public import Profiles

/// What a plan asked for, as far as results of another plan may not be held against these.
public enum RunConditions {
    /// The conditions in a few words each: load, order and history always, all else where it is not as usual.
    ///
    /// The history policy decides what a cache can hold and whether endpoints are sent the same bytes, so no result goes
    /// without it.
    public static func texts(_ plan: PlanProfile) -> [String] {
        let withoutSalt = salts(plan).filter { !$0.isOn }.map { "no salt per \($0.name)" }
        return [plan.loadText, "\(plan.order.rawValue) order", "\(plan.history.rawValue) history"]
            + [plan.waitText].compactMap(\.self)
            + (plan.outputLength == .natural ? [] : ["\(plan.outputLength.rawValue) output length"])
            + (plan.toolChoice == .model ? [] : ["tool choice as recorded"]) + withoutSalt
    }

    /// All of them for scripts, by their names in plans.
    static func json(_ plan: PlanProfile) -> JSONValue {
        let salts = salts(plan).map { ($0.name, JSONValue.bool($0.isOn)) }
        return [
            "load": .string(plan.loadText), "order": .string(plan.order.rawValue),
            "history": .string(plan.history.rawValue), "waits": plan.waitText.map { .string($0) } ?? .null,
            "output_length": .string(plan.outputLength.rawValue), "tool_choice": .string(plan.toolChoice.rawValue),
            "salts": .object(JSONObject(salts)),
        ]
    }

    private static func salts(_ plan: PlanProfile) -> [(name: String, isOn: Bool)] {
        [("run", plan.salts.run), ("tenant", plan.salts.tenant), ("session", plan.salts.session)]
    }
}
