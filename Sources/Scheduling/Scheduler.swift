import Workloads
import Profiles
import Statistics
public import Planning
public import Quantities

/// Decides what is sent when, round by round.
///
/// It is a value without a clock and without sockets. Rounds are barriers: the next one begins when every endpoint has ended
/// its sessions. Within a round the endpoints take turns or run side by side. In a closed loop each has so many live sessions;
/// in an open loop a session begins at its offset, whatever else is under way, and one that a cap on live sessions keeps from
/// it begins late but is never dropped. A call is due when the last call that it depends on has ended and its wait is over, a
/// session's first call when the session is. A call that fails ends its session: what was not sent of it is skipped, and said
/// to be.
public struct Scheduler: Sendable {
    private struct Due: Hashable, Comparable {
        /// When it is to be sent.
        let at: Instant
        let order: Int
        let key: CallKey
        let predecessorEnd: Instant
        /// How much earlier it was due: its session had to wait for room.
        let lateness: Duration

        static func < (left: Due, right: Due) -> Bool { (left.at, left.order) < (right.at, right.order) }
    }

    private struct EndpointTally {
        /// Calls that have ended for good, after their last attempt.
        var callCount = 0
        var failureCount = 0
        /// Why its calls are no longer sent; nil while they are.
        var stopped: SkipReason?
        var isStopped: Bool { stopped != nil }
    }

    private let plan: Plan
    /// Calls that an interrupted run has ended, with their success.
    private let ended: [CallKey: Bool]
    /// Sessions that an interrupted run has begun.
    private let begun: Set<SessionKey>
    private let turnTimes: [RunHistory.Turn: Duration]
    /// True while the next call does not fit into the budget beside those under way.
    private var isHeldByBudget = false
    private var round = -1
    private var waitingEndpoints: [Int] = []
    /// The endpoints whose turn has come in this round.
    private var openEndpoints: [Int] = []
    /// The sessions of the round that each endpoint has not begun.
    private var queues: [ArrivalQueue]
    /// When each endpoint last had as many live sessions as it may and one of them ended, or when its turn began.
    private var roomSince: [Instant]
    private var live: [SessionKey: SessionProgress] = [:]
    private var liveCounts: [Int]
    /// Sessions of which something has changed, so that they may be over.
    private var touched: [SessionKey] = []
    private var hasSweptForStop = false
    private var tallies: [EndpointTally]
    /// What each endpoint's turn has shown of its load; nil where it is not to be looked at.
    private var saturations: [Saturation?]
    private var due: [Due] = []
    private var dueCount = 0
    /// How often calls that are still to be sent have been sent again.
    private var retryCounts: [CallKey: Int] = [:]
    private var reserved: [CallKey: Money] = [:]
    private var reservedSum = Money.zero
    private var spent: Money
    private var deadline: Instant?
    private var stop: StopReason?
    private var isFinished = false

    /// Makes a scheduler.
    ///
    /// - Parameters:
    ///   - plan: what is to be done.
    ///   - history: what an earlier part of the run has done.
    public init(_ plan: Plan, history: RunHistory = RunHistory()) {
        self.plan = plan
        ended = history.ended
        begun = history.begun
        turnTimes = history.turnTimes
        spent = history.spent
        retryCounts = history.retryCounts
        tallies = plan.endpoints.indices.map { endpoint in
            EndpointTally(
                callCount: history.callCounts[endpoint] ?? 0, failureCount: history.failureCounts[endpoint] ?? 0,
                stopped: history.stoppedEndpoints[endpoint])
        }
        saturations = Array(repeating: nil, count: plan.endpoints.count)
        queues = Array(repeating: ArrivalQueue(), count: plan.endpoints.count)
        roomSince = Array(repeating: Instant(nanoseconds: .min), count: plan.endpoints.count)
        liveCounts = Array(repeating: 0, count: plan.endpoints.count)
    }

    /// When ``SchedulingEvent/timeReached`` should come at the latest; nil if nothing waits for time.
    public var nextDeadline: Instant? {
        guard !isFinished, stop == nil else { return nil }
        return [isHeldByBudget ? nil : due.first?.at, nextArrival, deadline].compactMap(\.self).min()
    }

    /// When the next session is due at an endpoint that has room for it.
    private var nextArrival: Instant? {
        openEndpoints.compactMap { hasRoom($0) ? queues[$0].first?.at : nil }.min()
    }

    private func hasRoom(_ endpoint: Int) -> Bool { plan.profile.liveLimit.map { liveCounts[endpoint] < $0 } ?? true }

    /// What has been spent and may yet be spent by the calls under way.
    public var committed: Money { spent + reservedSum }

