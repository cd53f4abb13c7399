import Dialects
import Planning
import Profiles
import Quantities
import Records
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

    @Test(
        arguments: [
            ([(.ok, false)], 1, 0, true, 0), ([(.server, false)], 1, 1, false, 0),
            // Sent again, and good, bad, cut off or never sent: only what has ended for good counts.
            ([(.server, true), (.ok, false)], 1, 0, true, 1), ([(.server, true), (.server, false)], 1, 1, false, 1),
            ([(.server, true), (.aborted, false)], 0, 0, nil, 1), ([(.server, true), (.skipped, false)], 0, 0, nil, 1),
            ([(.server, true)], 0, 0, nil, 1), ([(.aborted, false)], 0, 0, nil, 0),
        ] as [([(OutcomeClass, Bool)], Int, Int, Bool?, Int)])
    func `a resumed run counts the calls that have ended for good`(
        attempts: [(OutcomeClass, Bool)], calls: Int, failures: Int, ended: Bool?, retries: Int
    ) throws {
        let place = CallPlace(endpoint: 0, round: 0, session: 0, call: 0)
        let rows = attempts.enumerated().map { number, attempt in
            var row = AttemptRow(place: place, number: number, outcome: attempt.0, ended: Instant(nanoseconds: 1))
            row.willRetry = attempt.1
            return row
        }
        var numbers: [CallKey: Int] = [:]
        let history = RunDriver.history(try DrivingPlans.plan(), rows, &numbers)
        #expect(history.callCounts[0, default: 0] == calls && history.failureCounts[0, default: 0] == failures)
        #expect(history.ended[CallKey(place)] == ended && history.retryCounts[CallKey(place), default: 0] == retries)
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
