import Encodings
import Quantities

/// What a price is for.
struct PriceSubject: Hashable {
    private let provider: ProviderIdentifier
    private let model: String
    private let region: String?

    init(_ row: PriceRow) {
        (provider, model, region) = (row.provider, row.model, row.region)
    }

    /// What is wrong with a second price of it.
    func message(first: String) -> String {
        "is a second price of the model '\(model)' at provider '\(provider)'"
            + (region.map { " in the region '\($0)'" } ?? "")
            + "; the first stands at \(first), and nobody can tell which one counts"
    }
}

/// The places of prices by what they are for.
struct PricePlaces {
    private var places: [PriceSubject: (file: String, mark: YAMLMark)] = [:]

    /// Takes a row.
    ///
    /// - Parameters:
    ///   - row: a row with which nothing is wrong.
    ///   - file: its document.
    /// - Returns: what is wrong if there is a price for the same already; nil if there is none.
    mutating func fault(taking row: PriceRow, of file: String) -> String? {
        let subject = PriceSubject(row)
        guard let first = places[subject] else {
            places[subject] = (file, row.mark.mark)
            return nil
        }
        return subject.message(first: (first.file == file ? "" : "\(first.file):") + first.mark.text)
    }
}

extension [PriceRow] {
    /// Reports rows for what another row of the same document has a price for.
    func checkDoubles(_ diagnosis: Diagnosis) {
        // A row with a slip in it may be meant for something else.
        let faulty = Set(diagnosis.problems.compactMap { $0.path.split(separator: ".").first.map(String.init) })
        var places = PricePlaces()
        for (index, row) in enumerated() where !faulty.contains("rows[\(index)]") {
            if let fault = places.fault(taking: row, of: diagnosis.file) {
                diagnosis.forbid(row.mark.mark, "rows[\(index)]", fault)
            }
        }
    }
}
