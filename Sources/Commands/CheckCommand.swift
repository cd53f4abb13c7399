import Workloads
import Planning
import Profiles

/// The command `submeter check`.
enum CheckCommand: Subcommand {
    static let specification = CommandSpecification(
        name: "check", summary: "validate documents and say everything that is wrong with them", operands: "DOCUMENT…",
        operandCount: 1...1000,
        discussion: """
            A plan is checked with every document that it refers to. Nothing is sent. All problems are listed as
            file:line:column: path: what is wrong, what is allowed.
            """, options: [],
        examples: [
            ("check profiles/plans/demo.yaml", "a plan and all it needs"),
            ("check profiles/providers/*.yaml", "documents on their own"),
        ])

    static func run(_ arguments: Arguments, _ console: Console) throws(CommandError) -> ExitCode {
        var problems: [String] = []
        for path in arguments.operands {
            do throws(CommandError) {
                console.output("ok: \(path): \(try check(path))\n")
            } catch {
                problems.append(error.description)
            }
        }
        guard problems.isEmpty else { throw .usage(problems.joined(separator: "\n")) }
        return .good
    }

    private static func check(_ path: String) throws(CommandError) -> String {
        let bytes = try Files.read(path)
        let document: Document
        do throws(Problems) {
            document = try Document(bytes, file: path)
        } catch {
            throw .usage(error.description)
        }
        switch document {
        case .provider(let provider): return "provider '\(provider.identifier)', \(provider.models.count) models"
        case .prices(let rows): return "\(rows.count) prices"
        case .workload(let workload): return "workload '\(workload.name)'"
        case .policy(let policy): return "policy '\(policy.name)', \(policy.requirements.count) demands"
        case .plan:
            let plan = try Plans.plan(try Plans.documents(path))
            let calls = plan.rounds.flatMap(\.sessions).reduce(0) {
                $0 + plan.library.sessions[$1.libraryIndex].calls.count
            }
            let notices = plan.notices.map { "\n    note: \($0)" }.joined()
            return "plan '\(plan.profile.name)', \(plan.endpoints.count) endpoints, \(plan.rounds.count) rounds, "
                + "\(calls) calls per endpoint\(notices)"
        }
    }
}
