import CNetwork
import Glibc

/// Ends the wait of a loop from another thread.
public final class LoopWaker: Sendable {
    let descriptor: Int32

    init?() {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard descriptor >= 0 else { return nil }
    }

    deinit {
        close(descriptor)
    }

    /// Makes the loop's current or next turn return.
    public func wake() {
        var one: UInt64 = 1
        unsafe _ = write(descriptor, &one, 8)
    }
}
