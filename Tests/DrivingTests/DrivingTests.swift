import Dialects
import Profiles
import Quantities
import Testing

@testable import Driving

@Suite struct DrivingTests {
    @Test(
        arguments: [
            (["retry-after-ms": "250", "retry-after": "9"], 0.25), (["retry-after": "2"], 2.0), ([:], nil),
            (["retry-after": "soon"], nil), (["retry-after": "Sun, 06 Nov 1994 08:49:39 GMT"], 2.0),
            (["retry-after": "-1"], nil), (["retry-after": "1e9"], nil),
        ] as [([String: String], Double?)])
    func `the wait that a server asks for is read`(headers: [String: String], seconds: Double?) {
        #expect(RetryAdvice(wallSeconds: 784_111_777) { headers[$0] }.wait?.seconds == seconds)
    }

    @Test(arguments: [("true", true), ("false", false), ("maybe", nil)] as [(String, Bool?)])
    func `whether to send again is read`(text: String, wanted: Bool?) {
        #expect(RetryAdvice(wallSeconds: 0) { $0 == "x-should-retry" ? text : nil }.shouldRetry == wanted)
    }

    @Test(
        arguments: [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Thu, 29 Feb 2024 12:00:00 GMT", 1_709_208_000), ("Sun Nov  6 08:49:37 1994", nil), ("", nil),
            ("Sun, 06 Nov 1994 25:49:37 GMT", nil),
        ] as [(String, Int?)])
    func `dates of HTTP are read`(text: String, seconds: Int?) {
        #expect(HTTPDate.seconds(text) == seconds)
    }

    @Test func `a response that names another route is found out, one that names none is not`() {
        let expected = ProviderProfile.RouteExpectation(
            servedBy: "Fireworks", servedModels: ["m", "m-0324"], regionHeader: "x-region", region: "eu")
        var response = DecodedResponse()
        #expect(RouteProof.mismatch(response, region: nil, expected: expected) == nil)
        (response.provider, response.model) = ("fireworks", "M-0324")
        #expect(RouteProof.mismatch(response, region: "EU", expected: expected) == nil)
        response.provider = "Together"
        #expect(
            RouteProof.mismatch(response, region: nil, expected: expected) == "served by Together, Fireworks wanted")
        response.model = "other"
        let text = RouteProof.mismatch(response, region: "us", expected: expected)
        #expect(text?.contains("answered by other, m or m-0324 wanted; served in us, eu wanted") == true)
    }
}
