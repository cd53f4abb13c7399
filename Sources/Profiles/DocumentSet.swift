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
        let diagnosis = Diagnosis(file: file)
        let root: YAMLNode
        do throws(YAMLError) {
            let parsed = try YAMLDocument.parse(bytes)
            root = parsed.root
            for duplicate in parsed.duplicates { diagnosis.report(duplicate.mark, "", duplicate.message) }
        } catch {
            throw Problems([Problem(file: file, mark: error.mark, message: error.message)])
        }
        var reader = MappingReader(root, path: "", diagnosis: diagnosis)
        let kind = reader.requiredChoice("submeter", Kind.self, default: .plan)
        guard Kind(rawValue: reader.optionalString("submeter") ?? "") != nil else { throw Problems(diagnosis.problems) }
        if reader.integer("version", in: 1...1, default: 0) == 0, !reader.keys.contains("version") {
            reader.report("version", "is missing (allowed: 1)")
        }
        switch kind {
        case .provider: self = .provider(ProviderProfile(&reader))
        case .workload: self = .workload(WorkloadProfile(&reader))
        case .plan: self = .plan(PlanProfile(&reader))
        case .policy: self = .policy(PolicyProfile(&reader))
        case .prices:
            self = .prices(reader.list("rows") { PriceRow($0, path: $1, diagnosis: diagnosis) })
            reader.finish()
        }
        guard diagnosis.problems.isEmpty else { throw Problems(diagnosis.problems) }
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
    /// - Parameters:
    ///   - planFile: the plan's name.
    ///   - reason: says why a file could not be read, if that is known.
    ///   - read: gives the bytes of a file, or nil if it cannot be read. Names in a document are relative to its folder.
    /// - Throws: ``Problems`` with everything that is wrong in any of the files.
    public init(
        planFile: String, reason: (String) -> String? = { _ in nil }, read: (String) -> [UInt8]?
    ) throws(Problems) {
        func refusal(_ name: String) -> String {
            "'\(name)' cannot be read\(reason(name).map { ": \($0)" } ?? "; is the name right?")"
        }
        var problems: [Problem] = []
        var sources: [Source] = []
        func load(_ name: String, from referrer: String) -> Document? {
            guard let bytes = read(name) else {
                problems.append(Problem(file: referrer, message: refusal(name)))
                return nil
            }
            sources.append(Source(name: name, bytes: bytes))
            do throws(Problems) {
                return try Document(bytes, file: name)
            } catch {
                problems += error.list
                return nil
            }
        }
        guard case .plan(let plan)? = load(planFile, from: planFile) else {
            throw Problems(
                problems.isEmpty ? [Problem(file: planFile, message: "is no plan (submeter: plan)")] : problems)
        }
        self.plan = plan
        var workload: WorkloadProfile?
        for reference in plan.references {
            let name = Self.resolved(reference.name, from: planFile)
            switch load(name, from: planFile) {
            case .provider(let provider) where reference.kind == "provider": providers.append(provider)
            case .prices(let rows) where reference.kind == "prices": prices += rows
            case .policy(let found) where reference.kind == "policy": policy = found
            case .workload(let found) where reference.kind == "workload":
                workload = found
                guard case .sessions(let file) = found.origin else { break }
                let path = Self.resolved(file, from: name)
                sessionFile = read(path)
                if let sessionFile {
                    sources.append(Source(name: path, bytes: sessionFile))
                } else {
                    problems.append(found.problem(of: name, refusal(path)))
                }
            case nil: break
            default:
                problems.append(
                    Problem(file: planFile, message: "'\(reference.name)' is no \(reference.kind) document"))
            }
        }
        for endpoint in plan.endpoints { Self.check(endpoint, plan, planFile, providers, &problems) }
        guard problems.isEmpty, let workload else { throw Problems(problems) }
        self.workload = workload
        self.sources = sources
    }

    private static func check(
        _ endpoint: EndpointProfile, _ plan: PlanProfile, _ file: String, _ providers: [ProviderProfile],
        _ problems: inout [Problem]
    ) {
        guard let provider = providers.first(where: { $0.identifier == endpoint.provider }) else {
            let names = providers.map(\.identifier.rawValue)
            let near =
                Suggestion.nearest(to: endpoint.provider.rawValue, among: names).map { "; did you mean '\($0)'?" } ?? ""
            let message =
                "no provider document is named '\(endpoint.provider)'\(near) (known: \(names.joined(separator: ", ")))"
            problems.append(
                Problem(
                    file: file, mark: endpoint.mark.mark, path: "endpoints.\(endpoint.identifier)", message: message))
            return
        }
        let region = endpoint.region ?? provider.region
        let missing = [endpoint.baseURL ?? provider.baseURL, provider.path ?? ""].flatMap {
            provider.filled($0, region: region, parameters: endpoint.parameters).missing
        }
        for name in Set(missing).sorted() {
            let place = name == "region" ? "region" : "parameters.\(name)"
            problems.append(
                Problem(
                    file: file, mark: endpoint.mark.mark, path: "endpoints.\(endpoint.identifier).\(place)",
                    message: "is missing; the URL of provider '\(provider.identifier)' needs it"))
        }
        if let objection = provider.objection(to: plan.outputLength) {
            problems.append(
                Problem(
                    file: file, mark: endpoint.mark.mark, path: "endpoints.\(endpoint.identifier)", message: objection))
        }
        for message in provider.objections(to: plan) {
            problems.append(
                Problem(
                    file: file, mark: endpoint.mark.mark, path: "endpoints.\(endpoint.identifier)", message: message))
        }
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

extension PlanProfile {
    fileprivate var references: [(kind: String, name: String)] {
        providerFiles.map { ("provider", $0) } + priceFiles.map { ("prices", $0) } + [("workload", workloadFile)]
            + (policyFile.map { [("policy", $0)] } ?? [])
    }
}
