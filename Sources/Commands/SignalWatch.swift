import Dispatch
import Driving
import Glibc
import Synchronization

/// Turns SIGINT and SIGTERM into an orderly end; a second one ends the process at once.
///
/// There is one for the whole of a command, however many runs it makes: libdispatch takes a signal over for the first source
/// that is made for it, and of a source that is made right after that one was cancelled the signal may stay ignored.
final class SignalWatch {
    /// What the signals are passed on to, from the queue on which they arrive.
    private final class Relay: Sendable {
        private let state = Mutex<(isInterrupted: Bool, interruption: Interruption?)>((false, nil))

        var isInterrupted: Bool { state.withLock(\.isInterrupted) }

        func interrupt() {
            state.withLock { state in
                state.isInterrupted = true
                state.interruption?.interrupt()
            }
        }

        func pass(to interruption: Interruption) {
            state.withLock { state in
                state.interruption = interruption
                if state.isInterrupted { interruption.interrupt() }
            }
        }
    }

    private let relay = Relay()
    private let sources: [any DispatchSourceSignal]

    /// Begins to watch.
    ///
    /// - Parameter console: where the user is told that a signal was understood.
    init(_ console: Console) {
        let queue = DispatchQueue(label: "submeter.signals")
        let relay = relay
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler {
                console.message("interrupted: finishing the record; once more to stop at once")
                relay.interrupt()
                signal(SIGINT, SIG_DFL)
                signal(SIGTERM, SIG_DFL)
            }
            source.resume()
            return source
        }
    }

    /// True once a signal has come.
    var isInterrupted: Bool { relay.isInterrupted }

    /// Names the run that the next signal ends; one that has come before ends it at once.
    func pass(to interruption: Interruption) { relay.pass(to: interruption) }

    /// Leaves signals to the system again.
    func cancel() {
        for source in sources { source.cancel() }
        signal(SIGINT, SIG_DFL)
        signal(SIGTERM, SIG_DFL)
    }
}
