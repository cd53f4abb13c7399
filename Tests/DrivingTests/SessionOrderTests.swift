import Planning
import Testing

@testable import Driving

@Suite struct SessionOrderTests {
    private func key(_ round: Int, _ session: Int) -> SessionKey {
        SessionKey(endpoint: 0, round: round, session: session)
    }

    @Test func `sessions are prepared in the order in which they begin, and those that have ended are not`() throws {
        var order = SessionOrder(try DrivingPlans.plan(), ended: [key(0, 1), key(0, 2)])
        #expect(order.next(endpoint: 0) == key(0, 0))
        #expect(order.next(endpoint: 0) == key(1, 0))
        // What begins was gone past, whether it had been prepared or not.
        order.pass(key(0, 0))
        order.pass(key(1, 1))
        #expect(order.next(endpoint: 0) == key(1, 2))
        #expect(order.next(endpoint: 0) == nil && order.next(endpoint: 0) == nil)
    }
}
