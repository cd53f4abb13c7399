import Profiles

/// Finds Amazon's keys in the order of Amazon's own clients: environment, shared file, container, instance.
///
/// A document that names a profile or a file means them: the environment's keys are then passed over. Keys of containers and
/// instances live for a while and are asked for again ahead of their end.
struct AmazonCredentialChain: Sendable {
    private(set) var keys: AmazonKeys?
    /// How the keys' place is called in messages.
    let place: String
    private var remote: AmazonMetadata?
    /// When the keys came, in seconds since 1970.
    private var issued = 0

    init(_ settings: AmazonAuthentication, store: SecretStore) throws(CredentialError) {
        switch settings.source {
        case .environment:
            keys = try Self.environment(store)
            guard keys != nil else { throw .missingVariable("AWS_ACCESS_KEY_ID") }
            place = Self.environmentPlace
        case .sharedFile:
            let file = SharedCredentialsFile(settings, store)
            keys = try file?.keys(store)
            guard keys != nil else { throw .missingVariable("HOME") }
            place = file?.place ?? ""
        case .container:
            guard let metadata = try Self.container(store) else {
                throw .missingVariable("AWS_CONTAINER_CREDENTIALS_FULL_URI")
            }
            (remote, place) = (metadata, metadata.place)
        case .instance:
            let metadata = Self.instance(store, after: nil)
            (remote, place) = (metadata, metadata.place)
        case .automatic: (keys, remote, place) = try Self.first(settings, store)
        }
    }

    private typealias Found = (keys: AmazonKeys?, remote: AmazonMetadata?, place: String)

    /// The first source that has keys, or may have them.
    private static func first(_ settings: AmazonAuthentication, _ store: SecretStore) throws(CredentialError) -> Found {
        let isFileMeant = settings.profile != nil || settings.credentialsFile != nil
        if !isFileMeant, let keys = try environment(store) { return (keys, nil, environmentPlace) }
        let file = SharedCredentialsFile(settings, store)
        if let file, let keys = try file.keys(store) { return (keys, nil, file.place) }
        if let container = try container(store) { return (nil, container, container.place) }
        let searched = "\(environmentPlace), \(file?.place ?? "no shared file (HOME is not set)"), no container"
        guard store.variable("AWS_EC2_METADATA_DISABLED")?.lowercased() != "true" else {
            throw .nowhere("\(searched), and the instance's server is disabled (AWS_EC2_METADATA_DISABLED)")
        }
        let instance = instance(store, after: searched)
        return (nil, instance, instance.place)
    }

    /// When keys are asked for again, in seconds since 1970; nil for keys that are not fetched or do not end.
    var renewalDue: Int? {
        guard remote != nil else { return nil }
        guard let keys else { return 0 }
        return keys.expiry.map { Renewal.due(issued: issued, expiry: $0) }
    }

    mutating func nextExchange(at now: Int) -> CredentialExchange? {
        guard let metadata = remote, metadata.isUnderWay || (renewalDue.map { now >= $0 } ?? false) else { return nil }
        return remote?.exchange()
    }

    mutating func take(status: Int, body: [UInt8], at now: Int) throws(CredentialError) {
        guard let found = try remote?.take(status: status, body: body, at: now) else { return }
        (keys, issued) = (found, now)
    }

    mutating func fail(_ message: String) -> CredentialError {
        remote?.fail(message) ?? .unavailable("\(place): \(message)")
    }

    // MARK: Sources

    private static let environmentPlace = "the environment variable AWS_ACCESS_KEY_ID"

    private static func environment(_ store: SecretStore) throws(CredentialError) -> AmazonKeys? {
        guard let identifier = store.variable("AWS_ACCESS_KEY_ID") else { return nil }
        let end = "AWS_CREDENTIAL_EXPIRATION"
        let expiry = store.variable(end).flatMap { WallClock.seconds($0) }
        if store.variable(end) != nil, expiry == nil { throw .unusable("the environment variable \(end)") }
        return try AmazonKeys(
            identifier: identifier, secret: try store.requiredVariable("AWS_SECRET_ACCESS_KEY"),
            sessionToken: store.variable("AWS_SESSION_TOKEN"), expiry: expiry,
            from: "AWS_ACCESS_KEY_ID and its kin in the environment")
    }

    /// The hosts of containers' metadata servers, to which the token may go without TLS, as Amazon's clients have it.
    private static let containerHosts: Set<String> = ["169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"]

    /// The container's server; the token's file is read here, once.
    private static func container(_ store: SecretStore) throws(CredentialError) -> AmazonMetadata? {
        let (relative, full) = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
        guard let url = store.variable(relative).map({ "http://169.254.170.2" + $0 }) ?? store.variable(full) else {
            return nil
        }
        guard SecretURL.isSafe(url, orTo: containerHosts) else {
            throw .unsafeURL("the environment variable \(store.variable(relative) == nil ? full : relative)")
        }
        var token = try store.headerVariable("AWS_CONTAINER_AUTHORIZATION_TOKEN")
        if let path = store.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            token = try store.secret(.file(path))
        }
        return AmazonMetadata(.container(url: url, token: token), after: nil)
    }

    private static func instance(_ store: SecretStore, after searched: String?) -> AmazonMetadata {
        var url = store.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT") ?? "http://169.254.169.254"
        while url.hasSuffix("/") { url.removeLast() }
        return AmazonMetadata(.instance(url: url), after: searched)
    }
}
