import Profiles
import Quantities
import Workloads

/// Sessions that start when they started in the recording.
///
/// Many recordings have a coarse clock: whole batches of sessions bear one time, and replayed literally they would be bursts
/// that never were (Mooncake: 1,180 distinct times for 12,031 requests; workloads.md §2.3). So the sessions of a batch are
/// spread evenly over the clock's quantum, but never past the next batch.
struct RecordedArrivals {
    /// When each session starts, in seconds after the first, never decreasing.
    let times: [Double]

    /// Spreads starts.
    ///
    /// - Parameters:
    ///   - starts: seconds, never decreasing.
    ///   - quantum: the step of the recording's clock, in seconds; zero spreads nothing.
    init(starts: [Double], quantum: Double) {
        precondition(zip(starts, starts.dropFirst()).allSatisfy { $0 <= $1 }, "recorded starts must be in order")
        var times: [Double] = []
        let first = starts.first ?? 0
        var begin = 0
        while begin < starts.count {
            let end = starts[begin...].firstIndex { $0 > starts[begin] } ?? starts.count
            let room = end < starts.count ? min(quantum, starts[end] - starts[begin]) : quantum
            for place in begin..<end {
                times.append(starts[begin] - first + room * Double(place - begin) / Double(end - begin))
            }
            begin = end
        }
        self.times = times
    }

    /// When sessions in a row start, in seconds after the first of them.
    ///
    /// A library that is gone through again goes on after its last start, at its mean gap.
    ///
    /// - Parameters:
    ///   - first: the number of the first session, from zero and counted over all passes.
    ///   - count: how many.
    /// - Returns: one time per session, never falling, the first of them zero.
    func offsets(first: Int, count: Int) -> [Double] {
        guard let last = times.last else { return [] }
        let period = times.count > 1 ? last * Double(times.count) / Double(times.count - 1) : 0
        let starts = (first..<(first + count)).map { number in
            times[number % times.count] + period * Double(number / times.count)
        }
        return starts.map { max(0, $0 - starts[0]) }
    }

    /// The library in the order of its starts.
    ///
    /// - Throws: ``PlanningError`` if a session has none.
    static func sorted(_ library: SessionLibrary, plan: String) throws(PlanningError) -> SessionLibrary {
        let missing = library.sessions.filter { $0.start == nil }
        if let session = missing.first {
            throw PlanningError(
                description: "plan '\(plan)': load.kind is recorded, but \(missing.count) of "
                    + "\(Counted.text(library.sessions.count, "session")) \(missing.count == 1 ? "has" : "have") no start "
                    + "(start_s), the first: "
                    + "\(session.identifier); take a workload with recorded starts, or another kind of load")
        }
        var library = library
        let order = library.sessions.enumerated().sorted { left, right in
            (left.element.start ?? .zero, left.offset) < (right.element.start ?? .zero, right.offset)
        }
        library.sessions = order.map(\.element)
        return library
    }
}
