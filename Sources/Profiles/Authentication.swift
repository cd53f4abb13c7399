import Encodings

/// Where a secret is kept; never the secret itself.
public enum SecretReference: Hashable, Sendable {
    /// An environment variable.
    case environment(String)
    /// A file; of a secret of one line the first line counts.
    case file(String)

    /// How the place is called in messages.
    public var name: String {
        switch self {
        case .environment(let name): "the environment variable \(name)"
        case .file(let path): "the file \(path)"
        }
    }
}

/// A value that stands in the document, or in an environment variable that the document names.
public enum SettingReference: Hashable, Sendable {
    /// The value.
    case literal(String)
    /// The variable that holds it.
    case environment(String)
}

/// How requests prove who sends them.
public enum Authentication: Hashable, Sendable {
    /// Not at all.
    case none
    /// `Authorization: Bearer …`.
    case bearer(SecretReference)
    /// A header of its own.
    case header(name: String, SecretReference)
    /// Amazon's signature, version 4.
    case signatureV4(AmazonAuthentication)
    /// A token of Microsoft Entra for the credentials of a client.
    case entra(EntraAuthentication)
    /// A token of Google for a service account.
    case googleServiceAccount(GoogleAuthentication)
    /// A token of Google's metadata server, on machines of Google.
    case googleMetadata(url: String)
}

/// Where Amazon's keys come from.
public struct AmazonAuthentication: Hashable, Sendable {
    /// A source of keys.
    public enum Source: String, CaseIterable, Hashable, Sendable {
        /// The first that has any, in the order of Amazon's own clients: environment, shared file, container, instance.
        case automatic
        /// `AWS_ACCESS_KEY_ID` and its kin.
        case environment
        /// The shared credentials file.
        case sharedFile = "shared-file"
        /// The metadata server of a container.
        case container
        /// The metadata server of an instance (IMDSv2).
        case instance
    }

    /// The name that signatures are made for.
    public var service: String
    /// Where keys come from.
    public var source: Source
    /// The profile in the shared file; nil takes `AWS_PROFILE`, or `default`.
    public var profile: String?
    /// The shared file; nil takes `AWS_SHARED_CREDENTIALS_FILE`, or `~/.aws/credentials`.
    public var credentialsFile: String?
}

/// A client of Microsoft Entra.
public struct EntraAuthentication: Hashable, Sendable {
    /// The directory.
    public var tenant: SettingReference
    /// The client.
    public var client: SettingReference
    /// The client's secret.
    public var secret: SecretReference
    /// What the token is for.
    public var scope: String
    /// Where tokens are had; `{tenant}` is put in.
    public var tokenURL: String
}

/// A service account of Google.
public struct GoogleAuthentication: Hashable, Sendable {
    /// The account's JSON key: a file, or a variable that names one.
    public var key: SecretReference
    /// What the token is for.
    public var scope: String
    /// Where tokens are had; nil takes what the key says.
    public var tokenURL: String?

    /// Makes a reference to an account.
    public init(key: SecretReference, scope: String, tokenURL: String?) {
        self.key = key
        self.scope = scope
        self.tokenURL = tokenURL
    }
}

extension Authentication {
    private enum Kind: String, CaseIterable {
        case none, bearer, header, entra
        case signatureV4 = "aws-sigv4"
        case googleServiceAccount = "google-service-account"
        case googleMetadata = "google-metadata"
    }

    /// The scope of Google's cloud services.
    static let googleScope = "https://www.googleapis.com/auth/cloud-platform"

    init(_ reader: MappingReader?) {
        guard var reader else {
            self = .none
            return
        }
        switch reader.requiredChoice("kind", Kind.self, default: .none) {
        case .none: self = .none
        case .bearer: self = Self.secret(&reader).map { .bearer($0) } ?? .none
        case .header: self = Self.header(&reader)
        case .signatureV4:
            self = .signatureV4(
                AmazonAuthentication(
                    service: reader.optionalString("service") ?? "bedrock",
                    source: reader.choice("source", AmazonAuthentication.Source.self, default: .automatic),
                    profile: reader.optionalString("profile"),
                    credentialsFile: reader.optionalString("credentials_file")))
        case .entra: self = Self.entra(&reader)
        case .googleServiceAccount:
            let reference = Self.optionalSecret(&reader) ?? .environment("GOOGLE_APPLICATION_CREDENTIALS")
            self = .googleServiceAccount(
                GoogleAuthentication(
                    key: reference, scope: reader.optionalString("scope") ?? Self.googleScope,
                    tokenURL: reader.optionalString("token_url")))
        case .googleMetadata:
            let url =
                "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token"
            self = .googleMetadata(url: reader.optionalString("url") ?? url)
        }
        reader.finish()
    }

    private static func optionalSecret(_ reader: inout MappingReader) -> SecretReference? {
        let environment = reader.optionalString("environment").map { SecretReference.environment($0) }
        let file = reader.optionalString("file").map { SecretReference.file($0) }
        if environment != nil, file != nil {
            reader.report("kind", "takes one of 'environment' and 'file', not both")
        }
        return environment ?? file
    }

    private static func secret(_ reader: inout MappingReader) -> SecretReference? {
        let reference = optionalSecret(&reader)
        if reference == nil {
            reader.report("kind", "needs exactly one of 'environment' and 'file', which name where the secret is kept")
        }
        return reference
    }

    private static func header(_ reader: inout MappingReader) -> Authentication {
        let name = reader.optionalString("header")
        guard let reference = secret(&reader) else { return .none }
        guard let name else {
            reader.report("header", "is missing: the name of the header that carries the secret")
            return .none
        }
        return .header(name: name, reference)
    }

    private static func setting(_ key: String, _ reader: inout MappingReader) -> SettingReference {
        let literal = reader.optionalString(key)
        let variable = reader.optionalString("\(key)_environment")
        if (literal == nil) == (variable == nil) {
            reader.report(key, "exactly one of '\(key)' and '\(key)_environment' must be given")
        }
        return literal.map { .literal($0) } ?? .environment(variable ?? "")
    }

    private static func entra(_ reader: inout MappingReader) -> Authentication {
        let tenant = setting("tenant", &reader)
        let client = setting("client", &reader)
        let scope = reader.optionalString("scope") ?? "https://ai.azure.com/.default"
        let url = reader.optionalString("token_url") ?? "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
        guard let secret = secret(&reader) else { return .none }
        return .entra(
            EntraAuthentication(tenant: tenant, client: client, secret: secret, scope: scope, tokenURL: url))
    }
}
