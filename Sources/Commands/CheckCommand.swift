import Credentials
import Driving
import Encodings
import Planning
import Profiles
import Quantities
import Records
import Reporting
import Transport
import Workloads

/// The command `submeter check`.
enum CheckCommand: Subcommand {
    static let specification = CommandSpecification(
        name: "check", summary: "validate documents, and with --connect try every endpoint out", operands: "DOCUMENT…",
        operandCount: 1...1000,
        discussion: """
            A plan is checked with everything that it refers to. All problems are reported at once, as
            file:line:column: path: what is wrong, what is allowed. Nothing is sent, unless --connect is given: then each
            endpoint of the plan is resolved, connected, authorised and asked for one word and one tool call of each of
            its models, and a table says what works, what it cost, and what to mend.
            """,
        options: [
            OptionSpecification(
                "--connect", "make one tiny call and one tool call per model of each endpoint of the PLAN"),
            OptionSpecification("--format", choices: ["table", "json"], "how --connect prints (default: table)"),
        ],
        examples: [
            ("check profiles/plans/demo.yaml", "a plan and its documents"),
            ("check profiles/providers/*.yaml", "single documents"),
            ("check --connect my-plan.yaml", "does every endpoint answer?"),
        ])

    static func run(_ arguments: Arguments, _ console: Console) throws(CommandError) -> ExitCode {
        var problems: [String] = []
        // What --connect prints as JSON stands alone.
        let isJSON = arguments.has("--connect") && arguments["--format"] == "json"
        for path in arguments.operands {
            do throws(CommandError) {
                let line = "ok: \(path): \(try check(path))"
                if isJSON { console.message(line) } else { console.output(line + "\n") }
            } catch {
                problems.append(error.description)
            }
        }
        guard problems.isEmpty else {
            throw .usage(problems.joined(separator: "\n"))
        }
        guard arguments.has("--connect") else { return .good }
        guard arguments.operands.count == 1 else { throw .usage("'--connect' takes one PLAN") }
        return try connect(arguments, console)
    }

    /// Checks one document and says what it is.
    private static func check(_ path: String) throws(CommandError) -> String {
        let bytes = try Files.read(path)
        // A plan is read with all that it names, so that its own faults do not hide those of its references.
        if Document.isPlan(bytes) { return try checkPlan(path) }
        let document: Document
        do throws(Problems) {
            document = try Document(bytes, file: path)
        } catch {
            throw .usage(error.description)
        }
        switch document {
        case .provider(let provider):
            return "provider '\(provider.identifier)', \(Counted.text(provider.models.count, "model"))"
        case .prices(let rows): return Counted.text(rows.count, "price")
        case .workload(let workload):
            do throws(CommandError) {
                return "workload '\(workload.name)'\(try sessions(of: workload, path))"
            } catch {
                throw .usage(workload.problem(of: path, error.description).description)
            }
        case .policy(let policy):
            return "policy '\(policy.name)', \(Counted.text(policy.requirements.count, "demand"))"
        case .plan: return try checkPlan(path)
        }
    }

    /// Checks a plan with everything that it refers to and says what it will do.
    private static func checkPlan(_ path: String) throws(CommandError) -> String {
        let plan = try Plans.plan(try Plans.documents(path))
        let calls = plan.rounds.flatMap(\.sessions).reduce(0) {
            $0 + plan.library.sessions[$1.libraryIndex].calls.count
        }
        let notices = PlanEstimate(plan).notices(plan)
            .map { "\n    note: \($0)" }.joined()
        return "plan '\(plan.profile.name)', \(Figures.counted(plan.endpoints.count, "endpoint")), "
            + "\(Figures.counted(plan.rounds.count, "round")), \(Figures.counted(calls, "call")) per endpoint\(notices)"
    }

