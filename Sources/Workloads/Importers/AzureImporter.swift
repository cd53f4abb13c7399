import Encodings
import Quantities

/// Imports Azure's traces of language model inference (Azure/AzurePublicDataset): rows of `TIMESTAMP, ContextTokens,
/// GeneratedTokens`, where the time is a date.
public struct AzureImporter: TraceImporter {
    /// The format.
    public static let format = TraceFormat(
        name: "azure", summary: "Azure's public inference traces of 2023 and 2024 (CSV)", unit: .line,
        guesses: [
            "Texts are made up: the source holds sizes.",
            "Each row is a session of one call, whose prompt is one message that shares nothing with any other.",
            TraceClock.guess,
        ])

    private var table = TraceTable(needed: ["timestamp", "contexttokens", "generatedtokens"])
    private var clock = TraceClock()
    private var count = 0

    /// Makes an importer.
    public init() {}

    /// Takes a line.
    public mutating func take(
        _ bytes: ArraySlice<UInt8>, _ source: TraceSource, _ emit: (ImportedPiece) -> Void
    ) throws(SessionFileError) {
        guard let row = try table.row(bytes, source) else { return }
        guard let text = row["timestamp"], let seconds = TraceTime.seconds(.string(text)) else {
            throw source.problem("TIMESTAMP must be a date such as 2023-11-16 18:17:03.9799600")
        }
        let request = TraceRequest(
            start: try clock.time(seconds, source), input: try source.tokens(row["contexttokens"], "ContextTokens"),
            output: try source.tokens(row["generatedtokens"], "GeneratedTokens"))
        count += 1
        var work = TraceSession("azure-\(count)", profile: "azure")
        work.appendFresh(request, after: nil)
        emit(.session(work.session))
    }

    /// Refuses a file that ends inside a row.
    public mutating func finish(_ emit: (ImportedPiece) -> Void) throws(SessionFileError) { try table.finish() }
}