    /// True if a call that has failed will be sent again.
    public func willRetry(_ key: CallKey) -> Bool { live[key.session].map { $0.states[key.call] == .due } ?? false }

    /// Takes an event and says what is to be done now.
    public mutating func handle(_ event: SchedulingEvent, at now: Instant) -> [SchedulingAction] {
        guard !isFinished else { return [] }
        var actions: [SchedulingAction] = []
        // What ends now was still there when the sessions arrived that were due until now.
        noteArrivals(now)
        switch event {
        case .begin:
            deadline = plan.profile.stop.duration.map { now + $0 }
            beginRound(now, &actions)
            // A run that too high a load has ended stays ended when it is resumed.
            if tallies.contains(where: { $0.stopped == .endpointSaturated }) { stopIfNoEndpointIsLeft() }
        case .timeReached: break
        case .attemptEnded(let key, let end): attemptEnded(key, end, now)
        case .stopRequested(let reason): stop = stop ?? reason
        }
        if let deadline, now >= deadline { stop = stop ?? .duration }
        startDue(now, &actions)
        settle(now, &actions)
        return actions
    }

    // MARK: Rounds and sessions

    private mutating func beginRound(_ now: Instant, _ actions: inout [SchedulingAction]) {
        round += 1
        guard round < plan.rounds.count else { return }
        actions.append(.beginRound(round))
        waitingEndpoints = plan.rounds[round].endpointOrder
        openEndpoints = []
        repeat { openEndpoint(now) } while plan.profile.order == .sideBySide && !waitingEndpoints.isEmpty
        fill(now, &actions)
    }

    private mutating func openEndpoint(_ now: Instant) {
        guard !waitingEndpoints.isEmpty else { return }
        let endpoint = waitingEndpoints.removeFirst()
        openEndpoints.append(endpoint)
        let round = round
        let passed = turnTimes[RunHistory.Turn(endpoint: endpoint, round: round)] ?? .zero
        let queue = ArrivalQueue(plan.rounds[round].sessions, opened: now, passed: passed) { place in
            begun.contains(SessionKey(endpoint: endpoint, round: round, session: place))
        }
        queues[endpoint] = queue
        roomSince[endpoint] = now
        // Where a resumed run goes on with begun sessions, those do not arrive at the plan's rate.
        let isLookedAt = plan.profile.stop.overSaturation && !queue.isResumed && !tallies[endpoint].isStopped
        saturations[endpoint] = isLookedAt ? Saturation() : nil
    }

    /// Takes note of the sessions that were due until now, and stops each endpoint that cannot keep up with them.
    private mutating func noteArrivals(_ now: Instant) {
        guard plan.profile.stop.overSaturation, stop == nil else { return }
        for endpoint in openEndpoints where saturations[endpoint] != nil {
            while let arrival = queues[endpoint].nextArrival(until: now) {
                guard saturations[endpoint]?.arrive(arrival.session, at: arrival.at) == true else { continue }
                stopEndpoint(endpoint, .endpointSaturated)
                break
            }
        }
    }

    /// Makes waiting sessions live while they are due and their endpoint has room.
    ///
    /// In a closed loop sessions that begin together are due one millisecond after another, so that a round does not begin
    /// with a burst that the harness itself could not send at once. An endpoint that was stopped is not waited for.
    private mutating func fill(_ now: Instant, _ actions: inout [SchedulingAction]) {
        var begunCount: Int64 = 0
        for endpoint in openEndpoints {
            while hasRoom(endpoint), let arrival = queues[endpoint].first,
                arrival.at <= now || tallies[endpoint].isStopped
            {
                queues[endpoint].removeFirst()
                let key = SessionKey(endpoint: endpoint, round: round, session: arrival.session)
                if plan.profile.load.isOpen {
                    let begins = max(arrival.at, roomSince[endpoint])
                    begin(key, at: begins, lateness: begun.contains(key) ? .zero : begins - arrival.at, &actions)
                } else {
                    begin(key, at: now + .milliseconds(begunCount), lateness: .zero, &actions)
                }
                begunCount += 1
            }
        }
    }

    private var hasWaitingSessions: Bool {
        openEndpoints.contains { queues[$0].first != nil }
    }

    private mutating func begin(
        _ key: SessionKey, at begin: Instant, lateness: Duration, _ actions: inout [SchedulingAction]
    ) {
        var progress = SessionProgress(plan.graph(key))
        actions.append(.beginSession(key))
        live[key] = progress
        liveCounts[key.endpoint] += 1
        touched.append(key)
        var ready = progress.roots
        var index = 0
        while index < ready.count {
            let call = ready[index]
            index += 1
            guard let isSuccess = ended[CallKey(session: key, call: call)] else {
                // What will be skipped must not be sent in the meantime.
                guard !tallies[key.endpoint].isStopped else { continue }
                schedule(CallKey(session: key, call: call), after: begin, lateness: lateness)
                continue
            }
            progress = live[key] ?? progress
            ready += progress.end(call, isSuccess: isSuccess)
            live[key] = progress
        }
    }

