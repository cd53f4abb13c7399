public import Profiles
import Quantities
import Statistics
import Workloads

/// Gets the sessions of a plan from where its workload says.
extension Plan {
    /// What is wrong with where a workload's sessions come from.
    ///
    /// - Parameters:
    ///   - workload: the workload.
    ///   - sessionFile: the bytes of its session file, if it has one.
    /// - Returns: nil if nothing is.
    public static func fault(of workload: WorkloadProfile, sessionFile: [UInt8]?) -> String? {
        do throws(PlanningError) {
            switch workload.origin {
            case .generator(let name): _ = try generator(name)
            case .sessions(let file): _ = try recorded(file, sessionFile ?? [])
            }
            return nil
        } catch {
            return error.description
        }
    }

    /// The sessions that a plan replays, in a plan whose budget can be kept.
    ///
    /// - Throws: ``PlanningError`` with all that is wrong with either, each with its place.
    static func pricedLibrary(
        _ documents: DocumentSet, count: Int, seed: Seed
    ) throws(PlanningError) -> SessionLibrary {
        var problems = documents.missingPrices
        do throws(PlanningError) {
            let library = try library(documents, count: count, seed: seed)
            if problems.isEmpty { return library }
        } catch {
            problems.append(documents.workloadProblem(error.description))
        }
        throw PlanningError(description: Problems(problems).description)
    }

    private static func library(
        _ documents: DocumentSet, count: Int, seed: Seed
    ) throws(PlanningError) -> SessionLibrary {
        let workload = documents.workload
        switch workload.origin {
        case .generator(let name):
            return WorkloadGenerator.generate(
                try generator(name), count: workload.sessionCount ?? count, seed: seed.derived("workload"))
        case .sessions(let file):
            var library = try recorded(file, documents.sessionFile ?? []).inOrderOfStarts
            if let count = workload.sessionCount { library.sessions = Array(library.sessions.prefix(count)) }
            return library
        }
    }

    private static func generator(_ name: String) throws(PlanningError) -> SessionGenerator {
        if let generator = SessionGenerator.named[name] { return generator }
        let known = SessionGenerator.named.keys.sorted()
        let near = Suggestion.nearest(to: name, among: known).map { "; did you mean '\($0)'?" } ?? ""
        throw PlanningError(
            description: "no generator is named '\(name)'\(near) (known: \(known.joined(separator: ", ")))")
    }

    private static func recorded(_ file: String, _ bytes: [UInt8]) throws(PlanningError) -> SessionLibrary {
        let library: SessionLibrary
        do throws(SessionFileError) {
            library = try SessionFile.read(bytes)
        } catch {
            throw PlanningError(description: "'\(file)': \(error)")
        }
        let errors = SessionLint.findings(library).filter { $0.severity == .error }
        guard let first = errors.first else { return library }
        throw PlanningError(description: "'\(file)': \(Counted.text(errors.count, "fault")), the first: \(first)")
    }
}
