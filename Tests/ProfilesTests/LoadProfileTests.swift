import Quantities
import Testing

@testable import Profiles

private func plan(_ load: String) throws(Problems) -> PlanProfile {
    let text = """
        submeter: plan
        version: 1
        name: p
        model: m
        providers: [a.yaml]
        workload: w.yaml
        endpoints: [{provider: a}]
        \(load)
        """
    guard case .plan(let plan) = try Document(Array(text.utf8), file: "p.yaml") else { throw Problems([]) }
    return plan
}

@Suite struct LoadProfileTests {
    static let loads: [(String, LoadProfile.Model)] = [
        ("", .closed), ("load: {kind: closed}", .closed),
        ("load: {kind: constant, rate: 0.5}", .arrivals(.constant(rate: 0.5), .constant)),
        ("load: {kind: poisson, rate: 2}", .arrivals(.constant(rate: 2), .poisson)),
        ("load: {kind: gamma, rate: 2}", .arrivals(.constant(rate: 2), .gamma(shape: 0.5))),
        ("load: {kind: gamma, rate: 2, shape: 0.06}", .arrivals(.constant(rate: 2), .gamma(shape: 0.06))),
        ("load: {kind: recorded, quantum: 3s}", .recorded(quantum: .seconds(3))),
        ("load: {kind: recorded}", .recorded(quantum: .zero)),
        (
            "load: {kind: steps, steps: [{rate: 1, for: 60s}, {rate: 2, for: 1min}]}",
            .arrivals(
                .steps([.init(rate: 1, length: .seconds(60)), .init(rate: 2, length: .seconds(60))]), .poisson)
        ),
        (
            "load: {kind: ramp, from: 0.1, to: 2, over: 120s, arrivals: constant}",
            .arrivals(.ramp(from: 0.1, to: 2, over: .seconds(120)), .constant)
        ),
        (
            "load: {kind: spike, rate: 0.5, factor: 4, at: 60s, for: 60s, arrivals: gamma, shape: 0.25}",
            .arrivals(.spike(rate: 0.5, factor: 4, at: .seconds(60), length: .seconds(60)), .gamma(shape: 0.25))
        ),
    ]

    @Test(arguments: loads)
    func `every kind of load is read`(text: String, model: LoadProfile.Model) throws {
        let plan = try plan(text)
        #expect(plan.load.model == model)
        #expect(plan.load.isOpen == (model != .closed))
        #expect(plan.liveLimit == (plan.load.isOpen ? nil : 4))
        #expect(!plan.loadText.isEmpty)
    }

    @Test func `only maximum_live_sessions limits an open loop`() throws {
        let plan = try plan("load: {kind: poisson, rate: 1, maximum_live_sessions: 9}")
        #expect(plan.liveLimit == 9)
        #expect(plan.loadText == "poisson arrivals at 1.0 sessions/s, at most 9 live sessions")
    }

    @Test func `the quantum is told in the time of the trace, whatever the scale`() throws {
        let plan = try plan("load: {kind: recorded, quantum: 3s}\ntime_scale: 0.2")
        #expect(plan.loadText == "arrivals as recorded, spread over 3.0 s of the trace's time")
    }

    @Test(arguments: loads)
    func `over-saturation is only told of a rate that never changes`(text: String, model: LoadProfile.Model) throws {
        let isConstant =
            switch model {
            case .arrivals(.constant, _): true
            default: false
            }
        #expect((try plan(text).load.constantRate != nil) == isConstant)
        #expect(try plan(text + "\nstop: {duration: 1h, over_saturation: false}").stop.overSaturation == false)
        let asking = text + "\nstop: {over_saturation: true}"
        guard !isConstant else {
            #expect(try plan(asking).stop.overSaturation)
            return
        }
        let problems = #expect(throws: Problems.self) { try plan(asking) }
        let description = problems?.description ?? ""
        #expect(
            description.contains(
                "stop.over_saturation: is only told where sessions arrive at a constant rate (allowed"),
            "\(description)")
    }

    static let faults: [(String, [String])] = [
        ("load: {rate: 1}", ["load.kind: is missing (allowed: closed, constant, poisson"]),
        ("load: {kind: poison, rate: 1}", ["load.kind: 'poison' is not one of closed,", "did you mean 'poisson'?"]),
        ("load: {kind: poisson}", ["load.rate: is missing (a number from 0.0001 to 10000.0)"]),
        ("load: {kind: poisson, rate: 0}", ["load.rate: '0' is not a number from 0.0001"]),
        ("load: {kind: poisson, rate: 1, shape: 2}", ["load.shape: is not a known key"]),
        ("load: {kind: constant, period: 2s}", ["load.rate: is missing", "load.period: is not a known key"]),
        ("load: {kind: gamma, rate: fast, shape: 0}", ["load.rate: 'fast' is not", "load.shape: '0' is not"]),
        ("load: {kind: recorded, quantum: 3}", ["load.quantum: '3' is not a duration with its unit"]),
        ("load: {kind: steps}", ["load.steps: must hold at least one step"]),
        (
            "load: {kind: steps, steps: [{rate: 1}, {rate: 1, for: 0s, fro: 1s}]}",
            [
                "load.steps[0].for: is missing (a duration", "load.steps[1].for: must be longer than 0s",
                "load.steps[1].fro: is not a known key; did you mean 'for'?",
            ]
        ),
        ("load: {kind: ramp, from: 1, over: 10s}", ["load.to: is missing"]),
        ("load: {kind: ramp, from: 1, to: 0, over: 0s}", ["load.to: '0' is not", "load.over: must be longer than 0s"]),
        ("load: {kind: spike, rate: 1, for: 1s}", ["load.factor: is missing"]),
        ("load: {kind: spike, rate: 1, factor: 2, for: 1s, arrivals: even}", ["load.arrivals: 'even' is not one of"]),
        ("load: {kind: closed, maximum_live_sessions: 3}", ["has no meaning in a closed loop; live_sessions says"]),
        ("load: poisson", ["load: must be a mapping"]),
        (
            "live_sessions: 3\nload: {kind: poisson, rate: 1}",
            ["live_sessions: has no meaning where sessions begin by the clock; load.maximum_live_sessions caps them"]
        ),
    ]

    @Test(arguments: faults)
    func `what is wrong with a load is said, all of it`(text: String, expected: [String]) {
        let problems = #expect(throws: Problems.self) { try plan(text) }
        let description = problems?.description ?? ""
        for part in expected { #expect(description.contains(part), "\(description)") }
    }
}
