import Profiles

/// Amazon's shared credentials file: an INI file with a section for each profile.
struct SharedCredentialsFile {
    /// The file.
    let path: String
    /// The section.
    let profile: String
    /// True if somebody named the file or the profile, so that it must be there.
    private let isDemanded: Bool

    /// Where the keys are to be looked for.
    ///
    /// - Returns: nil where no file is named and there is no home folder.
    init?(_ settings: AmazonAuthentication, _ store: SecretStore) {
        let named = settings.credentialsFile ?? store.variable("AWS_SHARED_CREDENTIALS_FILE")
        guard let path = named ?? store.variable("HOME").map({ $0 + "/.aws/credentials" }) else { return nil }
        self.path = store.expanded(path)
        let profile = settings.profile ?? store.variable("AWS_PROFILE")
        self.profile = profile ?? "default"
        isDemanded = named != nil || profile != nil || settings.source == .sharedFile
    }

    /// How the keys' place is called in messages.
    var place: String { "profile '\(profile)' of the file \(path)" }

    /// The keys of the profile.
    ///
    /// - Returns: nil if there are none, and nobody said that there are.
    /// - Throws: ``CredentialError`` if the file may be read by others, or if keys that should be there are not.
    func keys(_ store: SecretStore) throws(CredentialError) -> AmazonKeys? {
        let bytes: [UInt8]
        do throws(CredentialError) {
            bytes = try store.privateFile(path)
        } catch {
            if case .unreadableFile = error, !isDemanded { return nil }
            throw error
        }
        let section = Self.sections(String(decoding: bytes, as: UTF8.self))[profile] ?? [:]
        switch (section["aws_access_key_id"], section["aws_secret_access_key"]) {
        case (let identifier?, let secret?):
            // What tools that log in for a while write beside the keys.
            let expiry = section["x_security_token_expires"].flatMap { WallClock.seconds($0) }
            return try AmazonKeys(
                identifier: identifier, secret: secret, sessionToken: section["aws_session_token"], expiry: expiry,
                from: place)
        case (nil, nil):
            if isDemanded { throw .nowhere(place) }
            return nil
        case (nil, _): throw .unusable("\(place) (aws_access_key_id is missing)")
        case (_, nil): throw .unusable("\(place) (aws_secret_access_key is missing)")
        }
    }

    /// The sections by their names; keys are in lower case, and of one that stands there twice the later counts.
    private static func sections(_ text: String) -> [String: [String: String]] {
        var sections: [String: [String: String]] = [:]
        var name = ""
        for line in text.split(whereSeparator: \.isNewline) {
            let line = line.trimmed
            if line.hasPrefix("["), line.hasSuffix("]") {
                name = String(line.dropFirst().dropLast().trimmed)
            } else if !line.hasPrefix("#"), !line.hasPrefix(";"), let equals = line.firstIndex(of: "=") {
                sections[name, default: [:]][line[..<equals].trimmed.lowercased()] = String(
                    line[line.index(after: equals)...].trimmed)
            }
        }
        return sections
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        var rest = self
        while let first = rest.first, first.isWhitespace { rest = rest.dropFirst() }
        while let last = rest.last, last.isWhitespace { rest = rest.dropLast() }
        return rest
    }
}
