import Testing

@testable import Quantities

@Suite struct QuantitiesTests {
    @Test func `prices and money are exact`() throws {
        let price = try #require(TokenPrice(dollarsPerMillionTokens: 0.02288))
        #expect(price.picodollarsPerToken == 22_880)
        #expect((TokenCount(1_000_000) * price).dollars == 0.02288)
        #expect(Money(dollars: .infinity) == nil)
        #expect(TokenPrice(dollarsPerMillionTokens: -1) == nil)
        #expect(Money(picodollars: 2) - Money(picodollars: 3) == Money(picodollars: -1))
    }

    @Test func `instants and durations convert without loss`() {
        let start = Instant(nanoseconds: 1_000_000_007)
        let end = start + .milliseconds(250)
        #expect(end.nanoseconds == 1_250_000_007)
        #expect((end - start).milliseconds == 250)
        #expect((start - end).nanoseconds == -250_000_000)
        #expect(start < end)
        #expect(TokenRate(tokens: 50, in: end - start)?.tokensPerSecond == 200)
        #expect(TokenRate(tokens: 50, in: .zero) == nil)
    }

    @Test func `the words of the run file do not change`() {
        #expect(
            DeliveryPath.allCases.map(\.rawValue) == [
                "aggregator", "inference-platform", "hyperscaler", "self-hosted", "direct-vendor",
            ])
        #expect(OutcomeClass(rawValue: "rate-limited") == .rateLimited)
        #expect(Set(OutcomeClass.allCases.map(\.rawValue)).count == OutcomeClass.allCases.count)
        #expect(ContentKind.allCases.map(\.rawValue) == [1, 2, 3, 4])
    }
}

@Suite struct CountedTests {
    @Test(arguments: [(0, "0 complete rounds"), (1, "1 complete round"), (2, "2 complete rounds")])
    func `one thing has no plural`(count: Int, text: String) {
        #expect(Counted.text(count, "complete round") == text)
    }
}