    private mutating func schedule(_ key: CallKey, after end: Instant, lateness: Duration = .zero) {
        live[key.session]?.makeDue(key.call)
        let time = end + plan.wait(before: key)
        // What kept a late session from beginning were the sessions before it, not the harness: that delay ends now.
        insert(key, at: time, after: lateness > .zero ? time : end, lateness: lateness)
    }

    private mutating func insert(_ key: CallKey, at time: Instant, after end: Instant, lateness: Duration = .zero) {
        let entry = Due(at: time, order: dueCount, key: key, predecessorEnd: end, lateness: lateness)
        dueCount += 1
        due.insert(entry, at: place(of: entry))
    }

    /// Where an entry belongs among those that are due, earliest first.
    private func place(of entry: Due) -> Int {
        var (low, high) = (0, due.count)
        while low < high {
            let middle = (low + high) / 2
            if due[middle] < entry { low = middle + 1 } else { high = middle }
        }
        return low
    }

    // MARK: Calls

    private mutating func startDue(_ now: Instant, _ actions: inout [SchedulingAction]) {
        var taken = 0
        let wasHeld = isHeldByBudget
        isHeldByBudget = false
        for entry in due {
            guard entry.at <= now, stop == nil else { break }
            taken += 1
            guard let session = live[entry.key.session], session.states[entry.key.call] == .due else { continue }
            // What has failed or was given up at this very moment is skipped, not sent once more.
            if session.hasFailed || tallies[entry.key.session.endpoint].isStopped { continue }
            let worst = plan.worstCost(entry.key)
            if let budget = plan.profile.budget, committed + worst > budget {
                // Calls under way mostly cost less than was reserved for them: what they leave may be enough.
                if reserved.isEmpty { stop = .budget } else { isHeldByBudget = true }
                // Whose calls wait for money cannot keep up, however fast it is.
                saturations = saturations.map { _ in nil }
                taken -= 1
                break
            }
            reserved[entry.key] = worst
            reservedSum += worst
            live[entry.key.session]?.start(entry.key.call)
            // A call that the budget held back was not sent late by anybody, and was due all the same.
            actions.append(
                .startCall(
                    entry.key, due: entry.at.advanced(by: .zero - entry.lateness),
                    predecessorEnd: entry.predecessorEnd, hold: wasHeld ? max(.zero, now - entry.at) : .zero))
        }
        due.removeFirst(taken)
    }

    private mutating func attemptEnded(_ key: CallKey, _ end: AttemptEnd, _ now: Instant) {
        guard var progress = live[key.session], progress.states[key.call] == .running else {
            preconditionFailure("call \(key) ended, but it was not under way")
        }
        let isSuccess = end.outcome.isSuccess
        // What a call cost counts in full where it is known; where it is not, the reservation stands.
        let reservation = reserved.removeValue(forKey: key) ?? .zero
        reservedSum -= reservation
        spent += end.cost ?? reservation
        // A session that has failed asks for nothing more, not even once more for a call beside the one that failed.
        let isGivenUp = stop != nil || tallies[key.session.endpoint].isStopped || progress.hasFailed
        if !isGivenUp, let wait = retryWait(key, end) {
            retryCounts[key, default: 0] += 1
            live[key.session]?.retry(key.call)
            // A provider's wait is real, whatever the plan makes of its own waits.
            insert(key, at: now + wait, after: now)
            return
        }
        // What is sent again has not failed yet.
        tally(key.session.endpoint, isSuccess)
        retryCounts[key] = nil
        saturations[key.session.endpoint]?.callEnded(of: key.session.session, at: now)
        let ready = progress.end(key.call, isSuccess: isSuccess)
        live[key.session] = progress
        touched.append(key.session)
        for call in ready where !progress.hasFailed {
            schedule(CallKey(session: key.session, call: call), after: now)
        }
    }

    private func retryWait(_ key: CallKey, _ end: AttemptEnd) -> Duration? {
        let count = retryCounts[key] ?? 0
        var generator = SeededGenerator(
            seed: plan.seed.derived(
                "retry \(key.session.endpoint) \(key.session.round) \(key.session.session)", key.call))
        for _ in 0..<count { _ = generator.next() }
        return RetryDecision.wait(
            after: end, retryCount: count, rules: plan.profile.retries, draw: generator.uniform())
    }

