import Profiles
public import Credentials
import Dialects
import Encodings
public import Planning
public import Quantities
public import Records
import Scheduling
import Statistics
import Synchronization
public import Transport
import Workloads

/// Asks a run to end, from any thread or signal handler's relay.
public final class Interruption: Sendable {
    private let flag = Atomic(false)
    private let waker = Mutex<LoopWaker?>(nil)

    /// Makes one that has not been used.
    public init() {}

    /// Asks the run to end; calls under way are aborted and recorded.
    public func interrupt() {
        flag.store(true, ordering: .relaxed)
        waker.withLock { $0?.wake() }
    }

    var isRequested: Bool { flag.load(ordering: .relaxed) }

    func attach(_ waker: LoopWaker) {
        self.waker.withLock { $0 = waker }
    }
}

/// Carries out a plan: Scheduling decides, Dialects translate, Transport moves, Records keep.
///
/// All on the calling thread.
public final class RunDriver {
    private let plan: Plan
    private let loop: NetworkLoop
    private let writer: RunFileWriter
    private let routes: [EndpointRoutes]
    private let credentials: CredentialKeeper
    private let interruption: Interruption
    private var attemptNumbers: [CallKey: Int]
    private let earlierEnds: EarlierEnds
    private let parser = JSONParser(limits: JSONLimits(maximumBytes: 16 << 20, maximumDepth: 64))
    private var scheduler: Scheduler
    private(set) var sessions: LiveSessions
    private var calls: [TransferIdentifier: LiveCall] = [:]
    private var openStreams = OpenStreams()
    private var roundBegan = Instant(nanoseconds: 0)
    private var healthSince = Instant(nanoseconds: 0)
    private var finished: StopReason?
    private var failure: RecordsError?
    private var progress: RunProgress

    /// Makes a driver.
    ///
    /// - Parameters:
    ///   - plan: what to do.
    ///   - writer: where everything is kept.
    ///   - loop: a network loop of the calling thread.
    ///   - authorizers: what authorises the requests of each endpoint.
    ///   - runSalt: twelve hexadecimal digits, new in every run and kept when one is resumed.
    ///   - earlier: what the run file held when `writer` had begun to go on with it; nil for a new run. Rows of sessions
    ///     and rounds that had ended stay as they are.
    ///   - interruption: ends the run early.
    public init(
        _ plan: Plan, writer: RunFileWriter, loop: NetworkLoop, authorizers: [Authorizer],
        runSalt: String, earlier: RunFile? = nil, interruption: Interruption = Interruption()
    ) {
        self.plan = plan
        self.writer = writer
        self.loop = loop
        self.interruption = interruption
        routes = plan.endpoints.map { EndpointRoutes($0, keepsAnswers: plan.profile.history != .recorded) }
        credentials = CredentialKeeper(loop, authorizers)
        var numbers: [CallKey: Int] = [:]
        let history = Self.history(plan, earlier?.attempts ?? [], &numbers)
        earlierEnds = EarlierEnds(earlier, plan)
        sessions = LiveSessions(plan, routes: routes, runSalt: runSalt, ended: earlierEnds.sessions)
        attemptNumbers = numbers
        scheduler = Scheduler(plan, history: history)
        progress = RunProgress(
            endpointCount: plan.endpoints.count, history: history, earlier: earlier?.attempts ?? [])
        interruption.attach(loop.waker)
    }

    /// What an earlier part of the run has done, and the number that each call's next attempt has.
    static func history(
        _ plan: Plan, _ earlier: [AttemptRow], _ numbers: inout [CallKey: Int]
    ) -> RunHistory {
        var history = RunHistory(turnTimes: EarlierTurns.times(plan, earlier))
        for row in earlier {
            let key = CallKey(row.place)
            guard row.outcome != .skipped else {
                if let reason = row.skipReason.flatMap(SkipReason.init), reason.isOfEndpoint {
                    history.stoppedEndpoints[row.place.endpoint] = reason
                }
                continue
            }
            numbers[key] = row.number + 1
            history.begun.insert(key.session)
            history.spent = history.spent + (cost(row) ?? plan.worstCost(key))
            guard row.outcome != .aborted else {
                history.ended[key] = nil
                continue
            }
            guard !row.willRetry else {
                history.ended[key] = nil
                history.retryCounts[key, default: 0] += 1
                continue
            }
            history.note(endpoint: row.place.endpoint, isSuccess: row.outcome.isSuccess)
            history.ended[key] = row.outcome.isSuccess
        }
        return history
    }