    /// What a workload's sessions are, if a file holds them.
    ///
    /// - Throws: what is wrong with where they come from.
    private static func sessions(of workload: WorkloadProfile, _ path: String) throws(CommandError) -> String {
        switch workload.origin {
        case .generator(let name):
            _ = try WorkloadGenerateCommand.generator(name)
            return ""
        case .sessions(let file):
            let name = DocumentSet.resolved(file, from: path)
            let library = try SessionFiles.readSound(name)
            return ", \(Figures.counted(library.sessions.count, "session"))"
        }
    }

    // MARK: Trying endpoints out

    private static func connect(_ arguments: Arguments, _ console: Console) throws(CommandError) -> ExitCode {
        let plan = try Plans.plan(try Plans.documents(arguments.operands[0]))
        let authorizers = Plans.authorizersOrErrors(plan, console)
        let each = plan.profile.secondModel == nil ? "each" : "to each of both models"
        console.message("trying \(Figures.counted(plan.endpoints.count, "endpoint")): two tiny calls \(each)")
        let findings: [ConnectionFinding]
        do throws(TransportError) {
            let loop = try NetworkLoop(RunExecution.configuration(console))
            findings = ConnectionCheck(plan, loop: loop, authorizers: authorizers).run()
        } catch {
            throw .failed("\(error)")
        }
        if arguments["--format"] == "json" {
            console.output(JSONValue.array(findings.map { json($0, plan) }).pretty())
        } else {
            console.output(TerminalFormat.text(report(findings, plan), usesColor: console.usesColor))
        }
        return findings.allSatisfy { $0.text?.outcome.isSuccess == true } ? .good : .notMeasured
    }

    private static func report(_ findings: [ConnectionFinding], _ plan: Plan) -> Report {
        let hasTwo = plan.profile.secondModel != nil
        let rows = findings.map { finding -> [String] in
            let name = plan.endpoints[finding.endpoint].identifier.rawValue
            let row = finding.text
            return [name] + (hasTwo ? [finding.model] : []) + [
                Figures.milliseconds(row?.resolve?.seconds), Figures.milliseconds(row?.connect?.seconds),
                Figures.milliseconds(row?.tls?.seconds), row?.httpVersion ?? Figures.none, authorised(finding),
                row.map { $0.outcome.rawValue } ?? Figures.none, toolCall(finding),
                Figures.milliseconds(firstToken(row)), row?.servedModel ?? Figures.none,
                Figures.money(finding.cost, decimals: 6), ConnectionAdvice.text(finding, plan),
            ]
        }
        let columns: [Table.Column] =
            [.init("endpoint", isNumeric: false)] + (hasTwo ? [.init("model", isNumeric: false)] : []) + [
                .init("DNS, ms"), .init("TCP, ms"), .init("TLS, ms"),
                .init("HTTP", isNumeric: false), .init("key", isNumeric: false), .init("call", isNumeric: false),
                .init("tool call", isNumeric: false), .init("TTFT, ms"), .init("answered by", isNumeric: false),
                .init("cost"), .init("what to mend", isNumeric: false),
            ]
        let bad = Set(findings.filter { $0.text?.outcome.isSuccess != true }.map(\.endpoint))
        let count = plan.endpoints.count
        return Report(
            title: "\(count - bad.count) of \(Figures.counted(count, "endpoint")) of plan \(plan.profile.name) "
                + (count == 1 ? "answers" : "answer") + (hasTwo ? " with both models" : ""),
            introduction: [],
            tables: [Table("Connections", columns: columns, rows: rows)], notices: plan.notices)
    }

    private static func firstToken(_ row: AttemptRow?) -> Double? {
        guard let sent = row?.sent, let first = row?.events.first else { return nil }
        return (first.at - sent).seconds
    }

    private static func authorised(_ finding: ConnectionFinding) -> String {
        switch finding.credentialError {
        case nil:
            if finding.text?.outcome == .authentication { return "refused" }
            return finding.text?.status == nil ? Figures.none : "accepted"
        case .missingVariable, .missingRegion, .unreadableFile, .nowhere, .absent: return "missing"
        case .openFile, .unusable, .unsafeURL: return "unusable"
        case .notFetched, .unavailable: return "no token"
        case .expired: return "expired"
        case .wrong, .revoked, .wrongClock: return "refused"
        }
    }

