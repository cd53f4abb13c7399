import Encodings
import Quantities
import Statistics

/// Finds what is doubtful about how a library was recorded.
enum RecordingLint {
    /// Fewer sessions or calls than this show no pattern.
    private static let minimumCount = 20
    /// A client that lets more time pass than a day has not waited for anything.
    private static let longestWait = Duration.seconds(86_400)
    /// In texts of a few words so many tokens more or less say nothing.
    private static let smallestDifference = 10

    static func findings(_ library: SessionLibrary) -> [Finding] {
        let text = [
            quantisedStarts(library), wholeSeconds(library), partialOutputs(library), joinedBlocks(library),
        ].compactMap(\.self)
        return (text + assetSizes(library).prefix(20))
            .map { Finding(severity: .warning, place: library.name, message: $0) }
            + library.sessions.flatMap { impossibleFigures($0).prefix(5) }
    }

    /// Traces whose arrivals were rounded come in batches (the Mooncake conversation trace in batches of three seconds).
    private static func quantisedStarts(_ library: SessionLibrary) -> String? {
        let starts = library.sessions.compactMap(\.start)
        let distinct = Set(starts).count
        guard starts.count >= minimumCount, distinct * 2 <= starts.count else { return nil }
        return
            "\(starts.count) sessions have only \(Counted.text(distinct, "different start")): they were recorded in batches; spread each "
            + "over its quantum"
    }

    private static func wholeSeconds(_ library: SessionLibrary) -> String? {
        let waits = library.sessions.flatMap(\.calls).map(\.wait).filter { $0 > .zero }
        // A wait that is always the same was chosen, not recorded.
        guard waits.count >= minimumCount, Set(waits).count > 1,
            waits.allSatisfy({ $0.nanoseconds % 1_000_000_000 == 0 })
        else { return nil }
        return "all \(waits.count) waits are whole seconds: short ones are rounded away"
    }

    /// Some clients log the usage that stands at the beginning of a stream, which counts hardly any output.
    private static func partialOutputs(_ library: SessionLibrary) -> String? {
        let outputs = library.sessions.flatMap(\.calls).map { Double($0.output.value) }.filter { $0 > 0 }.sorted()
        guard outputs.count >= minimumCount, let median = Quantile.interpolated(outputs, 0.5), median <= 3 else {
            return nil
        }
        return
            "half of the answers have at most \(Counted.text(Int(median), "token")): these look like partial counts of a "
            + "stream's beginning"
    }

    /// Traces count their blocks each from its own beginning.
    private static func joinedBlocks(_ library: SessionLibrary) -> String? {
        let count = library.joinedCount
        guard count > 1,
            library.sessions.contains(where: { $0.share != .session && $0.calls.contains { !$0.blocks.isEmpty } })
        else { return nil }
        return
            "\(count) libraries were joined: their blocks of one number are sent as equal text, which is wrong unless they "
            + "are parts of one trace"
    }

    /// What an asset holds is sent whole, whatever its size is said to be, so that all prompts with it are that much off.
    private static func assetSizes(_ library: SessionLibrary) -> [String] {
        library.assets.values.sorted { $0.identifier < $1.identifier }.compactMap { asset in
            let counted = asset.countedTokens.value
            guard abs(asset.tokens.value - counted) > max(smallestDifference, counted / 4) else { return nil }
            return
                "asset \(asset.identifier): tok is \(asset.tokens.value), but what it holds is about \(Counted.text(counted, "token")): a "
                + "replay sends that, not the stated size"
        }
    }

    private static func impossibleFigures(_ session: Session) -> [Finding] {
        var ends: [CallIdentifier: Duration] = [:]
        var findings: [Finding] = []
        func report(_ call: Call, _ message: String) {
            let text = "call \(call.identifier): \(message)"
            findings.append(Finding(severity: .warning, place: session.identifier.rawValue, message: text))
        }
        for call in session.calls {
            if call.wait > longestWait { report(call, "it waits for more than a day") }
            // Where texts were recorded, in is counted from them, and the source's own count stands beside it.
            let input = max(call.input.value, call.other["recorded_in"]?.integerValue ?? 0)
            if let cached = call.recorded.cached, cached.value > input {
                let text = Counted.text(cached.value, "token")
                let verb = cached.value == 1 ? "is" : "are"
                report(call, "\(text) of it \(verb) said to be cached, but in is \(input)")
            }
            if let first = call.recorded.timeToFirstToken, let whole = call.recorded.duration, first > whole {
                report(call, "its first token came after its end")
            }
            guard let start = call.recorded.start else { continue }
            if let end = call.after.compactMap({ ends[$0] }).max(), start + .seconds(1) < end {
                report(call, "it was sent \(Int((end - start).seconds)) s before what it comes after had ended")
            }
            ends[call.identifier] = start + (call.recorded.duration ?? .zero)
        }
        return findings
    }
}
