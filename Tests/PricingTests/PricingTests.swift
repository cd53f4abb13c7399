import Profiles
import Quantities
import Testing

@testable import Pricing

private func rows(_ text: String) throws -> [PriceRow] {
    let document = "submeter: prices\nversion: 1\nrows:\n" + text
    guard case .prices(let rows) = try Document(Array(document.utf8), file: "p") else { return [] }
    return rows
}

@Suite struct PricingTests {
    private let text = """
          - {provider: a, model: m, input_per_million: 0.28 USD, cache_read_per_million: 0.028 USD, output_per_million: 0.4 USD, source: s, date: d}
          - {provider: a, model: m, region: eu, input_per_million: 2 USD, cache_write_per_million: 2.5 USD, output_per_million: 8 USD, per_request: 0.001 USD, source: s, date: d}
        """

    @Test func `a usage costs exactly what the list says`() throws {
        let book = PriceBook(try rows(text))
        let plain = try #require(book.price(of: "m", at: "a", region: "us"))
        let usage = TokenUsage(inputTotal: 1000, inputCacheRead: 600, outputTotal: 50, outputReasoning: 40)
        let plainCost: Int64 = 400 * 280_000 + 600 * 28_000 + 50 * 400_000
        #expect(Cost.of(usage, at: plain)?.picodollars == plainCost)
        let europe = try #require(book.price(of: "m", at: "a", region: "eu"))
        let written = TokenUsage(inputTotal: 1000, inputCacheRead: 600, inputCacheWrite: 300, outputTotal: 50)
        let writtenCost: Int64 = 100 * 2_000_000 + 600 * 2_000_000 + 300 * 2_500_000 + 50 * 8_000_000 + 1_000_000_000
        #expect(Cost.of(written, at: europe)?.picodollars == writtenCost)
        let worst: Int64 = 1000 * 2_500_000 + 10 * 8_000_000 + 1_000_000_000
        #expect(Cost.worst(input: 1000, outputLimit: 10, at: europe).picodollars == worst)
    }

    @Test func `an unknown usage has no cost, and an unknown model no price`() throws {
        let book = PriceBook(try rows(text))
        let price = try #require(book.price(of: "m", at: "a", region: nil))
        #expect(Cost.of(TokenUsage(inputTotal: 5), at: price) == nil)
        #expect(book.price(of: "n", at: "a", region: nil) == nil)
    }

    @Test func `a call is priced as the model that it was sent to`() throws {
        let other =
            "  - {provider: a, model: n, input_per_million: 9 USD, output_per_million: 9 USD, source: t, date: d}"
        let found = try rows(text + "\n" + other)
        let prices = ModelPrices(main: found[0], small: found[2])
        #expect(prices.price(of: nil) == found[0] && prices.price(of: "m") == found[0])
        #expect(prices.price(of: "n") == found[2] && prices.price(of: "o") == nil)
        #expect(ModelPrices(main: found[0]).price(of: "n") == nil)
        #expect(prices.sources == ["s, d", "t, d"] && ModelPrices(main: found[0], small: found[1]).sources == ["s, d"])
    }
}
