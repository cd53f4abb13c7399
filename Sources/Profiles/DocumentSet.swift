import Encodings
import Quantities

/// One document of any kind.
public enum Document: Hashable, Sendable {
    /// A provider.
    case provider(ProviderProfile)
    /// A list of prices.
    case prices([PriceRow])
    /// A workload.
    case workload(WorkloadProfile)
    /// A plan.
    case plan(PlanProfile)
    /// A policy.
    case policy(PolicyProfile)

    private enum Kind: String, CaseIterable { case provider, prices, workload, plan, policy }

    /// Reads a document strictly.
    ///
    /// - Parameters:
    ///   - bytes: YAML.
    ///   - file: the name for messages.
    /// - Throws: ``Problems`` with everything that is wrong.
    public init(_ bytes: [UInt8], file: String) throws(Problems) {
        let reading = DocumentReading(bytes, file: file)
        guard let document = reading.document, reading.problems.isEmpty else { throw Problems(reading.problems) }
        self = document
    }

    /// Reads what a document says and reports what is wrong; nil if its kind is not known.
    init?(_ root: YAMLNode, _ diagnosis: Diagnosis) {
        var reader = MappingReader(root, path: "", diagnosis: diagnosis)
        let kind = reader.requiredChoice("submeter", Kind.self, default: .plan)
        guard Kind(rawValue: reader.optionalString("submeter") ?? "") != nil else { return nil }
        if reader.integer("version", in: 1...1, default: 0) == 0, !reader.keys.contains("version") {
            reader.report("version", "is missing (allowed: 1)")
        }
        switch kind {
        case .provider: self = .provider(ProviderProfile(&reader))
        case .workload: self = .workload(WorkloadProfile(&reader))
        case .plan: self = .plan(PlanProfile(&reader))
        case .policy: self = .policy(PolicyProfile(&reader))
        case .prices:
            let rows = reader.list("rows") { PriceRow($0, path: $1, diagnosis: diagnosis) }
            reader.finish()
            rows.checkDoubles(diagnosis)
            self = .prices(rows)
        }
    }

    /// Whether a text says that it is a plan, whatever else is wrong with it.
    ///
    /// - Parameter bytes: YAML.
    /// - Returns: false if it is none, or cannot be read.
    public static func isPlan(_ bytes: [UInt8]) -> Bool {
        if case .plan? = DocumentReading(bytes, file: "").document { true } else { false }
    }
}

/// A plan with everything that it refers to, and the texts from which all of it can be read again.
public struct DocumentSet: Hashable, Sendable {
    /// One file as it was read.
    public struct Source: Hashable, Sendable {
        /// The name, relative to the plan's folder as the documents name it.
        public var name: String
        /// The content.
        public var bytes: [UInt8]

        /// Makes a source.
        public init(name: String, bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }
    }

    /// The plan.
    public private(set) var plan: PlanProfile
    /// The providers.
    public private(set) var providers: [ProviderProfile] = []
    /// The prices.
    public private(set) var prices: [PriceRow] = []
    /// The workload.
    public private(set) var workload: WorkloadProfile
    /// The bytes of the workload's session file, if it has one.
    public private(set) var sessionFile: [UInt8]?
    /// The policy, if the plan has one.
    public private(set) var policy: PolicyProfile?
    /// The files, the plan first.
    public private(set) var sources: [Source] = []

    /// Reads a plan and everything it refers to.
    ///
    /// Faults of references are told also where other things are wrong, as far as those leave no doubt of them.
    ///
    /// - Parameters:
    ///   - planFile: the plan's name.
    ///   - areRecorded: true for the documents of a run file: what earlier versions allowed is no fault of theirs.
    ///   - reason: says why a file could not be read, if that is known.
    ///   - workloadFault: says what is wrong with a workload and the bytes of its session file; asked only if something else
    ///     is wrong, since whoever plans finds that out without being asked.
    ///   - read: gives the bytes of a file, or nil if it cannot be read. Names in a document are relative to its folder.
    /// - Throws: ``Problems`` with everything that is wrong in any of the files.
    public init(
        planFile: String, areRecorded: Bool = false, reason: (String) -> String? = { _ in nil },
        workloadFault: (WorkloadProfile, [UInt8]?) -> String? = { _, _ in nil }, read: (String) -> [UInt8]?
    ) throws(Problems) {
        var collection = DocumentCollection(planFile: planFile, areRecorded: areRecorded)
        collection.readAll(reason: reason, read: read)
        collection.checkEndpoints()
        collection.checkGeneratedCount()
        guard collection.problems.isEmpty, case .plan(let plan)? = collection.plan?.document,
            let workload = collection.workload
        else {
            collection.checkPrices()
            collection.checkWorkload(workloadFault)
            throw Problems(collection.sortedProblems)
        }
        self.plan = plan
        self.workload = workload.profile
        providers = collection.providers.map(\.profile)
        prices = collection.prices
        sessionFile = collection.sessionFile
        policy = collection.policy
        sources = collection.sources
    }

    /// The endpoints without a price for which a budget cannot be kept; empty if the plan has no budget.
    public var missingPrices: [Problem] {
        guard let planFile = sources.first?.name else { return [] }
        return plan.endpoints.compactMap { endpoint in
            providers.first { $0.identifier == endpoint.provider }.flatMap { provider in
                plan.missingPrice(endpoint, provider, prices, models: plan.modelNames, planFile: planFile)
            }
        }
    }

    /// A fault of where the sessions come from, with its place.
    ///
    /// - Parameter message: what is wrong.
    /// - Returns: the problem.
    public func workloadProblem(_ message: String) -> Problem {
        workload.problem(of: Self.resolved(plan.workloadFile, from: sources.first?.name ?? ""), message)
    }

    /// The name of a file that a document in another file refers to.
    ///
    /// - Parameters:
    ///   - name: as the document has it.
    ///   - referrer: the document's own name.
    /// - Returns: the name relative to what the document's own name is relative to.
    public static func resolved(_ name: String, from referrer: String) -> String {
        guard !name.hasPrefix("/") else { return name }
        var parts = referrer.split(separator: "/", omittingEmptySubsequences: false).dropLast().map(String.init)
        for part in name.split(separator: "/") {
            if part == ".", !parts.isEmpty { continue }
            if part == "..", let last = parts.last, last != "..", !last.isEmpty {
                parts.removeLast()
            } else {
                parts.append(String(part))
            }
        }
        return parts.joined(separator: "/")
    }
}

extension WorkloadProfile {
    /// A fault of where the sessions come from, with its place.
    ///
    /// - Parameters:
    ///   - file: the document's name.
    ///   - message: what is wrong.
    /// - Returns: the problem.
    public func problem(of file: String, _ message: String) -> Problem {
        let path =
            switch origin {
            case .generator: "generator"
            case .sessions: "sessions_file"
            }
        return Problem(file: file, mark: mark.mark, path: path, message: message)
    }
}
