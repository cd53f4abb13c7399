import CNetwork
import Glibc
import Quantities

/// Wakes a loop at an instant: a timer of the kernel, so that waiting until the same instant again takes no system call.
///
/// Belongs to its loop's thread.
final class LoopTimer {
    let descriptor: Int32
    private var armedFor: Instant?

    init?() {
        descriptor = network_timer_new()
        guard descriptor >= 0 else { return nil }
    }

    deinit {
        close(descriptor)
    }

    /// Sets the timer to an instant, which may lie in the past; nil stops it.
    func arm(for deadline: Instant?) {
        guard deadline != armedFor else { return }
        armedFor = deadline
        network_timer_set(descriptor, deadline?.nanoseconds ?? 0)
    }

    /// Takes note that the timer has gone off.
    func noteFired() {
        var count: UInt64 = 0
        unsafe _ = read(descriptor, &count, 8)
        armedFor = nil
    }
}
