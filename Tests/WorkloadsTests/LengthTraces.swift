import Encodings
import Quantities
import Testing

@testable import Workloads

/// Imports small traces of lengths and puts into words what became of them.
enum LengthTraces {
    static func library(_ type: any TraceImporter.Type, _ lines: [String]) throws -> SessionLibrary {
        try TextTraces.library(type, lines.joined(separator: "\n"))
    }

    /// Each session as its name, its start, and its calls, each as the wait, its kind, the context, the sizes
    /// `kept + carry + added = in > out` and the recorded times.
    static func words(_ library: SessionLibrary) -> [String] {
        library.sessions.map { session in
            let graph = ContextGraph(session)
            let calls = session.calls.enumerated().map { index, call in
                let added = call.added.map { ($0.name.map { "\($0) " } ?? "") + "\($0.role) \($0.tokens.value)" }
                let kept = graph.entries[index].keptTokens + graph.entries[index].remainder
                return "\(seconds(call.wait)) \(call.waitKind) \(context(call.context)) "
                    + "\(kept.value)+\(call.carry.value)+[\(added.joined(separator: ", "))]=\(call.input.value)"
                    + ">\(call.output.value)"
            }
            let start = session.start.map { "\(seconds($0))" } ?? "-"
            return "\(session.identifier) @\(start): " + calls.joined(separator: " | ")
        }
    }

    private static func seconds(_ duration: Duration) -> Double { Double(duration.nanoseconds) / 1e9 }

    private static func context(_ context: Call.Context) -> String {
        switch context {
        case .continuing: "on"
        case .new: "new"
        case .fork(let other): "fork \(other)"
        case .keep(let tokens): "keep \(tokens.value)"
        }
    }

    /// The texts that a call is sent with.
    static func texts(_ library: SessionLibrary, _ session: Int, _ call: Int) -> [String] {
        TextTraces.texts(library, session: session, call: call)
    }

    /// The message of the error that an import ends with.
    static func refusal(_ type: any TraceImporter.Type, _ lines: [String]) -> String? {
        do {
            _ = try library(type, lines)
            return nil
        } catch {
            return "\(error)"
        }
    }
}
