import Foundation
import Profiles
import Testing

@testable import Credentials

@Suite struct CredentialsTests {
    @Test func `secrets come from the environment and from private files only`() throws {
        let store = SecretStore(environment: ["KEY": "sk-1", "EMPTY": "", "BAD": "a b"])
        #expect(try store.header(for: .none) == nil)
        #expect(try store.header(for: .bearer(.environment("KEY")))?.value == "Bearer sk-1")
        #expect(try store.header(for: .header(name: "api-key", .environment("KEY")))?.name == "api-key")
        #expect(throws: CredentialError.missingVariable("EMPTY")) {
            try store.header(for: .bearer(.environment("EMPTY")))
        }
        #expect(throws: CredentialError.unusable("BAD")) { try store.header(for: .bearer(.environment("BAD"))) }
        let path = FileManager.default.temporaryDirectory.appending(path: "secret-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        #expect(throws: CredentialError.unreadableFile(path)) { try store.header(for: .bearer(.file(path))) }
        _ = FileManager.default.createFile(
            atPath: path, contents: Data("sk-2\nrest".utf8), attributes: [.posixPermissions: 0o644])
        #expect(throws: CredentialError.openFile(path)) { try store.header(for: .bearer(.file(path))) }
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        #expect(try store.header(for: .bearer(.file(path)))?.value == "Bearer sk-2")
        for error in [CredentialError.missingVariable("X"), .openFile("/x"), .unusable("Y")] {
            #expect(!error.description.contains("sk-"))
        }
    }
}
