import Rehearsal
import Dispatch
import Glibc
import Profiles
import Reporting

/// The command `submeter rehearse`.
enum RehearseCommand: Subcommand {
    static let specification = CommandSpecification(
        name: "rehearse", summary: "run the loopback fleet on its own", operands: "PLAN", operandCount: 1...1,
        discussion: """
            Plays every endpoint of a plan whose base URL is http://127.0.0.1:PORT…, until Ctrl-C. The engines are models;
            the sockets are real. Any client can talk to it, and its own account of what truly happened can be written.
            """,
        options: [
            OptionSpecification("--ground-truth", value: "FILE", "at the end, write what truly happened as JSONL"),
            OptionSpecification("--seconds", value: "N", "end by itself after so long"),
        ],
        examples: [
            ("rehearse profiles/plans/demo.yaml", "listen until Ctrl-C"),
            (
                "rehearse --seconds 60 --ground-truth truth.jsonl profiles/plans/demo.yaml",
                "one minute, with its account"
            ),
        ])

    static func run(_ arguments: Arguments, _ console: Console) throws(CommandError) -> ExitCode {
        let documents = try Plans.documents(arguments.operands[0])
        let seconds = try arguments.integer("--seconds", in: 1...86_400)
        let truthPath = arguments["--ground-truth"]
        if let truthPath { try OutputFile.check(truthPath, apartFrom: arguments.operands) }
        let stage = try RehearsalStage(documents, usesOwnPorts: true) { member, provider in
            RehearsalGate.prepare(&member, provider, environment: console.environment)
        }
        for address in stage.addresses { console.output("\(address.endpoint)\t\(address.url)\n") }
        console.message("listening; Ctrl-C ends it")
        let isInterrupted = wait(seconds)
        stage.fleet.stop()
        if let truthPath { try Files.write(stage.groundTruth, to: truthPath, apartFrom: arguments.operands) }
        console.message("played \(Figures.counted(stage.fleet.truths.count, "request"))")
        return isInterrupted && seconds != nil ? .interrupted : .good
    }

    /// Waits for SIGINT or SIGTERM, or for the time to pass.
    ///
    /// - Returns: true if it was a signal.
    private static func wait(_ seconds: Int?) -> Bool {
        let ended = DispatchSemaphore(value: 0)
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { ended.signal() }
            source.resume()
            return source
        }
        let deadline = seconds.map { DispatchTime.now() + .seconds($0) } ?? .distantFuture
        let result = ended.wait(timeout: deadline)
        for source in sources { source.cancel() }
        return result == .success
    }
}
