import Encodings
import Quantities

/// How many sessions a second begin at an endpoint, over the time of a round.
public enum RateCourse: Hashable, Sendable {
    /// One stretch of a course: so many sessions a second for so long.
    public struct Step: Hashable, Sendable {
        /// Sessions per second.
        public var rate: Double
        /// How long.
        public var length: Duration

        /// Makes a step.
        public init(rate: Double, length: Duration) {
            self.rate = rate
            self.length = length
        }
    }

    /// Always the same number of sessions a second.
    case constant(rate: Double)
    /// One rate after another; the last one goes on for as long as there are sessions.
    case steps([Step])
    /// From one rate to another in a straight line, and then on at the second.
    case ramp(from: Double, to: Double, over: Duration)
    /// One rate, but for a while a multiple of it.
    case spike(rate: Double, factor: Double, at: Duration, length: Duration)
}

/// How arrivals scatter about their rate.
public enum ArrivalSpread: Hashable, Sendable {
    /// Not at all: the gaps are even.
    case constant
    /// As those of many users who do not know of each other: exponential gaps.
    case poisson
    /// Gaps of a gamma distribution, in bursts if the shape is below one; their coefficient of variation is
    /// 1/sqrt(shape).
    case gamma(shape: Double)
}

/// What makes the sessions of a round begin.
public struct LoadProfile: Hashable, Sendable {
    /// The models of load.
    public enum Model: Hashable, Sendable {
        /// The end of an earlier session: a fixed number is live.
        case closed
        /// The clock, at a rate.
        case arrivals(RateCourse, ArrivalSpread)
        /// The clock, at the recorded starts; those of one time are spread over the quantum of the recording's clock.
        case recorded(quantum: Duration)
    }

    /// The model.
    public var model: Model
    /// The most sessions that may be live per endpoint in an open loop; nil sets no limit.
    public var maximumLiveSessions: Int?

    /// A fixed number of live sessions, the default.
    public static let closed = LoadProfile(model: .closed, maximumLiveSessions: nil)

    /// True if sessions begin by the clock, whatever else is under way.
    public var isOpen: Bool { model != .closed }

    /// Sessions per second, if they arrive by the clock at a rate that never changes; nil for every other load.
    public var constantRate: Double? {
        guard case .arrivals(.constant(let rate), _) = model else { return nil }
        return rate
    }
}

extension LoadProfile {
    private enum Kind: String, CaseIterable { case closed, constant, poisson, gamma, recorded, steps, ramp, spike }
    private enum SpreadName: String, CaseIterable { case constant, poisson, gamma }

    /// The shape of gamma arrivals unless the plan says another: a coefficient of variation of 1.4.
    private static let usualShape = 0.5
    private static let rates = 0.0001...10_000

    /// Reads the section `load`; without one the loop is closed.
    init(_ reader: MappingReader?) {
        self = .closed
        guard var reader else { return }
        let kind = reader.requiredChoice("kind", Kind.self, default: .closed)
        guard Kind(rawValue: reader.optionalString("kind") ?? "") != nil else { return }
        model = Self.model(kind, &reader)
        maximumLiveSessions = reader.optionalInteger("maximum_live_sessions", in: 1...100_000)
        if kind == .closed, maximumLiveSessions != nil {
            reader.report(
                "maximum_live_sessions", "has no meaning in a closed loop; live_sessions says how many are live")
        }
        reader.finish()
    }

    private static func model(_ kind: Kind, _ reader: inout MappingReader) -> Model {
        switch kind {
        case .closed: return .closed
        case .constant: return .arrivals(.constant(rate: rate(&reader)), .constant)
        case .poisson: return .arrivals(.constant(rate: rate(&reader)), .poisson)
        case .gamma: return .arrivals(.constant(rate: rate(&reader)), .gamma(shape: shape(&reader)))
        case .recorded: return .recorded(quantum: reader.duration("quantum", default: .zero))
        case .steps: return .arrivals(.steps(steps(&reader)), spread(&reader))
        case .ramp:
            let course = RateCourse.ramp(
                from: reader.requiredNumber("from", in: 0...rates.upperBound),
                to: reader.requiredNumber("to", in: rates), over: reader.positiveDuration("over"))
            return .arrivals(course, spread(&reader))
        case .spike:
            let course = RateCourse.spike(
                rate: rate(&reader), factor: reader.requiredNumber("factor", in: 0.001...1000),
                at: reader.duration("at", default: .zero), length: reader.positiveDuration("for"))
            return .arrivals(course, spread(&reader))
        }
    }

    private static func rate(_ reader: inout MappingReader) -> Double { reader.requiredNumber("rate", in: rates) }

    private static func shape(_ reader: inout MappingReader) -> Double {
        reader.number("shape", in: 0.01...1000, default: usualShape)
    }

    private static func spread(_ reader: inout MappingReader) -> ArrivalSpread {
        switch reader.choice("arrivals", SpreadName.self, default: .poisson) {
        case .constant: .constant
        case .poisson: .poisson
        case .gamma: .gamma(shape: shape(&reader))
        }
    }

    private static func steps(_ reader: inout MappingReader) -> [RateCourse.Step] {
        let diagnosis = reader.diagnosis
        let steps = reader.list("steps") { node, path -> RateCourse.Step? in
            var reader = MappingReader(node, path: path, diagnosis: diagnosis)
            let step = RateCourse.Step(rate: rate(&reader), length: reader.positiveDuration("for"))
            reader.finish()
            return step
        }
        if steps.isEmpty { reader.report("steps", "must hold at least one step, such as {rate: 0.5, for: 60s}") }
        return steps
    }
}

extension PlanProfile {
    /// The most sessions that may be live per endpoint; nil if nothing limits them.
    public var liveLimit: Int? { load.isOpen ? load.maximumLiveSessions : liveSessions }

    /// The load in a few words, such as `poisson arrivals at 0.5 sessions/s`.
    public var loadText: String {
        let cap = load.maximumLiveSessions.map { ", at most \(Counted.text($0, "live session"))" } ?? ""
        switch load.model {
        case .closed: return "\(Counted.text(liveSessions, "session")) at a time"
        case .recorded(let quantum):
            return "arrivals as recorded"
                + (quantum > .zero ? ", spread over \(quantum.seconds) s of the trace's time" : "") + cap
        case .arrivals(let course, let spread): return "\(spread.text) arrivals \(course.text)\(cap)"
        }
    }
}

extension ArrivalSpread {
    fileprivate var text: String {
        switch self {
        case .constant: "constant"
        case .poisson: "poisson"
        case .gamma(let shape): "gamma (shape \(shape))"
        }
    }
}

extension RateCourse {
    fileprivate var text: String {
        switch self {
        case .constant(let rate): "at \(rate) sessions/s"
        case .steps(let steps):
            "at " + steps.map { "\($0.rate) sessions/s for \($0.length.seconds) s" }.joined(separator: ", then ")
        case .ramp(let from, let to, let over): "from \(from) to \(to) sessions/s over \(over.seconds) s"
        case .spike(let rate, let factor, let at, let length):
            "at \(rate) sessions/s, \(factor) times that for \(length.seconds) s from \(at.seconds) s on"
        }
    }
}
