import Pricing
public import Quantities
public import Profiles
public import Records

/// Why runs cannot be judged.
public struct AnalysisError: Error, Hashable, CustomStringConvertible, Sendable {
    /// What is wrong and what helps.
    public let description: String
}

/// What the records of one or more runs of the same plan say.
public struct RunAnalysis: Sendable {
    /// The plan's documents.
    public let documents: DocumentSet
    /// The run files that were read.
    public let paths: [String]
    /// Facts of the first run.
    public let facts: [String: String]
    /// One entry per endpoint, in the order of the plan.
    public let endpoints: [EndpointAnalysis]
    /// How the harness fared, one verdict per run.
    public let verdicts: [HarnessVerdict]
    /// Notes of the runs.
    public let notes: [String]
    /// Whether the endpoints' answers are of one length.
    public let outputLengths: OutputLengths
    /// How often the budget held calls back.
    public let budgetHolds: BudgetHolds
    /// Rounds that every endpoint finished, but for those that were stopped; only these are compared.
    public let completeRounds: [Int]
    /// How far each run came and why it ended, in the order of ``paths``.
    public let endings: [RunEnding]
    /// How the calls ended that were sent, each by its last attempt.
    public let callOutcomes: [OutcomeClass: Int]
    /// True if modelled providers stood for the plan's own, so that no figure says anything of a real one.
    public let isRehearsal: Bool

    /// True if at least one call was answered; if none was, nothing was measured.
    public var hasAnswer: Bool { callOutcomes.keys.contains(where: \.isSuccess) }
    /// True if no run was spoilt by the harness.
    public var isValid: Bool { verdicts.allSatisfy(\.isValid) }

    /// Reads the figures out of run files.
    ///
    /// - Parameter files: at least one; all of the same documents, since figures of different plans are not comparable.
    /// - Throws: ``AnalysisError`` if they differ.
    public init(_ files: [RunFile]) throws(AnalysisError) {
        guard let first = files.first else { throw AnalysisError(description: "no run was given") }
        for file in files.dropFirst() where file.documents.sources != first.documents.sources {
            throw AnalysisError(
                description: "\(file.path) was made from other documents than \(first.path); runs of different plans, "
                    + "workloads or prices never share a table")
        }
        for file in files.dropFirst() where file.isRehearsal != first.isRehearsal {
            throw AnalysisError(
                description:
                    "\(file.path) and \(first.path): one is a rehearsal and one is not; modelled providers and real "
                    + "ones never share a table")
        }
        var seen: [String: String] = [:]
        for file in files {
            let mark = "\(file.facts["run_salt"] ?? "") \(file.facts["clock_anchor"] ?? file.path)"
            if let twin = seen.updateValue(file.path, forKey: mark) {
                throw AnalysisError(description: "\(file.path) is the same run as \(twin); give each run once")
            }
        }
        documents = first.documents
        paths = files.map(\.path)
        (facts, isRehearsal) = (first.facts, first.isRehearsal)
        let isOpen = documents.plan.load.isOpen
        verdicts = files.map { HarnessVerdict(attempts: $0.attempts, health: $0.health, isOpen: isOpen) }
        budgetHolds = BudgetHolds(files.flatMap(\.attempts))
        notes = files.flatMap { $0.notes.map(\.text) }
        let plan = documents.plan
        let rows = Self.joined(files, roundCount: plan.rounds)
        let roundCount = plan.rounds * files.count
        let prices = PriceBook.prices(of: documents)
        let known = documents.providers
        let attempts = Dictionary(grouping: rows.attempts, by: \.place.endpoint)
        let sessions = Dictionary(grouping: rows.sessions, by: \.endpoint)
        endpoints = plan.endpoints.enumerated().compactMap { index, endpoint in
            guard let provider = known.first(where: { $0.identifier == endpoint.provider }) else { return nil }
            return EndpointAnalysis(
                endpoint, provider: provider, prices: prices[index], attempts: attempts[index] ?? [],
                sessions: sessions[index] ?? [], roundCount: roundCount, plan: plan)
        }
        let found = endpoints.filter { !$0.wasStopped }
        outputLengths = OutputLengths(found.map { ($0.identifier, $0.outputLength) })
        let complete = (0..<roundCount).filter { round in
            !found.isEmpty && found.allSatisfy { $0.sessions[round].count == plan.sessionsPerRound }
        }
        completeRounds = complete
        endings = files.enumerated().map { index, file in
            RunEnding(
                path: file.path, reason: file.facts[FactRow.stopReason], plannedRoundCount: plan.rounds,
                completeRoundCount: complete.count { $0 / plan.rounds == index })
        }
        callOutcomes = files.reduce(into: [:]) { counts, file in
            let sent = file.attempts.filter { $0.outcome != .skipped }
            for row in Self.lastAttempts(sent).values { counts[row.outcome, default: 0] += 1 }
        }
    }

    private static func lastAttempts(_ attempts: [AttemptRow]) -> [CallPlace: AttemptRow] {
        Dictionary(attempts.map { ($0.place, $0) }) { $0.number < $1.number ? $1 : $0 }
    }

    /// All rows as if of one long run: the rounds of each file follow those of the one before.
    ///
    /// A session that holds a call which we ended ourselves did not run to its end and is left out.
    private static func joined(
        _ files: [RunFile], roundCount: Int
    ) -> (attempts: [AttemptRow], sessions: [SessionRow]) {
        var attempts: [AttemptRow] = []
        var sessions: [SessionRow] = []
        for (index, file) in files.enumerated() {
            let last = lastAttempts(file.attempts)
            let unfinished = Set(
                last.values.filter { $0.outcome == .aborted || $0.isSkippedByStop }
                    .map { [$0.place.endpoint, $0.place.round, $0.place.session] })
            for var row in file.attempts {
                row.place.round += index * roundCount
                attempts.append(row)
            }
            for var row in file.sessions where !unfinished.contains([row.endpoint, row.round, row.session]) {
                row.round += index * roundCount
                sessions.append(row)
            }
        }
        return (attempts, sessions)
    }
}

extension AttemptRow {
    /// True if the call was not sent because the run had to stop, not because its session had failed.
    fileprivate var isSkippedByStop: Bool { outcome == .skipped && skipReason != "session-failed" }
}