    private mutating func tally(_ endpoint: Int, _ isSuccess: Bool) {
        tallies[endpoint].callCount += 1
        tallies[endpoint].failureCount += isSuccess ? 0 : 1
        guard let limit = plan.profile.stop.errorRate else { return }
        let tally = tallies[endpoint]
        let isOver = Double(tally.failureCount) > limit * Double(tally.callCount)
        if tally.callCount >= plan.profile.stop.errorRateMinimumCalls, isOver, !tally.isStopped {
            stopEndpoint(endpoint, .endpointStopped)
        } else {
            stopIfNoEndpointIsLeft()
        }
    }

    private mutating func stopEndpoint(_ endpoint: Int, _ reason: SkipReason) {
        tallies[endpoint].stopped = reason
        // Its other sessions end before they arrive, and the reason must stay.
        saturations[endpoint] = nil
        touched += live.keys.filter { $0.endpoint == endpoint }
        stopIfNoEndpointIsLeft()
    }

    private mutating func stopIfNoEndpointIsLeft() {
        guard tallies.allSatisfy(\.isStopped) else { return }
        let isSaturated = tallies.contains { $0.stopped == .endpointSaturated }
        stop = stop ?? (isSaturated ? .overSaturation : .errorRate)
    }

    // MARK: Ends

    /// Ends what is over, and begins what comes next, until nothing more follows.
    private mutating func settle(_ now: Instant, _ actions: inout [SchedulingAction]) {
        while true {
            endSessions(now, &actions)
            // Sessions that came too fast for their endpoint are skipped one by one, so that the record says why.
            if stop == nil || stop == .overSaturation { fill(now, &actions) }
            if stop == nil { startDue(now, &actions) }
            // Sessions of a resumed run may be over, or have failed, as soon as they begin.
            if !touched.isEmpty || (stop != nil && !hasSweptForStop) { continue }
            guard live.isEmpty else { return }
            if stop == nil, hasWaitingSessions {
                precondition(plan.profile.load.isOpen, "sessions wait though nothing is live")
                return
            }
            if stop == nil, !waitingEndpoints.isEmpty {
                openEndpoint(now)
                continue
            }
            actions.append(.endRound(round))
            if stop == nil, round + 1 < plan.rounds.count {
                beginRound(now, &actions)
                continue
            }
            isFinished = true
            actions.append(.finish(stop ?? .complete))
            return
        }
    }

    /// Looks at the sessions of which something has changed; when the run has to stop, at all of them once.
    private mutating func endSessions(_ now: Instant, _ actions: inout [SchedulingAction]) {
        if let stop, !hasSweptForStop {
            hasSweptForStop = true
            if stop != .errorRate, plan.profile.load.isOpen { giveUpWaiting(now, &actions) }
            touched = Array(live.keys)
        }
        if touched.count > 1 { touched.sort() }
        for key in touched {
            guard var progress = live[key] else { continue }
            if let reason = progress.hasFailed ? .sessionFailed : skipReason(key.endpoint) {
                for call in progress.skipRest() { actions.append(.skipCall(CallKey(session: key, call: call), reason)) }
                live[key] = progress
            }
            guard progress.isOver else { continue }
            live[key] = nil
            if !hasRoom(key.endpoint) { roomSince[key.endpoint] = now }
            liveCounts[key.endpoint] -= 1
            saturations[key.endpoint]?.sessionEnded(key.session)
            actions.append(.endSession(key, isSuccess: !progress.hasFailed))
        }
        touched = []
    }

    /// Skips the sessions that have arrived and found no room, so that the record tells of them; the others had not arrived.
    private mutating func giveUpWaiting(_ now: Instant, _ actions: inout [SchedulingAction]) {
        for endpoint in openEndpoints where !tallies[endpoint].isStopped && !hasRoom(endpoint) {
            while let arrival = queues[endpoint].first, arrival.at <= now {
                queues[endpoint].removeFirst()
                let key = SessionKey(endpoint: endpoint, round: round, session: arrival.session)
                guard !begun.contains(key) else { continue }
                for call in plan.session(key).calls.indices {
                    actions.append(.skipCall(CallKey(session: key, call: call), .noRoom))
                }
            }
        }
    }

    /// Why an endpoint's calls that are to come are not sent; nil if they are.
    private func skipReason(_ endpoint: Int) -> SkipReason? {
        // Where calls failed too often until the run had to stop, a resumed run may find the endpoint well again; a load
        // that was too high stays so.
        let stopped = tallies[endpoint].stopped
        return stopped == .endpointSaturated || stop == nil ? stopped : .runStopped
    }
}
