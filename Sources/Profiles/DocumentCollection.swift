import Encodings

/// A plan and the documents that it refers to, each as far as it can be understood, with everything that is wrong.
struct DocumentCollection {
    /// The plan's name.
    let planFile: String
    /// True if all are documents of a run file, whose results must stay readable.
    let areRecorded: Bool
    /// The plan; nil if it cannot be read or is none.
    private(set) var plan: DocumentReading?
    /// The providers, those included in which something is wrong.
    private(set) var providers: [(profile: ProviderProfile, reading: DocumentReading)] = []
    private var providerFiles: [String] = []
    /// False if there may be providers beside ``providers``, or some whose name is in doubt.
    private(set) var hasAllProviders = true
    /// The prices.
    private(set) var prices: [PriceRow] = []
    private var pricePlaces = PricePlaces()
    /// False if there may be prices beside ``prices``, or some of which it is in doubt what they are for.
    private(set) var hasAllPrices = true
    /// The workload with its document.
    private(set) var workload: (profile: WorkloadProfile, file: String, reading: DocumentReading)?
    /// The bytes of the workload's session file, if it has one that can be read.
    private(set) var sessionFile: [UInt8]?
    /// The policy, if there is one.
    private(set) var policy: PolicyProfile?
    /// The files that could be read, the plan first.
    private(set) var sources: [DocumentSet.Source] = []
    /// Everything that is wrong.
    private(set) var problems: [Problem] = []
    /// The files in the order in which the plan names them.
    private var files: [String]

    init(planFile: String, areRecorded: Bool = false) {
        self.planFile = planFile
        self.areRecorded = areRecorded
        files = [planFile]
    }

    /// Everything that is wrong, file by file, each from its top to its end.
    var sortedProblems: [Problem] { problems.sorted(byFiles: files) }

    mutating func report(_ problem: Problem) { problems.append(problem) }

    /// Reports what earlier versions allowed, unless the documents were run by one of them.
    mutating func forbid(_ problem: Problem) {
        if !areRecorded { report(problem) }
    }

    /// Reads the plan, what it names, and what that names.
    mutating func readAll(reason: (String) -> String?, read: (String) -> [UInt8]?) {
        func refusal(_ name: String) -> String {
            "'\(name)' cannot be read\(reason(name).map { ": \($0)" } ?? "; is the name right?")"
        }
        guard let bytes = read(planFile) else { return report(Problem(file: planFile, message: refusal(planFile))) }
        let reading = take(bytes, planFile)
        guard case .plan? = reading.document else {
            if problems.isEmpty { report(Problem(file: planFile, message: "is no plan (submeter: plan)")) }
            return
        }
        plan = reading
        hasAllProviders = reading.isKnown("providers")
        hasAllPrices = reading.isKnown("prices")
        var taken: Set<String> = []
        for reference in reading.references {
            let name = DocumentSet.resolved(reference.name, from: planFile)
            // Two kinds of one file are told when it is none of them.
            if !areRecorded, !taken.insert("\(reference.kind.rawValue) \(name)").inserted {
                report(reference.problem(of: planFile, "'\(reference.name)' stands twice; name it once"))
                continue
            }
            let document = read(name).map { take($0, name) }
            if document == nil { report(reference.problem(of: planFile, refusal(name))) }
            take(document, named: name, for: reference)
            if reference.kind == .workload { readSessions(refusal, read) }
        }
    }

    private mutating func readSessions(_ refusal: (String) -> String, _ read: (String) -> [UInt8]?) {
        guard let workload, case .sessions(let file) = workload.profile.origin else { return }
        let path = DocumentSet.resolved(file, from: workload.file)
        sessionFile = read(path)
        if let sessionFile {
            sources.append(DocumentSet.Source(name: path, bytes: sessionFile))
        } else if workload.reading.isKnown("sessions_file") {
            report(workload.profile.problem(of: workload.file, refusal(path)))
        }
    }

    private mutating func take(_ bytes: [UInt8], _ name: String) -> DocumentReading {
        if !files.contains(name) { files.append(name) }
        sources.append(DocumentSet.Source(name: name, bytes: bytes))
        let reading = DocumentReading(bytes, file: name, isRecorded: areRecorded)
        problems += reading.problems
        return reading
    }

