import Encodings
import Foundation
import Testing

@testable import Profiles

/// `Documentation/plans.md` must have every key that the reader knows, and no other.
///
/// The reader itself is asked: to a key that it does not know it answers with those that it does.
@Suite struct PlanDocumentationTests {
    /// A key that no section has.
    private static let unknown = "zzzzzzzzzzzz"

    private static func problems(_ text: String) -> [Problem] {
        do throws(Problems) {
            _ = try Document(Array(text.utf8), file: "x")
            return []
        } catch {
            return error.list
        }
    }

    /// The names that a message lists in its brackets.
    private static func allowed(_ message: String?) -> [String] {
        guard let message, let start = message.range(of: "(allowed: ") else { return [] }
        return message[start.upperBound...].prefix { $0 != ")" }.components(separatedBy: ", ")
    }

    /// The keys of the mapping at a path, as the reader tells them; none if there is no mapping.
    private static func keys(_ kind: String, _ text: String, at path: String) -> [String] {
        let problem = problems("submeter: \(kind)\nversion: 1\n\(text)\n").first { $0.path == path }
        return problem?.message.hasPrefix("is not a known key") == true ? allowed(problem?.message) : []
    }

    /// All keys with the paths of their sections, such as `timeouts.idle`; keys of lists are those of their elements.
    private static func planKeys() -> [String] {
        let top = keys("plan", "\(unknown): 1", at: unknown).filter { $0 != "submeter" && $0 != "version" }
        var found = top
        for key in top where key != "load" {
            found += keys("plan", "\(key): {\(unknown): 1}", at: "\(key).\(unknown)").map { "\(key).\($0)" }
            found += keys("plan", "\(key): [{\(unknown): 1}]", at: "\(key)[0].\(unknown)").map { "\(key).\($0)" }
        }
        let kinds = allowed(
            problems("submeter: plan\nversion: 1\nload: {}\n").first { $0.path == "load.kind" }?.message)
        for kind in kinds {
            for more in ["", ", arrivals: gamma"] {
                let load = "load: {kind: \(kind)\(more), \(unknown): 1}"
                found += keys("plan", load, at: "load.\(unknown)").map { "load.\($0)" }
            }
            let steps = "load: {kind: \(kind), steps: [{\(unknown): 1}]}"
            found += keys("plan", steps, at: "load.steps[0].\(unknown)").map { "load.steps.\($0)" }
        }
        return Set(found).sorted()
    }

    private static func documentedKeys(_ heading: String) throws -> [String] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "Documentation/plans.md"), encoding: .utf8)
        let start = try #require(text.range(of: "\n## \(heading)\n"), "no section '\(heading)'")
        let end = text[start.upperBound...].range(of: "\n## ")?.lowerBound ?? text.endIndex
        let rows = text[start.upperBound..<end].split(separator: "\n").filter { $0.hasPrefix("| `") }
        return Set(
            rows.flatMap { row in
                (row.split(separator: "|").first ?? "").split(separator: "`").map(String.init)
                    .filter { $0.contains(where: \.isLetter) }
            }
        ).sorted()
    }

    @Test func `the reader tells its keys`() {
        let keys = Self.planKeys()
        for key in [
            "name", "endpoints.provider", "load.steps.for", "load.shape", "stop.duration", "objectives.turn_time",
            "salts.run",
        ] {
            #expect(keys.contains(key), "\(keys)")
        }
    }

    @Test func `every key of a plan is documented, and no other`() throws {
        #expect(try Self.documentedKeys("Keys") == Self.planKeys())
    }

    @Test func `every key of a workload document is documented, and no other`() throws {
        let keys = Self.keys("workload", "\(Self.unknown): 1", at: Self.unknown)
        #expect(keys.count > 3)
        #expect(try Self.documentedKeys("The workload document") == keys.filter { $0 != "submeter" && $0 != "version" })
    }
}
