import Dispatch
import Planning
import Quantities
import Synchronization
import Testing

@testable import Driving

@Suite struct PreparedCallsTests {
    private func key(_ call: Int, session: Int = 0, endpoint: Int = 0) -> CallKey {
        CallKey(session: SessionKey(endpoint: endpoint, round: 0, session: session), call: call)
    }

    /// Holds the thread that prepares until it is let go.
    private final class Gate: Sendable {
        let isReached = DispatchSemaphore(value: 0)
        let opening = DispatchSemaphore(value: 0)

        func pass() {
            isReached.signal()
            opening.wait()
        }
    }

    @Test func `what was prepared is made once and taken once`() {
        let count = Atomic(0)
        var prepared = PreparedCalls()
        for call in 0..<50 {
            prepared.prepare(key(call), 10) {
                count.add(1, ordering: .relaxed)
                return CallAddition(bytes: [UInt8(call)], lastRole: .user, substitutedCallCount: 0)
            }
        }
        // Some are ready by now, and some are not.
        for call in 0..<50 {
            #expect(prepared.contains(key(call)))
            #expect(prepared.take(key(call))?.bytes == [UInt8(call)])
            #expect(prepared.take(key(call)) == nil && !prepared.contains(key(call)))
        }
        prepared.wait()
        #expect(count.load(ordering: .relaxed) == 50)
        #expect(prepared.isEmpty)
    }

    @Test func `what is being made is waited for, and what comes after it is not`() {
        let gate = Gate()
        let count = Atomic(0)
        var prepared = PreparedCalls()
        prepared.prepare(key(0), 10) {
            gate.pass()
            count.add(1, ordering: .relaxed)
            return CallAddition(bytes: [1], lastRole: .user, substitutedCallCount: 0)
        }
        prepared.prepare(key(1), 10) {
            CallAddition(bytes: [2], lastRole: .user, substitutedCallCount: 0)
        }
        gate.isReached.wait()
        // Were its turn waited for, this would never end.
        #expect(prepared.take(key(1))?.bytes == [2])
        #expect(count.load(ordering: .relaxed) == 0)
        gate.opening.signal()
        #expect(prepared.take(key(0))?.bytes == [1])
        #expect(count.load(ordering: .relaxed) == 1)
    }

    @Test func `what was dropped before its turn is not made, and gives its room back`() {
        let gate = Gate()
        let count = Atomic(0)
        var prepared = PreparedCalls()
        prepared.prepare(key(0), 10) {
            gate.pass()
            return CallAddition(bytes: [], lastRole: .user, substitutedCallCount: 0)
        }
        for call in 1...3 {
            prepared.prepare(key(call, session: 1), 1_000_000) {
                count.add(1, ordering: .relaxed)
                return CallAddition(bytes: [], lastRole: .user, substitutedCallCount: 0)
            }
        }
        let most = PreparedCalls.mostTokens
        #expect(!prepared.hasRoom(for: most - 3_000_000, endpoint: 0))
        #expect(prepared.hasRoom(for: most - 3_000_010, endpoint: 0) && prepared.hasRoom(for: most, endpoint: 1))
        prepared.drop(key(1, session: 1))
        #expect(prepared.hasRoom(for: most - 2_000_010, endpoint: 0))
        prepared.drop(key(0, session: 1).session)
        #expect(prepared.hasRoom(for: most - 10, endpoint: 0) && !prepared.hasRoom(for: most, endpoint: 0))
        #expect(prepared.take(key(2, session: 1)) == nil)
        gate.opening.signal()
        _ = prepared.take(key(0))
        prepared.wait()
        #expect(count.load(ordering: .relaxed) == 0)
        #expect(prepared.hasRoom(for: most, endpoint: 0))
    }

    @Test func `nothing is prepared twice`() async {
        await #expect(processExitsWith: .failure) {
            var prepared = PreparedCalls()
            let key = CallKey(session: SessionKey(endpoint: 0, round: 0, session: 0), call: 0)
            for _ in 0..<2 {
                prepared.prepare(key, 1) {
                    CallAddition(bytes: [], lastRole: nil, substitutedCallCount: 0)
                }
            }
        }
    }

    @Test func `a value is made once, and who asks meanwhile waits for it`() {
        let gate = Gate()
        let count = Atomic(0)
        let lazy = Lazy {
            gate.pass()
            return count.wrappingAdd(1, ordering: .relaxed).newValue
        }
        let queue = DispatchQueue(label: "maker")
        queue.async { _ = lazy.value }
        gate.isReached.wait()
        gate.opening.signal()
        #expect(lazy.value == 1 && lazy.value == 1)
    }

    @Test func `nobody has to wait for what is not wanted any more`() {
        let gate = Gate()
        var prepared = PreparedCalls()
        prepared.prepare(CallKey(session: SessionKey(endpoint: 0, round: 0, session: 0), call: 0), 1) {
            gate.pass()
            return CallAddition(bytes: [], lastRole: nil, substitutedCallCount: 0)
        }
        gate.isReached.wait()
        prepared.wait { true }
        gate.opening.signal()
        prepared.wait()
    }
}
