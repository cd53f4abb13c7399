import Foundation
import Profiles
import Testing

@testable import Credentials

func authentication(_ yaml: String) throws -> Authentication {
    let text = """
        submeter: provider
        version: 1
        name: p
        delivery_path: hyperscaler
        dialect: openai-chat
        base_url: https://x.example
        models: [{name: m, id: m}]
        authentication: \(yaml)
        """
    guard case .provider(let provider) = try Document(Array(text.utf8), file: "p.yaml") else {
        throw CancellationError()
    }
    return provider.authentication
}

/// A file with a secret, readable by its owner alone unless said otherwise.
final class SecretFile {
    let path = FileManager.default.temporaryDirectory.appending(path: "secret-\(UUID().uuidString)").path

    init(_ text: String, mode: Int = 0o600) throws {
        try Data(text.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

func authorizer(
    _ yaml: String, _ environment: [String: String] = [:], region: String? = "us-east-1"
) throws -> Authorizer {
    try Authorizer(try authentication(yaml), region: region, store: SecretStore(environment: environment))
}

func headers(_ authorizer: Authorizer, at now: Int) throws -> [String: String] {
    let headers = try authorizer.headers(
        method: "POST", url: "https://x.example/v1", contentType: "application/json", body: [[1]], at: now)
    return Dictionary(uniqueKeysWithValues: headers.map { ($0.name, $0.value) })
}

func exchange(_ authorizer: inout Authorizer, at now: Int) throws -> CredentialExchange {
    let exchange = authorizer.nextExchange(at: now)
    return try #require(exchange)
}

func asks(_ authorizer: inout Authorizer, at now: Int) -> Bool { authorizer.nextExchange(at: now) != nil }

/// The answer of a server that hands out tokens.
func answer(_ token: String, lasts seconds: Int) -> [UInt8] {
    Array(#"{"token_type":"Bearer","expires_in":\#(seconds),"access_token":"\#(token)"}"#.utf8)
}

/// Everything that printing a value could show.
func shown(_ value: some Any) -> String {
    var text = "\(value)\n" + String(reflecting: value) + "\n"
    dump(value, to: &text)
    return text
}