    /// Takes a document for what the plan says that it is; nil if it cannot be read.
    private mutating func take(_ reading: DocumentReading?, named name: String, for reference: PlanReference) {
        switch (reading?.document, reference.kind) {
        case (.provider(let profile), .provider):
            guard let reading else { return }
            checkName(of: profile, reading, file: name)
            providers.append((profile, reading))
            providerFiles.append(name)
            if !reading.isKnown("name") { hasAllProviders = false }
        case (.prices(let rows), .prices):
            if let reading { checkDoubles(rows, reading, file: name) }
            prices += rows
            if reading?.tellsWhatPricesAreFor(rows.count) != true { hasAllPrices = false }
        case (.workload(let profile), .workload): workload = reading.map { (profile, name, $0) }
        case (.policy(let profile), .policy): policy = profile
        case (let document, let kind):
            if kind == .provider { hasAllProviders = false }
            if kind == .prices { hasAllPrices = false }
            if document != nil {
                report(
                    reference.problem(of: planFile, "'\(reference.name)' is no \(reference.kind.rawValue) document"))
            }
        }
    }
}

/// What only one of several documents can have.
extension DocumentCollection {
    /// Reports a provider that has the name of an earlier one.
    private mutating func checkName(of profile: ProviderProfile, _ reading: DocumentReading, file: String) {
        guard reading.isKnown("name"), let mark = reading.value("name")?.mark else { return }
        let earlier = providers.firstIndex {
            $0.profile.identifier == profile.identifier && $0.reading.isKnown("name")
        }
        guard let earlier, let place = providers[earlier].reading.value("name")?.mark else { return }
        forbid(
            Problem(
                file: file, mark: mark, path: "name",
                message:
                    "'\(profile.identifier)' is the name of the provider in \(providerFiles[earlier]):\(place.text), "
                    + "too; no two are the same"))
    }

    /// Reports prices for what an earlier document has a price for.
    private mutating func checkDoubles(_ rows: [PriceRow], _ reading: DocumentReading, file: String) {
        for (index, row) in rows.enumerated() where reading.isKnown("rows[\(index)]") {
            guard let fault = pricePlaces.fault(taking: row, of: file) else { continue }
            forbid(Problem(file: file, mark: row.mark.mark, path: "rows[\(index)]", message: fault))
        }
    }
}

/// A document that a plan refers to.
struct PlanReference {
    /// What the plan takes the document for.
    enum Kind: String {
        case provider, prices, workload, policy
    }

    /// What the plan takes it for.
    let kind: Kind
    /// Its name, relative to the plan.
    let name: String
    /// Which value names it, such as `providers[1]`.
    let path: String
    /// Where it is named.
    let mark: YAMLMark

    func problem(of planFile: String, _ message: String) -> Problem {
        Problem(file: planFile, mark: mark, path: path, message: message)
    }
}

extension DocumentReading {
    /// What a plan refers to, as far as its names can be read.
    var references: [PlanReference] {
        references("providers", .provider) + references("prices", .prices) + references("workload", .workload)
            + references("policy", .policy)
    }

    private func references(_ key: String, _ kind: PlanReference.Kind) -> [PlanReference] {
        guard let node = value(key) else { return [] }
        var named: [(path: String, node: YAMLNode)] = [(key, node)]
        if kind == .provider || kind == .prices {
            guard case .sequence(let elements) = node.content else { return [] }
            named = elements.enumerated().map { ("\(key)[\($0.offset)]", $0.element) }
        }
        return named.compactMap { path, node in
            guard isKnown(path), case .scalar(let text, _) = node.content else { return nil }
            return PlanReference(kind: kind, name: text, path: path, mark: node.mark)
        }
    }

    /// True if there is no doubt which models of which providers a price document has prices for.
    fileprivate func tellsWhatPricesAreFor(_ rowCount: Int) -> Bool {
        isKnown("rows", withParts: false)
            && (0..<rowCount).allSatisfy { row in
                ["provider", "model", "region"].allSatisfy { isKnown("rows[\(row)].\($0)") }
            }
    }
}
