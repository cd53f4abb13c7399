import Encodings
import Profiles

/// Finds Amazon's keys in the order of Amazon's own clients: environment, shared file, container, instance.
///
/// It is a value that is told answers; the requests it asks for are made by others. Keys of containers and instances live for
/// a while and are asked for again ahead of their end.
struct AmazonCredentialChain: Sendable {
    /// Idle → (instance only) asked for a token → asked for the role → asked for the keys → idle.
    private enum Step: Sendable {
        case idle
        case containerKeys
        case instanceToken
        case instanceRole(token: String)
        case instanceKeys(token: String)
    }

    private(set) var keys: AmazonKeys?
    private var step = Step.idle
    private let remote: AmazonAuthentication.Source?
    private let store: SecretStore

    /// The address of the metadata servers, which no network routes.
    private static let instanceHost = "http://169.254.169.254"
    private static let containerHost = "http://169.254.170.2"

    init(_ settings: AmazonAuthentication, store: SecretStore) throws(CredentialError) {
        self.store = store
        let source = settings.source
        if source == .automatic || source == .environment, let found = try Self.environment(store) {
            (keys, remote) = (found, nil)
            return
        }
        if source == .environment { throw .missingVariable("AWS_ACCESS_KEY_ID") }
        if source == .automatic || source == .sharedFile, let found = try Self.sharedFile(settings, store) {
            (keys, remote) = (found, nil)
            return
        }
        let hasContainer = Self.containerURL(store) != nil
        switch source {
        case .container where !hasContainer: throw .missingVariable("AWS_CONTAINER_CREDENTIALS_FULL_URI")
        case .container: remote = .container
        case .instance: remote = .instance
        default:
            guard hasContainer || store.variable("AWS_EC2_METADATA_DISABLED") != "true" else {
                throw .nowhere(
                    "environment (AWS_ACCESS_KEY_ID), shared file, container; the instance's server is disabled")
            }
            remote = hasContainer ? .container : .instance
        }
    }

    /// Keys are renewed when they have five minutes left, as Amazon's clients do it.
    var renewalDue: Int? { remote == nil ? nil : keys?.expiry.map { $0 - 300 } ?? (keys == nil ? 0 : nil) }

    mutating func nextExchange(at now: Int) -> CredentialExchange? {
        guard let remote, keys == nil || (renewalDue.map { now >= $0 } ?? false) || isUnderWay else { return nil }
        switch step {
        case .idle where remote == .container, .containerKeys:
            step = .containerKeys
            let token = store.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN")
            return CredentialExchange(
                "GET", Self.containerURL(store) ?? "", headers: token.map { [("Authorization", $0)] } ?? [])
        case .idle, .instanceToken:
            step = .instanceToken
            return CredentialExchange(
                "PUT", Self.instanceURL(store) + "/latest/api/token",
                headers: [("X-aws-ec2-metadata-token-ttl-seconds", "21600")])
        case .instanceRole(let token):
            return CredentialExchange(
                "GET", Self.instanceURL(store) + "/latest/meta-data/iam/security-credentials/",
                headers: [("X-aws-ec2-metadata-token", token)])
        case .instanceKeys(let token):
            return CredentialExchange(
                "GET", Self.instanceURL(store) + "/latest/meta-data/iam/security-credentials/\(role)",
                headers: [("X-aws-ec2-metadata-token", token)])
        }
    }

    private var role = ""
    private var isUnderWay: Bool { if case .idle = step { false } else { true } }

    mutating func take(status: Int, body: [UInt8], at now: Int) throws(CredentialError) {
        let source = remote == .container ? "the container's metadata server" : "the instance's metadata server"
        guard status == 200 else {
            step = .idle
            if status == 404 { throw .nowhere("\(source): no role is attached (HTTP 404)") }
            throw status == 401 || status == 403
                ? .wrong("\(source) refuses (HTTP \(status))") : .unavailable("\(source) (HTTP \(status))")
        }
        let text = String(decoding: body.prefix(4096), as: UTF8.self)
        switch step {
        case .instanceToken: step = .instanceRole(token: text)
        case .instanceRole(let token):
            role = String(text.prefix { $0 != "\n" })
            step = .instanceKeys(token: token)
        case .idle, .containerKeys, .instanceKeys:
            step = .idle
            keys = try Self.read(body, source: source)
        }
    }