    /// What an attempt cost by the list; nil if that is not known.
    ///
    /// One that never reached the provider, or was refused, costs nothing; of one that was taken and told no usage the
    /// reservation stands.
    private static func cost(_ row: AttemptRow) -> Money? {
        row.listCost ?? (row.sent == nil || (row.status ?? 200) >= 400 ? .zero : nil)
    }

    /// Runs to the end.
    ///
    /// - Parameter report: called about four times a second with the state of things.
    /// - Returns: why the run ended.
    /// - Throws: ``AuthorizationFailure`` if a credential is not to be had, before anything is sent; ``RecordsError`` if the
    ///   run file cannot be written; then nothing more is sent.
    public func run(_ report: (RunProgress) -> Void = { _ in }) throws -> StopReason {
        let failures = credentials.prepare().sorted { $0.key < $1.key }
        guard failures.isEmpty else {
            throw AuthorizationFailure(failures.map { (plan.endpoints[$0.key].identifier, $0.value) })
        }
        sessions.prepareBeginning { interruption.isRequested }
        var now = NetworkLoop.now()
        healthSince = now
        var nextTick = now
        carryOut(scheduler.handle(.begin, at: now))
        while finished == nil, failure == nil {
            let deadline = [scheduler.nextDeadline, nextTick, openStreams.nextEnd].compactMap(\.self).min()
            loop.turn(until: deadline) { event, bytes in take(event, bytes) }
            now = NetworkLoop.now()
            endCompleted(until: now)
            if now >= nextTick {
                nextTick = now + .milliseconds(250)
                tick(now)
                progress.liveCalls = calls.count
                report(progress)
            }
            if interruption.isRequested { stop(.interrupted, now) }
            if let due = scheduler.nextDeadline, due <= now { carryOut(scheduler.handle(.timeReached, at: now)) }
        }
        awaitClosing()
        tick(NetworkLoop.now())
        report(progress)
        if let failure { throw failure }
        return finished ?? .complete
    }

    /// Waits for streams that are still open at the end of the run, so that it is known how long they were.
    private func awaitClosing() {
        while openStreams.count > 0, failure == nil {
            loop.turn(until: NetworkLoop.now() + .milliseconds(50)) { event, bytes in take(event, bytes) }
            for transfer in openStreams.overdue(at: NetworkLoop.now()) { loop.cancel(transfer) }
            if interruption.isRequested { for transfer in openStreams.cutOff() { loop.cancel(transfer) } }
        }
    }

    private func stop(_ reason: StopReason, _ now: Instant) {
        carryOut(scheduler.handle(.stopRequested(reason), at: now))
        // What has been answered is not aborted.
        endCompleted(until: nil)
        for (transfer, call) in calls where call.abortedAs == nil {
            call.abortedAs = .aborted
            loop.cancel(transfer)
        }
    }

    @discardableResult
    private func keep(_ record: RunRecord, replacing earlier: WaitingRow? = nil) -> WaitingRow? {
        do throws(RecordsError) {
            return try writer.append(record, replacing: earlier)
        } catch {
            failure = error
            return nil
        }
    }

    /// Looks after patience and health.
    private func tick(_ now: Instant) {
        let timeouts = plan.profile.timeouts
        for (transfer, call) in calls where call.abortedAs == nil {
            guard let outcome = call.impatience(timeouts, at: now) else { continue }
            call.abortedAs = outcome
            loop.cancel(transfer)
        }
        for transfer in openStreams.overdue(at: now) { loop.cancel(transfer) }
        guard now - healthSince >= .seconds(1) || finished != nil else { return }
        if finished == nil { credentials.renew() }
        let health = loop.takeHealth()
        keep(
            .health(
                HealthRow(
                    at: now, length: now - healthSince, busy: health.busy, longestTurn: health.longestTurn,
                    greatestLateness: health.greatestLateness, liveTransfers: calls.count)))
        healthSince = now
    }

    // MARK: What the scheduler wants

