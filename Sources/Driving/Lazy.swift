import Synchronization

/// A value that is made once, by whichever thread asks for it first; others that ask meanwhile wait for it.
final class Lazy<Value: Sendable>: Sendable {
    private enum State {
        // Turns into made.
        case waiting(@Sendable () -> Value)
        case made(Value)
    }

    private let state: Mutex<State>

    init(_ make: @escaping @Sendable () -> Value) {
        state = Mutex(.waiting(make))
    }

    /// The value, which is made now if it was not.
    var value: Value {
        state.withLock { state in
            switch state {
            case .made(let value): return value
            case .waiting(let make):
                let value = make()
                state = .made(value)
                return value
            }
        }
    }
}
