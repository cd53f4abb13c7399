import Analysis
import Glibc
import Profiles
import Quantities
import Records
import Scheduling

/// What a search varies: the sessions that are live, or the rate at which sessions arrive.
///
/// A ``LoadSearch`` counts in whole steps. One step is one live session, or a sixteenth of the first rate.
struct SearchedLoad {
    /// So many steps are the first rate: a gap of one step above it is less than a tenth.
    private static let firstSteps = 16
    /// Fewer sessions than this cannot be told to be too many.
    private static let fewestSessions = 64
    private static let rates = 0.0001...10_000.0

    private let plan: PlanProfile
    /// Sessions per second of one step; nil if live sessions are counted.
    private let unit: Double?
    /// The rules of the search, in steps.
    let rules: LoadSearch.Rules

    /// Decides what is varied, and from where to where.
    ///
    /// - Parameters:
    ///   - plan: the plan as it is.
    ///   - path: the plan's path, for the error.
    ///   - arguments: what the user wants.
    /// - Throws: where the load has no one rate to vary, or a bound has no meaning.
    init(_ plan: PlanProfile, path: String, _ arguments: Arguments) throws(CommandError) {
        self.plan = plan
        var rules = LoadSearch.Rules()
        rules.wantedShare = Double(try arguments.integer("--share", in: 1...99) ?? 95) / 100
        guard plan.load.isOpen else {
            unit = nil
            rules.first = try arguments.integer("--first", in: 1...100_000) ?? 1
            rules.highest = max(rules.first, try arguments.integer("--highest", in: 1...100_000) ?? 1024)
            self.rules = rules
            return
        }
        guard let planned = plan.load.constantRate else {
            throw .usage(
                "\(path): its load has no single rate to vary (\(plan.loadText)); a search varies the rate of a load of kind "
                    + "constant, poisson or gamma, or live_sessions where there is no section load")
        }
        let steps = Double(Self.firstSteps)
        let lowest = Self.rates.lowerBound * steps
        let highest = try arguments.number("--highest", in: lowest...Self.rates.upperBound)
        let given = try arguments.number("--first", in: lowest...Self.rates.upperBound)
        if let given, let highest, given > highest {
            throw .usage("--first: \(Self.text(given)) is above --highest, \(Self.text(highest))")
        }
        let first = given ?? min(planned, highest ?? planned)
        guard first >= lowest else {
            throw .usage(
                "\(path): a search begins at \(Self.text(lowest)) sessions/s or above, not at \(Self.text(first)); "
                    + "say --first")
        }
        let unit = first / steps
        self.unit = unit
        rules.first = Self.firstSteps
        // A hair more, so that a highest rate that is a whole number of steps is one in spite of rounding.
        let most = min(highest ?? first * 1024, Self.rates.upperBound) / unit * (1 + 1e-9)
        rules.highest = max(rules.first, Int(most.rounded(.down)))
        self.rules = rules
    }

    /// What is counted, as the head of a column.
    var unitText: String { unit == nil ? "live sessions" : "sessions/s" }

    /// A load without its unit, such as `7` or `0.5625`, the same in tables, file names and the plans that are run.
    func number(_ load: Int) -> String {
        unit.map { Self.text($0 * Double(load)) } ?? "\(load)"
    }

    /// A load as the figure that its text stands for.
    func value(_ load: Int) -> Double { Double(number(load)) ?? Double(load) }

    /// A load with its unit.
    func text(_ load: Int) -> String {
        unit == nil ? Counted.text(load, "live session") : "\(number(load)) \(unitText)"
    }

    /// The form of a verb that goes with ``text(_:)``: one live session `meets` what two, or any rate, `meet`.
    func verb(_ load: Int, one: String, many: String) -> String { unit == nil && load == 1 ? one : many }

    /// True if good and bad are as near as was wanted.
    ///
    /// Nothing lies between two counts of live sessions, but much between two low rates.
    func isPrecise(_ search: LoadSearch) -> Bool {
        guard unit != nil, let good = search.highestGood, let bad = search.lowestBad else { return search.isPrecise }
        return Double(bad - good) <= rules.precision * Double(good)
    }

    /// The values at the top of the plan's text that make it a plan of this load.
    ///
    /// - Parameters:
    ///   - load: in steps.
    ///   - tryNumber: which try of the load it is, from zero. Another try of a rate draws other arrivals: the same ones would
    ///     show the same again.
    /// - Returns: the keys with their values, each of one line.
    func values(_ load: Int, tryNumber: Int) -> [(key: String, value: String)] {
        let shared = [("rounds", "1"), ("order", "random")]
        guard unit != nil else {
            return shared + [
                ("live_sessions", "\(load)"), ("sessions_per_round", "\(max(plan.sessionsPerRound, 3 * load))"),
            ]
        }
        return shared + [
            ("seed", "\(tryNumber == 0 ? plan.seed : (plan.seed &+ tryNumber) & Int.max)"),
            ("sessions_per_round", "\(max(plan.sessionsPerRound, Self.fewestSessions))"),
            ("load", loadText(load)), ("stop", stopText),
        ]
    }

    /// When the whole load was there; nil if it never was.
    func window(_ file: RunFile, _ load: Int) -> SteadyWindow? {
        unit == nil
            ? SteadyWindow(file.sessions, liveCount: load) : SteadyWindow(arrivalsOf: file.sessions, file.attempts)
    }

    private func loadText(_ load: Int) -> String {
        var parts: [String]
        switch plan.load.model {
        case .arrivals(_, .constant): parts = ["kind: constant"]
        case .arrivals(_, .gamma(let shape)): parts = ["kind: gamma", "shape: \(shape)"]
        default: parts = ["kind: poisson"]
        }
        parts.append("rate: \(number(load))")
        if let cap = plan.load.maximumLiveSessions { parts.append("maximum_live_sessions: \(cap)") }
        return "{\(parts.joined(separator: ", "))}"
    }

    /// The plan's rules for an early end, with one more.
    private var stopText: String {
        var parts = ["over_saturation: true"]
        if let duration = plan.stop.duration { parts.append("duration: \(duration.seconds)s") }
        if let share = plan.stop.errorRate {
            parts += ["error_rate: \(share)", "error_rate_minimum_calls: \(plan.stop.errorRateMinimumCalls)"]
        }
        return "{\(parts.joined(separator: ", "))}"
    }

    /// A rate with six digits that count, and no more than it needs.
    private static func text(_ rate: Double) -> String {
        let scale = pow(10, 5 - log10(rate).rounded(.down))
        let text = "\((rate * scale).rounded() / scale)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }
}