    private func carryOut(_ actions: [SchedulingAction]) {
        for action in actions {
            switch action {
            case .beginRound(let round):
                roundBegan = NetworkLoop.now()
                progress.round = round
                guard !earlierEnds.rounds.contains(round) else { continue }
                keep(.round(RoundRow(round: round, began: roundBegan, ended: nil)))
            case .endRound(let round):
                guard !earlierEnds.rounds.contains(round) else { continue }
                keep(.round(RoundRow(round: round, began: roundBegan, ended: NetworkLoop.now())))
            case .beginSession(let key): sessions.begin(key, at: NetworkLoop.now())
            case .startCall(let key, let due, let end, let hold): start(key, due, predecessorEnd: end, hold: hold)
            case .skipCall(let key, let reason): skip(key, reason)
            case .endSession(let key, let isSuccess): end(key, isSuccess)
            case .finish(let reason): finished = reason
            }
        }
    }

    private func end(_ key: SessionKey, _ isSuccess: Bool) {
        guard let session = sessions.end(key) else { return }
        guard !earlierEnds.sessions.contains(key) else { return }
        keep(
            .session(
                SessionRow(
                    endpoint: key.endpoint, round: key.round, session: key.session,
                    name: session.transcript.session.identifier.rawValue, began: session.began,
                    ended: NetworkLoop.now(), isSuccess: isSuccess)))
    }

    private func skip(_ key: CallKey, _ reason: SkipReason) {
        sessions.skip(key)
        let now = NetworkLoop.now()
        var row = AttemptRow(intent(key, due: now, predecessorEnd: now))
        (row.outcome, row.skipReason) = (.skipped, reason.rawValue)
        (row.due, row.predecessorEnd, row.started, row.sent) = (nil, nil, nil, nil)
        keep(.attempt(row))
    }

    private func start(_ key: CallKey, _ due: Instant, predecessorEnd: Instant, hold: Duration) {
        var intent = intent(key, due: due, predecessorEnd: predecessorEnd)
        intent.budgetHold = hold
        attemptNumbers[key] = intent.number + 1
        let call = plan.session(key.session).calls[key.call]
        let route = routes[key.session.endpoint].route(of: call)
        let body = sessions.body(key, options: options(key, call))
        intent.substitutedCallCount = sessions[key.session]?.substitutedCallCount ?? 0
        var request = HTTPRequest(
            url: route.url,
            headers: route.headers(
                sessionKey: sessions[key.session]?.stickinessKey ?? "", requestIdentifier: Self.requestIdentifier(key)),
            body: body, connectTimeout: plan.profile.timeouts.connect,
            totalTimeout: plan.profile.timeouts.connect + plan.profile.timeouts.total + .seconds(1))
        do {
            request.headers += try credentials.headers(
                key.session.endpoint, method: request.method, url: route.url, contentType: EndpointRoute.contentType,
                body: body)
            let transfer = try loop.start(request)
            intent.started = NetworkLoop.now()
            calls[transfer] = LiveCall(
                key, route, intent, abort: call.request.abort, waiting: keep(.intent(intent)))
            sessions.prepareDependents(of: key)
        } catch {
            var row = AttemptRow(intent)
            (row.started, row.sent) = (nil, nil)
            row.outcome = error is CredentialError ? .authentication : .badRequest
            row.errorText = "\(error)"
            settle(key, row)
        }
    }

    private func intent(_ key: CallKey, due: Instant, predecessorEnd: Instant) -> IntentRow {
        let session = plan.session(key.session)
        let call = session.calls[key.call]
        var row = IntentRow(
            place: CallPlace(key), number: attemptNumbers[key] ?? 0, due: due, predecessorEnd: predecessorEnd,
            started: NetworkLoop.now())
        row.model = plan.endpoints[key.session.endpoint].model(of: call).offer.name
        row.plannedInput = plan.inputTokens(key)
        row.plannedOutput = call.output
        row.plannedCached = plan.cachedTokens(key)
        let bounds = plan.outputBounds(key)
        row.wantedOutput = bounds.isRecorded ? WantedOutput(tokens: bounds.limit, isForced: bounds.isForced) : nil
        if let live = sessions[key.session] {
            row.context = CallContext(
                agent: call.agent, previousCall: live.transcript.graph.previousCall(key.call, in: session),
                isFinal: key.call == session.finalCall)
        }
        return row
    }

    /// The identifier that a request carries, by which a server's log and a run file can be joined.
    public static func requestIdentifier(_ key: CallKey) -> String {
        "e\(key.session.endpoint)-r\(key.session.round)-s\(key.session.session)-c\(key.call)"
    }

