import Glibc
import Synchronization

/// Everything outside the process that a command sees or touches, but for files, sockets and signals.
public final class Console: Sendable {
    /// What follows the program's name.
    public let arguments: [String]
    /// The environment.
    public let environment: [String: String]
    /// True if the standard output is a terminal that shows colours.
    public let usesColor: Bool
    /// True if progress may be drawn over itself on the standard error.
    public let drawsProgress: Bool
    /// True if progress is unwanted.
    let isQuiet: Bool
    private let write: @Sendable (Int32, [UInt8]) -> Void
    private let drawnWidth = Mutex(0)

    /// Makes a console.
    ///
    /// - Parameters:
    ///   - arguments: what follows the program's name.
    ///   - environment: the environment.
    ///   - isOutputTerminal: whether the standard output is a terminal.
    ///   - isErrorTerminal: whether the standard error is a terminal.
    ///   - isQuiet: whether progress is unwanted.
    ///   - write: takes bytes for a descriptor, 1 or 2.
    public init(
        arguments: [String], environment: [String: String] = [:], isOutputTerminal: Bool = false,
        isErrorTerminal: Bool = false, isQuiet: Bool = false, write: @escaping @Sendable (Int32, [UInt8]) -> Void
    ) {
        self.arguments = arguments
        self.environment = environment
        // See no-color.org.
        let isPlain = environment["NO_COLOR"].map { !$0.isEmpty } ?? false || environment["TERM"] == "dumb"
        usesColor = isOutputTerminal && !isPlain
        drawsProgress = isErrorTerminal && environment["TERM"] != "dumb"
        self.isQuiet = isQuiet
        self.write = write
    }

    /// The console of this process.
    ///
    /// A closed pipe ends the process quietly, as of any good filter. An output that takes no more for another reason, such
    /// as a full disk, ends it with ``ExitCode/internalError`` and the reason on the standard error.
    public static func ofProcess() -> Console {
        var environment: [String: String] = [:]
        var entry = unsafe environ
        while let pair = unsafe entry.pointee {
            let text = unsafe String(cString: pair)
            if let equals = text.firstIndex(of: "=") {
                environment[String(text[..<equals])] = String(text[text.index(after: equals)...])
            }
            unsafe entry += 1
        }
        return Console(
            arguments: Array(CommandLine.arguments.dropFirst()), environment: environment,
            isOutputTerminal: isatty(1) == 1, isErrorTerminal: isatty(2) == 1
        ) { descriptor, bytes in
            guard !Files.writeAll(bytes, to: descriptor), descriptor == 1 else { return }
            let code = errno
            if code == EPIPE { exit(ExitCode.good.rawValue) }
            let reason = unsafe String(cString: strerror(code))
            _ = Files.writeAll(Array("submeter: standard output: \(reason)\n".utf8), to: 2)
            exit(ExitCode.internalError.rawValue)
        }
    }

    /// Writes to the standard output.
    public func output(_ text: String) { output(Array(text.utf8)) }

    /// Writes bytes to the standard output.
    public func output(_ bytes: [UInt8]) { write(1, bytes) }

    /// Writes a line to the standard error, in place of any progress that is drawn there.
    public func message(_ text: String) { write(2, erasure() + Array((text + "\n").utf8)) }

    /// The same console for a command that is to be quiet: nothing is drawn.
    func withoutProgress() -> Console {
        Console(arguments: arguments, environment: environment, isQuiet: true, write: write)
    }

    /// Draws a line of progress over the one before; only where progress is drawn.
    func draw(_ line: String) {
        guard drawsProgress else { return }
        write(2, erasure() + Array(line.utf8))
        drawnWidth.withLock { $0 = line.count }
    }

    private func erasure() -> [UInt8] {
        let width = drawnWidth.withLock { width in
            defer { width = 0 }
            return width
        }
        return width > 0 ? Array("\r\u{1B}[2K".utf8) : []
    }
}
