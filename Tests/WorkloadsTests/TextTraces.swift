import Encodings
import Foundation
import Quantities
import Statistics
import Testing

@testable import Workloads

/// Reads public traces that lie beside the project, and compares what a library replays with what was recorded.
enum TextTraces {
    /// The content of a file, unpacked if it is compressed.
    static func bytes(_ path: String) throws -> [UInt8] {
        guard path.hasSuffix(".gz") else { return try SharedData.bytes("traces/" + path) }
        let process = Process()
        process.executableURL = URL(filePath: "/bin/gzip")
        process.arguments = ["-dc", SharedData.root.appending(path: "traces/" + path).path]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Array(data)
    }

    /// Imports texts, one a file.
    static func library(_ type: any TraceImporter.Type, _ files: String...) throws -> SessionLibrary {
        let named = files.enumerated().map { (name: "file\($0.offset)", bytes: Array($0.element.utf8)) }
        return try TraceImport.library(type, named, ImportOptions(licence: "none"))
    }

    /// What is wrong with a library so that it must not be replayed, or what writing and reading changes.
    static func faults(_ library: SessionLibrary) throws -> [String] {
        var faults = SessionLint.findings(library).filter { $0.severity == .error }.map(\.description)
        if try SessionFile.read(SessionFile.write(library)) != library { faults.append("writing changes it") }
        for session in library.sessions {
            let transcript = transcript(session, library)
            for index in session.calls.indices { faults += pairing(conversation(transcript, index)) }
        }
        return faults
    }

    static func transcript(_ session: Session, _ library: SessionLibrary) -> Transcript {
        Transcript(
            session: session, library: library, seed: Seed(1), librarySeed: Seed(2), tokenizer: ApproximateTokenizer())
    }

    /// All messages that a call is sent with, its system prompt first.
    static func conversation(_ transcript: Transcript, _ call: Int) -> [ConversationItem] {
        let prefix = transcript.prefix(agent: transcript.session.calls[call].agent, runSalt: "")
        let salts = Salts(run: "", tenant: "", session: "")
        return (prefix.system.isEmpty ? [] : [.system(prefix.system)])
            + (transcript.graph.entries[call].kept + [call]).flatMap {
                transcript.items($0, salts: salts, tools: prefix.tools)
            }
    }

    /// The same with what was recorded only: identifiers of tool calls are made anew.
    static func texts(_ items: [ConversationItem]) -> [String] {
        items.map { item in
            guard case .assistant(let message) = item else {
                return "\(item.role.rawValue): \(MessageSession.text(item))"
            }
            return "assistant: (\(message.reasoning ?? "")) \(MessageSession.text(item))"
        }
    }

    /// The texts that a call of a library's session is sent with.
    static func texts(_ library: SessionLibrary, session: Int = 0, call: Int) -> [String] {
        texts(conversation(transcript(library.sessions[session], library), call))
    }

    /// Results that answer no call, and calls without a result.
    private static func pairing(_ items: [ConversationItem]) -> [String] {
        var open: [String] = []
        for item in items {
            switch item {
            case .assistant(let message):
                if !open.isEmpty { return ["a tool call has no result"] }
                open = message.toolCalls.map(\.identifier)
            case .toolResult(let result):
                guard open.first == result.callIdentifier else { return ["a result answers no call"] }
                open.removeFirst()
            case .system, .user:
                if !open.isEmpty { return ["a tool call has no result"] }
            }
        }
        return open.isEmpty ? [] : ["a tool call has no result"]
    }
}