    private func options(_ key: CallKey, _ call: Call) -> CallOptions {
        let bounds = plan.outputBounds(key)
        return CallOptions(
            outputLimit: bounds.limit, outputMinimum: bounds.isForced ? bounds.limit : nil,
            temperature: call.request.temperature ?? plan.profile.temperature,
            sessionKey: sessions[key.session]?.stickinessKey, toolChoice: plan.toolChoice(key),
            allowsParallelTools: call.request.allowsParallelTools)
    }

    /// Judges the tool calls of an answer, and keeps it for the calls that send it back.
    private func take(_ answer: AssistantMessage, of key: CallKey, _ row: inout AttemptRow) {
        guard row.outcome == .ok, let transcript = sessions[key.session]?.transcript else { return }
        sessions.note(answer, of: key)
        let tools = sessions.tools(of: key)
        guard !tools.isEmpty || !answer.toolCalls.isEmpty else { return }
        let fidelity = ToolFidelity(
            answer.toolCalls, tools: tools,
            expected: ExpectedTools(key.call, in: transcript.session, transcript.graph))
        (row.toolLevel, row.divergence) = (fidelity.level, fidelity.divergence)
    }

    // MARK: What the network reports

    private func take(_ event: TransferEvent, _ bytes: Span<UInt8>) {
        guard !credentials.handle(event, bytes) else { return }
        switch event {
        case .requestSent(let transfer, let at): calls[transfer]?.noteSent(at: at)
        case .head(let transfer, let head, let at):
            guard let call = calls[transfer] else { return }
            call.noteHead(head, parser: parser, at: at)
        case .bytes(let transfer, let at):
            guard let call = calls[transfer] else { return }
            call.noteBytes(bytes, at: at)
            if call.hasEnough, call.abortedAs == nil {
                call.abortedAs = .hungUp
                loop.cancel(transfer)
            } else if call.completed == at {
                openStreams.complete(transfer, at: at)
            }
        case .ended(let transfer, let result):
            if let stream = openStreams.remove(transfer) { return close(stream, result) }
            guard let call = calls.removeValue(forKey: transfer) else { return }
            if call.completed != nil { openStreams.forget(transfer) }
            var row = call.finish(result)
            if let answer = call.answer { take(answer, of: call.key, &row) }
            settle(call.key, row, shouldRetry: call.shouldRetry, replacing: call.waiting)
        }
    }

    /// Ends the attempts whose answers are whole, though their streams were not closed at once.
    private func endCompleted(until now: Instant?) {
        for (transfer, at) in openStreams.takeCompleted(until: now) {
            guard let call = calls[transfer], call.abortedAs == nil else { continue }
            calls[transfer] = nil
            var row = call.finish(at: at)
            if let answer = call.answer { take(answer, of: call.key, &row) }
            settle(call.key, row, shouldRetry: call.shouldRetry, replacing: call.waiting, open: transfer)
        }
    }

    /// Completes the row of an attempt that had ended before its stream was closed.
    private func close(_ stream: OpenStreams.Stream, _ result: TransferResult) {
        var row = stream.row
        row.note(result)
        if stream.isCutOff { row.closed = nil }
        keep(.attempt(row), replacing: stream.waiting)
    }

    private func settle(
        _ key: CallKey, _ row: AttemptRow, shouldRetry: Bool? = nil, replacing intent: WaitingRow? = nil,
        open transfer: TransferIdentifier? = nil
    ) {
        let cost = Self.cost(row)
        let end = AttemptEnd(
            outcome: row.outcome, cost: cost, retryAfter: row.retryAfter, shouldRetry: shouldRetry)
        let actions = scheduler.handle(.attemptEnded(key, end), at: row.ended)
        var row = row
        row.willRetry = scheduler.willRetry(key)
        let waiting = keep(.attempt(row), replacing: intent)
        if let transfer { openStreams.insert(OpenStreams.Stream(row: row, waiting: waiting), transfer) }
        progress.note(row.outcome, endpoint: key.session.endpoint, willRetry: row.willRetry)
        progress.spent = progress.spent + (cost ?? .zero)
        carryOut(actions)
    }
}

extension CallKey {
    /// The key of a record's place.
    public init(_ place: CallPlace) {
        self.init(
            session: SessionKey(endpoint: place.endpoint, round: place.round, session: place.session), call: place.call)
    }
}

extension CallPlace {
    init(_ key: CallKey) {
        self.init(
            endpoint: key.session.endpoint, round: key.session.round, session: key.session.session, call: key.call)
    }
}
