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

    /// How the place is called in messages.
    public var name: String {
        switch self {
        case .literal: "of the provider document"
        case .environment(let name): "in the environment variable \(name)"
        }
    }
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
    /// The profile in the shared file, whose keys are then taken rather than those of the environment; nil takes
    /// `AWS_PROFILE`, or `default`.
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
    private static let googleScope = "https://www.googleapis.com/auth/cloud-platform"

    private static let googleMetadataURL =
        "http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token"

    init(_ reader: MappingReader?) {
        guard var reader else {
            self = .none
            return
        }
        let before = reader.diagnosis.problems.count
        let kind = reader.requiredChoice("kind", Kind.self, default: .none)
        // Which keys are allowed depends on the kind; without one there is nothing more to say.
        guard reader.diagnosis.problems.count == before else {
            self = .none
            return
        }
        switch kind {
        case .none: self = .none
        case .bearer: self = Self.secret(&reader).map { .bearer($0) } ?? .none
        case .header: self = Self.header(&reader)
        case .signatureV4: self = Self.amazon(&reader)
        case .entra: self = Self.entra(&reader)
        case .googleServiceAccount:
            self = .googleServiceAccount(
                GoogleAuthentication(
                    key: Self.optionalSecret(&reader) ?? .environment("GOOGLE_APPLICATION_CREDENTIALS"),
                    scope: reader.optionalString("scope") ?? Self.googleScope, tokenURL: Self.tokenURL(&reader)))
        case .googleMetadata:
            let url = reader.optionalString("url") ?? Self.googleMetadataURL
            if !url.hasPrefix("http://"), !url.hasPrefix("https://") {
                reader.report("url", "must begin with http:// or https://")
            }
            self = .googleMetadata(url: url)
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
        // The characters of a token (RFC 9110 §5.6.2) that names of headers have in practice.
        guard !name.isEmpty, name.utf8.count <= 100,
            name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
        else {
            reader.report("header", "must be the name of a header: letters, digits, '-' and '_'")
            return .none
        }
        return .header(name: name, reference)
    }

    private static func amazon(_ reader: inout MappingReader) -> Authentication {
        let settings = AmazonAuthentication(
            service: reader.optionalString("service") ?? "bedrock",
            source: reader.choice("source", AmazonAuthentication.Source.self, default: .automatic),
            profile: reader.optionalString("profile"), credentialsFile: reader.optionalString("credentials_file"))
        if settings.source != .automatic, settings.source != .sharedFile {
            for key in ["profile", "credentials_file"] where reader.keys.contains(key) {
                reader.report(key, "belongs to the source shared-file, not to \(settings.source.rawValue)")
            }
        }
        return .signatureV4(settings)
    }

    /// Where tokens are had: a URL that the secret may be sent to.
    private static func tokenURL(_ reader: inout MappingReader) -> String? {
        guard let url = reader.optionalString("token_url") else { return nil }
        if !SecretURL.isSafe(url) {
            reader.report("token_url", "must begin with https://, or with http:// and the address of this machine")
        }
        return url
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
        let url = tokenURL(&reader) ?? "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token"
        guard let secret = secret(&reader) else { return .none }
        return .entra(
            EntraAuthentication(tenant: tenant, client: client, secret: secret, scope: scope, tokenURL: url))
    }
}
