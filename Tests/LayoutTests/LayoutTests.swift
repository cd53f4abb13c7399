import Foundation
import Testing

/// The rules of the source tree that no compiler checks.
@Suite struct LayoutTests {
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    private static func files(_ folder: String) -> [(name: String, text: String)] {
        let base = root.appending(path: folder)
        let names = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
        return names.filter { $0.hasSuffix(".swift") }.sorted().map { name in
            ("\(folder)/\(name)", (try? String(contentsOf: base.appending(path: name), encoding: .utf8)) ?? "")
        }
    }

    /// The arrows as `Package.swift` draws them.
    private static let arrows: [String: [String]] = {
        let manifest = (try? String(contentsOf: root.appending(path: "Package.swift"), encoding: .utf8)) ?? ""
        var table: [String: [String]] = ["submeter": ["Commands"]]
        for line in manifest.split(separator: "\n") {
            let words = line.split(separator: "\"", omittingEmptySubsequences: false)
            guard line.hasPrefix("    (\""), words.count >= 3 else { continue }
            table[String(words[1])] = stride(from: 3, to: words.count, by: 2).map { String(words[$0]) }
        }
        return table
    }()

    private static func reachable(from target: String) -> Set<String> {
        var found: Set<String> = []
        var open = arrows[target] ?? []
        while let next = open.popLast() {
            guard found.insert(next).inserted else { continue }
            // Only the target that draws an arrow to a C library may use it.
            open += (arrows[next] ?? []).filter { arrows[$0] != nil }
        }
        return found
    }

    @Test func `the table of arrows was found`() {
        #expect(Self.arrows.count > 10)
        #expect(Self.arrows["Transport"] == ["Quantities", "CNetwork"])
    }

    private static func imports(_ text: String) -> [String] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ").filter { $0 != "public" && $0 != "@testable" }
            return words.first == "import" && words.count == 2 ? String(words[1]) : nil
        }
    }

    @Test func `imports follow the arrows`() {
        let outside: Set<String> = ["Glibc", "Dispatch", "Synchronization", "FoundationEssentials"]
        for file in Self.files("Sources") {
            let target = String(file.name.split(separator: "/")[1])
            let allowed = Self.reachable(from: target).union(outside)
            for name in Self.imports(file.text) {
                #expect(allowed.contains(name), "\(file.name) imports \(name) against the arrows")
            }
        }
    }

    /// An import against the arrows builds if another target happens to be built first, and fails in a new clone.
    @Test func `tests import their target, what it reaches, and fixtures where they may`() {
        let outside: Set<String> = ["Glibc", "Dispatch", "Synchronization", "Foundation", "Testing"]
        for target in Self.arrows.keys {
            var allowed = Self.reachable(from: target).union(outside).union([target])
            if allowed.contains("Analysis") { allowed.insert("Fixtures") }
            for file in Self.files("Tests/\(target)Tests") {
                for name in Self.imports(file.text) {
                    #expect(allowed.contains(name), "\(file.name) imports \(name) against the arrows")
                }
            }
        }
    }

    @Test func `the judging half does not import the measuring half`() {
        let measuring: Set<String> = ["Planning", "Scheduling", "Driving", "Dialects", "Credentials", "Transport"]
        for target in ["Records", "Analysis", "Ranking", "Reporting"] {
            #expect(Self.reachable(from: target).isDisjoint(with: measuring), "\(target) reaches the measuring half")
        }
    }

    @Test func `files have at most 500 lines and functions at most 70`() {
        for file in Self.files("Sources") + Self.files("Tests") {
            let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false)
            #expect(lines.count <= 501, "\(file.name) has \(lines.count) lines; split it by subject")
            for (start, line) in lines.enumerated() where line.contains("func ") || line.contains(" init(") {
                let indent = line.prefix { $0 == " " }
                guard line.hasSuffix("{"),
                    let end = lines[start...].firstIndex(where: { $0 == indent + "}" })
                else { continue }
                #expect(
                    end - start <= 71, "\(file.name):\(start + 1) is \(end - start) lines long; at most 70 are allowed")
            }
        }
    }

    @Test func `sources hold no open ends and no force`() {
        let banned = ["TO" + "DO", "FIX" + "ME", "try" + "!", "fatal" + "Error("]
        for file in Self.files("Sources") {
            for word in banned { #expect(!file.text.contains(word), "\(file.name) contains \(word)") }
        }
        let unchecked = Self.files("Sources").filter {
            $0.text.contains("@unchecked" + " Sendable") || $0.text.contains("nonisolated" + "(unsafe)")
        }
        #expect(unchecked.count <= 2, "\(unchecked.map(\.name))")
    }

    @Test func `every target has tests that assert something`() {
        for target in Self.arrows.keys where target != "submeter" {
            let tests = Self.files("Tests/\(target)Tests")
            #expect(tests.contains { $0.text.contains("#expect") }, "\(target) has no tests")
        }
    }
}
