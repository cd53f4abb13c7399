import Quantities
import Testing

@testable import Driving

@Suite struct DrivingTests {
    @Test(
        arguments: [
            (["retry-after-ms": "250", "retry-after": "9"], 0.25), (["retry-after": "2"], 2.0), ([:], nil),
            (["retry-after": "soon"], nil), (["retry-after": "-1"], nil), (["retry-after": "1e9"], nil),
        ] as [([String: String], Double?)])
    func `the wait that a server asks for is read`(headers: [String: String], seconds: Double?) {
        #expect(RetryAdvice.wait { headers[$0] }?.seconds == seconds)
    }
}
