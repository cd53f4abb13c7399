import Statistics
import Testing

@Suite struct HistogramTests {
    @Test(
        arguments: [
            ([], [0, 0, 0]), ([5, 5, 5], [3, 0, 0]), ([0, 0], [2, 0, 0]), ([1, 10, 100, 1000], [2, 1, 1]),
            ([0, 0, 0, 1000], [3, 0, 1]),
        ] as [([Double], [Int])])
    func `values fall into bins of equal width on a logarithmic scale`(values: [Double], bins: [Int]) {
        #expect(Histogram.logarithmic(values, binCount: 3) == bins)
    }
}
