import Driving
import Glibc
import Planning
import Profiles
import Quantities
import Records
import Transport

/// Carries out a plan into a run file, with progress on the standard error and Ctrl-C watched.
struct RunExecution {
    let plan: Plan
    let path: String
    let console: Console
    /// True to go on with the run file, false to make a new one.
    let isResumed: Bool
    /// True if modelled providers stand for the plan's own.
    var isRehearsal = false

    /// Runs to the end.
    ///
    /// - Returns: why it ended, and after what.
    /// - Throws: ``CommandError`` if it could not begin or go on.
    func perform() throws(CommandError) -> RunEnd {
        let signals = SignalWatch(console)
        defer { signals.cancel() }
        return try perform(endedBy: signals)
    }

    /// Runs to the end, as one run of several of a command.
    ///
    /// - Parameter signals: the watch of the whole command.
    /// - Returns: why it ended, and after what.
    /// - Throws: ``CommandError`` if it could not begin or go on.
    func perform(endedBy signals: SignalWatch) throws(CommandError) -> RunEnd {
        let authorizers = try Plans.authorizers(plan, console)
        do {
            let newSalt = Self.makeSalt()
            let writer = try makeWriter(salt: newSalt)
            // Read when nobody else can write any more.
            let earlier = isResumed ? try RunFile(path: path) : nil
            let salt = earlier?.facts["run_salt"] ?? newSalt
            let interruption = Interruption()
            signals.pass(to: interruption)
            let driver = RunDriver(
                plan, writer: writer, loop: try NetworkLoop(Self.configuration(console)), authorizers: authorizers,
                runSalt: salt, earlier: earlier,
                interruption: interruption)
            var progress = ProgressReport(plan, began: NetworkLoop.now(), console: console)
            var last = RunProgress(endpointCount: plan.endpoints.count)
            let reason = try driver.run { state in
                last = state
                progress.show(state, at: NetworkLoop.now())
            }
            try writer.append(.fact(FactRow(name: FactRow.stopReason, value: reason.rawValue)))
            for fact in Self.expenses() { try writer.append(.fact(fact)) }
            try writer.close()
            progress.end()
            return RunEnd(
                reason: reason, progress: last, endpoints: plan.endpoints.map(\.identifier.rawValue),
                planFile: plan.documents.sources.first?.name)
        } catch let failure as AuthorizationFailure {
            if !isResumed { Files.removeRun(path) }
            throw .usage(failure.description)
        } catch let error as RecordsError where error.isInUse {
            throw .usage(error.description)
        } catch {
            throw .failed("\(error)")
        }
    }

    private func makeWriter(salt: String) throws -> RunFileWriter {
        if isResumed {
            let writer = try RunFileWriter(resuming: path)
            // The clock may have begun anew since: a reboot lies between the parts of a run, or another machine.
            for fact in Self.facts(NetworkLoop.now()) {
                try writer.append(.fact(FactRow(name: "\(fact.name).\(writer.part)", value: fact.value)))
            }
            return writer
        }
        try Files.makeStandardFolder(of: path)
        var facts = Self.facts(NetworkLoop.now()) + [FactRow(name: "run_salt", value: salt)]
        if isRehearsal { facts.append(FactRow(name: FactRow.rehearsal, value: "every provider was modelled here")) }
        let writer = try RunFileWriter(creating: path, documents: plan.documents, facts: facts)
        for notice in plan.notices { try writer.append(.note(NoteRow(at: NetworkLoop.now(), text: notice))) }
        return writer
    }

    /// Proxy and certificates as the environment names them, by the names that curl knows.
    static func configuration(_ console: Console) -> NetworkConfiguration {
        let proxy = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].compactMap { console.environment[$0] }
            .first
        return NetworkConfiguration(
            certificateAuthorityFile: console.environment["SSL_CERT_FILE"],
            proxy: proxy.flatMap { $0.isEmpty ? nil : $0 },
            hostsWithoutProxy: (["NO_PROXY", "no_proxy"].compactMap { console.environment[$0] } + [
                "localhost,127.0.0.1,::1"
            ])
            .joined(separator: ","))
    }

    private static func makeSalt() -> String {
        var generator = SystemRandomNumberGenerator()
        let digits = String(generator.next() >> 16, radix: 16)
        return String(repeating: "0", count: 12 - digits.count) + digits
    }

    /// Who measured where and when.
    private static func facts(_ now: Instant) -> [FactRow] {
        var wall = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &wall)
        var machine = utsname()
        unsafe uname(&machine)
        let system = unsafe withUnsafeBytes(of: &machine) { raw in
            // struct utsname: six texts of 65 bytes; system, node, release, version, machine, domain. The node stays private.
            [0, 2, 4].map { field in
                unsafe String(decoding: raw[(field * 65)..<((field + 1) * 65)].prefix { $0 != 0 }, as: UTF8.self)
            }.joined(separator: " ")
        }
        let nanoseconds = Int64(wall.tv_sec) * 1_000_000_000 + Int64(wall.tv_nsec)
        return [
            FactRow(name: "submeter_version", value: Submeter.version),
            FactRow(name: "started_at", value: WallTime.text(wall.tv_sec)),
            FactRow(name: "clock_anchor", value: "wall \(nanoseconds) ns is monotonic \(now.nanoseconds) ns"),
            FactRow(name: "machine", value: "\(system), \(sysconf(Int32(_SC_NPROCESSORS_ONLN))) processors"),
        ]
    }

    /// What measuring cost this process.
    private static func expenses() -> [FactRow] {
        var usage = rusage()
        unsafe getrusage(RUSAGE_SELF.rawValue, &usage)
        func milliseconds(_ time: timeval) -> Int { time.tv_sec * 1000 + Int(time.tv_usec) / 1000 }
        return [
            FactRow(name: "process_user_ms", value: String(milliseconds(usage.ru_utime))),
            FactRow(name: "process_system_ms", value: String(milliseconds(usage.ru_stime))),
            FactRow(name: "process_peak_memory_kib", value: String(usage.ru_maxrss)),
        ]
    }
}

/// Wall-clock times, which label results and never measure anything.
enum WallTime {
    /// Such as `2026-11-24T02:00:13Z`.
    static func text(_ seconds: Int) -> String { format(seconds, "%Y-%m-%dT%H:%M:%SZ") }

    /// Such as `20261124-020013`, for file names.
    static func fileStamp() -> String {
        var wall = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &wall)
        return format(wall.tv_sec, "%Y%m%d-%H%M%S")
    }

    private static func format(_ seconds: Int, _ pattern: String) -> String {
        var seconds = time_t(seconds)
        var parts = unsafe tm()
        unsafe gmtime_r(&seconds, &parts)
        var buffer = Array(repeating: CChar(0), count: 64)
        let count = unsafe strftime(&buffer, buffer.count, pattern, &parts)
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
