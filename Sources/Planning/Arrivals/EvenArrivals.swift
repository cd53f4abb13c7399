import Statistics

/// Arrivals with even gaps, the first at once.
struct EvenArrivals: ArrivalProcess {
    func positions(_ count: Int, using generator: inout SeededGenerator) -> [Double] {
        (0..<count).map { Double($0) }
    }
}