    mutating func fail() { step = .idle }

    private static func read(_ body: [UInt8], source: String) throws(CredentialError) -> AmazonKeys {
        let value = (try? JSONValue(parsing: body, limits: JSONLimits(maximumBytes: 1 << 20, maximumDepth: 8))) ?? .null
        guard let identifier = value["AccessKeyId"]?.stringValue, let secret = value["SecretAccessKey"]?.stringValue
        else {
            throw .unavailable("\(source): the answer holds no keys")
        }
        return AmazonKeys(
            identifier: identifier, secret: secret, sessionToken: value["Token"]?.stringValue,
            expiry: value["Expiration"]?.stringValue.flatMap { WallClock.seconds($0) })
    }

    private static func environment(_ store: SecretStore) throws(CredentialError) -> AmazonKeys? {
        guard let identifier = store.variable("AWS_ACCESS_KEY_ID") else { return nil }
        return AmazonKeys(
            identifier: identifier, secret: try store.requiredVariable("AWS_SECRET_ACCESS_KEY"),
            sessionToken: store.variable("AWS_SESSION_TOKEN"), expiry: nil)
    }

    private static func sharedFile(
        _ settings: AmazonAuthentication, _ store: SecretStore
    ) throws(CredentialError) -> AmazonKeys? {
        let named = settings.credentialsFile ?? store.variable("AWS_SHARED_CREDENTIALS_FILE")
        guard let path = named ?? store.variable("HOME").map({ $0 + "/.aws/credentials" }) else { return nil }
        let bytes: [UInt8]
        do throws(CredentialError) {
            bytes = try store.privateFile(path)
        } catch {
            // A file that nobody named may be missing; one that others may read is an error all the same.
            if case .unreadableFile = error, named == nil, settings.source == .automatic { return nil }
            throw error
        }
        let profile = settings.profile ?? store.variable("AWS_PROFILE") ?? "default"
        let section = sections(String(decoding: bytes, as: UTF8.self))[profile] ?? [:]
        guard let identifier = section["aws_access_key_id"], let secret = section["aws_secret_access_key"] else {
            if settings.source == .automatic, settings.profile == nil { return nil }
            throw .nowhere("profile '\(profile)' of the file \(path)")
        }
        return AmazonKeys(
            identifier: identifier, secret: secret, sessionToken: section["aws_session_token"], expiry: nil)
    }

    /// The sections of an INI file.
    private static func sections(_ text: String) -> [String: [String: String]] {
        var sections: [String: [String: String]] = [:]
        var name = ""
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.trimmed
            if line.hasPrefix("["), line.hasSuffix("]") {
                name = String(line.dropFirst().dropLast()).trimmed.description
            } else if !line.hasPrefix("#"), !line.hasPrefix(";"), let equals = line.firstIndex(of: "=") {
                sections[name, default: [:]][String(line[..<equals].trimmed)] = String(
                    line[line.index(after: equals)...].trimmed)
            }
        }
        return sections
    }

    private static func instanceURL(_ store: SecretStore) -> String {
        store.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT").map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 }
            ?? instanceHost
    }

    private static func containerURL(_ store: SecretStore) -> String? {
        store.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")
            ?? store.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI").map { containerHost + $0 }
    }
}

extension StringProtocol {
    fileprivate var trimmed: SubSequence {
        var rest = self[...]
        while let first = rest.first, first.isWhitespace { rest = rest.dropFirst() }
        while let last = rest.last, last.isWhitespace { rest = rest.dropLast() }
        return rest
    }
}
