import Quantities
import Records

extension CallMetric {
    /// Close delay: end of the exchange minus last content event.
    ///
    /// It holds what a server sends after the answer (usage, `[DONE]`) and for how long it then keeps the stream open; one that
    /// is not closed two seconds after all was said is closed by us, and counts as long as it was open. No turn waits for it:
    /// the next call of a session is due when all of the answer is there. No value where the end was not awaited.
    public static let closeDelay = CallMetric(
        name: "close_delay", label: "close", unit: .seconds
    ) { attempt in
        guard let closed = attempt.closed, let last = attempt.lastContent else { return nil }
        return max(0, (closed - last.at).seconds)
    }
}
