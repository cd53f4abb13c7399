import Foundation
import Testing

/// Where the project is checked out.
enum Repository {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
}

/// Public traces that lie beside the project, at developers only.
enum SharedTraces {
    /// `SUBMETER_SHARED_DATA` names the folder where the project is checked out elsewhere.
    static let root =
        (ProcessInfo.processInfo.environment["SUBMETER_SHARED_DATA"].map { URL(filePath: $0) }
        ?? Repository.root.deletingLastPathComponent().appending(path: "shared/data")).appending(path: "traces")
    static var exist: Bool { FileManager.default.fileExists(atPath: root.path) }
    static let skipReason: Comment = "needs ../shared/data, which only developers have"

    static func bytes(_ path: String) throws -> [UInt8] { Array(try Data(contentsOf: root.appending(path: path))) }
}
