import Quantities
import Statistics
import Testing

@testable import Scheduling

/// A simulated endpoint: Poisson or bursty arrivals of sessions of sequential calls, which queue for some slots in the order
/// in which they come.
private struct Queue {
    let slotCount: Int
    /// Arrivals times work, over what the slots can do.
    let load: Double
    var callCount = 10
    var shape = 1.0
    /// True if every call takes the same time.
    var isEven = false

    private struct Event: Comparable {
        let at: Instant
        let session: Int
        let isArrival: Bool
        static func < (left: Event, right: Event) -> Bool {
            (left.at, left.isArrival ? 0 : 1, left.session) < (right.at, right.isArrival ? 0 : 1, right.session)
        }
    }

    /// Runs until so many sessions have arrived, or the rule stops them.
    ///
    /// - Returns: after how many arrivals the rule stopped them; nil if it did not.
    func alarm(sessions: Int, seed: UInt64) -> Int? {
        var generator = SeededGenerator(seed: Seed(seed))
        var saturation = Saturation()
        // Calls take a second on average.
        let gap = Distribution.gamma(
            shape: shape, scale: Double(callCount) / (load * Double(slotCount)) / shape)
        var arrival = 0.0
        var events = (0..<sessions).map { session in
            defer { arrival += gap.sample(using: &generator) }
            return Event(at: Instant(nanoseconds: Int64(arrival * 1e9)), session: session, isArrival: true)
        }
        var waiting: [Int] = []
        var (begun, busyCount, arrivedCount) = (0, 0, 0)
        var left = Array(repeating: callCount, count: sessions)
        while arrivedCount < sessions {
            let event = events.removeFirst()
            if event.isArrival {
                arrivedCount += 1
                if saturation.arrive(event.session, at: event.at) { return arrivedCount }
            } else {
                busyCount -= 1
                left[event.session] -= 1
                saturation.callEnded(of: event.session, at: event.at)
                if left[event.session] == 0 { saturation.sessionEnded(event.session) }
            }
            if left[event.session] > 0 { waiting.append(event.session) }
            while busyCount < slotCount, begun < waiting.count {
                busyCount += 1
                let seconds = isEven ? 1 : Distribution.exponential(mean: 1).sample(using: &generator)
                let end = Event(
                    at: event.at + .nanoseconds(Int64(seconds * 1e9)), session: waiting[begun], isArrival: false)
                begun += 1
                events.insert(end, at: events.firstIndex { end < $0 } ?? events.count)
            }
        }
        return nil
    }

    /// After how many arrivals each of some simulations was stopped; those that were not are left out.
    func alarms(sessions: Int, seeds: Range<UInt64> = 0..<25) -> [Int] {
        seeds.compactMap { alarm(sessions: sessions, seed: $0) }
    }
}

@Suite struct SaturationTests {
    @Test(arguments: [1, 4], [0.3, 0.5])
    func `a load that is borne is hardly ever taken for too high`(slots: Int, load: Double) {
        for callCount in [1, 10] {
            let found = Queue(slotCount: slots, load: load, callCount: callCount).alarms(sessions: 256)
            #expect(found.count <= 3, "\(found.count) of 25 with \(callCount) calls")
        }
    }

    @Test(arguments: [1, 4])
    func `bursts and a load near the limit raise a false alarm now and then`(slots: Int) {
        #expect(Queue(slotCount: slots, load: 0.8).alarms(sessions: 256).count <= 6)
        #expect(Queue(slotCount: slots, load: 0.5, shape: 0.25).alarms(sessions: 256).count <= 6)
    }

    @Test(arguments: [1, 4], [(1.3, 22), (1.6, 24), (2.0, 25), (4.0, 25)])
    func `a load that is too high is found`(slots: Int, expected: (load: Double, count: Int)) {
        for isEven in [false, true] {
            let queue = Queue(slotCount: slots, load: expected.load, isEven: isEven)
            let found = queue.alarms(sessions: 256)
            #expect(found.count >= expected.count, "\(found.count) of 25")
            if expected.load == 2 { #expect(found.count { $0 == Saturation.firstLook } >= 20) }
        }
    }

    @Test(arguments: [2.0, 4, 8])
    func `sessions of one call are found though most of them have no answer yet`(load: Double) {
        let queue = Queue(slotCount: 1, load: load, callCount: 1)
        #expect(queue.alarms(sessions: 256).count >= 24)
        if load == 2 { #expect(queue.alarms(sessions: 64).count >= 18) }
    }

    @Test func `a population that only grows to its size is not too much`() {
        // Eighty calls of a second arrive in a second, and each is answered at once: sessions gather, waits do not grow.
        var saturation = Saturation()
        for session in 0..<512 {
            let now = Instant(nanoseconds: Int64(session) * 12_500_000)
            if session >= 80 { saturation.callEnded(of: session - 80, at: now) }
            let isOver = saturation.arrive(session, at: now)
            #expect(!isOver)
        }
    }

    @Test func `waits that grow while sessions end as fast as they come are not too much`() {
        var saturation = Saturation()
        for session in 0..<256 {
            let now = Instant(nanoseconds: Int64(session) * 1_000_000_000)
            let isOver = saturation.arrive(session, at: now)
            #expect(!isOver)
            saturation.callEnded(of: session, at: now + .milliseconds(Int64(1 + session)))
            saturation.sessionEnded(session)
        }
    }

    @Test func `both signs together are, at the first look`() {
        var saturation = Saturation()
        var alarm: Int?
        for session in 0..<64 {
            let now = Instant(nanoseconds: Int64(session) * 1_000_000_000)
            if saturation.arrive(session, at: now) { alarm = session + 1 }
            saturation.callEnded(of: session, at: now + .milliseconds(Int64(1 + session)))
        }
        #expect(alarm == 64)
    }

    @Test func `a session arrives once, and after those before it`() async {
        await #expect(processExitsWith: .failure) {
            var saturation = Saturation()
            _ = saturation.arrive(0, at: Instant(nanoseconds: 5))
            _ = saturation.arrive(0, at: Instant(nanoseconds: 6))
        }
        await #expect(processExitsWith: .failure) {
            var saturation = Saturation()
            _ = saturation.arrive(0, at: Instant(nanoseconds: 5))
            _ = saturation.arrive(1, at: Instant(nanoseconds: 4))
        }
    }
}