    private static func toolCall(_ finding: ConnectionFinding) -> String {
        guard let tool = finding.tool else { return Figures.none }
        guard tool.outcome.isSuccess else { return tool.outcome.rawValue }
        return tool.toolCallCount > 0 ? "ok" : "none made"
    }

    private static func json(_ finding: ConnectionFinding, _ plan: Plan) -> JSONValue {
        let row = finding.text
        return [
            "endpoint": .string(plan.endpoints[finding.endpoint].identifier.rawValue),
            "model": .string(finding.model),
            "resolve_ms": .optional(row?.resolve?.milliseconds), "connect_ms": .optional(row?.connect?.milliseconds),
            "tls_ms": .optional(row?.tls?.milliseconds), "http_version": .optional(row?.httpVersion),
            "key": .string(authorised(finding)), "status": .optional(row?.status),
            "call": .optional(row?.outcome.rawValue), "tool_call": .string(toolCall(finding)),
            "time_to_first_token_ms": .optional(firstToken(row).map { $0 * 1000 }),
            "served_model": .optional(row?.servedModel), "served_by": .optional(row?.servedBy),
            "route_mismatch": .optional(row?.routeMismatch), "cost_usd": .optional(finding.cost?.dollars),
            "error": .optional(row?.errorText ?? finding.credentialError?.description),
            "advice": .string(ConnectionAdvice.text(finding, plan)),
        ]
    }
}

/// What a user can do about an endpoint that does not work.
enum ConnectionAdvice {
    /// One sentence; a dash where all is well.
    static func text(_ finding: ConnectionFinding, _ plan: Plan) -> String {
        let endpoint = plan.endpoints[finding.endpoint]
        if let error = finding.credentialError { return error.description }
        guard let row = finding.text else { return Figures.none }
        guard row.outcome.isSuccess else { return "\(sentence(row, finding.model, endpoint))\(detail(row))" }
        if let mismatch = row.routeMismatch { return "the route is not the plan's: \(mismatch)" }
        if let tool = finding.tool, !tool.outcome.isSuccess {
            return "words work, tools do not (\(tool.outcome.rawValue))\(detail(tool))"
        }
        if finding.tool?.toolCallCount == 0 { return "the model did not call the tool it was asked for" }
        if row.usage.outputTotal == nil { return "no token usage is told, so cost and speed will be unknown" }
        return Figures.none
    }

    private static func detail(_ row: AttemptRow) -> String {
        row.errorText.map { ": \($0.prefix(160))" } ?? ""
    }

    private static func sentence(_ row: AttemptRow, _ model: String, _ endpoint: PlannedEndpoint) -> String {
        let wire = endpoint.models.first { $0.offer.name == model }?.offer.identifier ?? model
        return switch row.outcome {
        case .authentication: "the key is refused (HTTP \(row.status ?? 0)); is it for this provider, and active?"
        case .notFound: "no such model or path; check the model's id '\(wire)' and base_url"
        case .badRequest:
            "the request is refused (HTTP \(row.status ?? 0)); a member may have to stand under request.omit"
        case .quota: "the account's money or quota is used up"
        case .rateLimited: "too many requests for this account now; try again later"
        case .overloaded, .server: "the provider has a fault of its own (HTTP \(row.status ?? 0)); try again later"
        case .connectResolve: "the host of base_url cannot be resolved"
        case .connectRefused, .timeoutConnect: "nothing answers at base_url; is the server up, is a proxy needed?"
        case .connectTLS: "TLS failed; is the certificate good, is SSL_CERT_FILE needed?"
        case .redirect: "base_url redirects, which is never followed; give the final address"
        case .truncated, .malformed, .empty: "the answer is not of the dialect; is 'dialect' right?"
        case .contextLength: "the prompt of a few words is too long for it"
        default: "it failed as \(row.outcome.rawValue)"
        }
    }
}
