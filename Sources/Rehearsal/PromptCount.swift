import Dialects
import Workloads

extension ServedRequest {
    /// How many tokens, in hundredths, the prompt has before some of its places; tools, messages and their parts are counted apart.
    ///
    /// - Parameter places: numbers of bytes, ascending, none beyond the end.
    /// - Returns: a size for each place.
    func centitokens(before places: [Int]) -> [Int] {
        var meter = TokenMeter()
        var position = 0
        var parts = partEnds[...]
        return places.map { place in
            while position < place {
                let end = min(place, parts.first ?? prompt.count)
                meter.add(prompt[position..<end])
                position = end
                if parts.first == end {
                    parts.removeFirst()
                    meter.beginPart()
                }
            }
            return meter.centitokens
        }
    }
}
