import Encodings
import Profiles

/// A server that hands out tokens, how the parts of the credential are called in messages, and what its answers mean.
struct TokenIssuer: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// Microsoft Entra; both texts say where a part is kept.
        case entra(client: String, tenant: String)
        case google
        case googleMetadata
    }

    let kind: Kind
    /// Where the token is had.
    let url: String
    /// Where the secret is kept.
    let secret: String

    /// The token of an answer of OAuth 2 (RFC 6749 §5).
    ///
    /// - Parameters:
    ///   - status: the HTTP status.
    ///   - body: the body.
    ///   - now: seconds since 1970.
    /// - Returns: the token.
    /// - Throws: ``CredentialError`` that tells absent, wrong, expired, withdrawn and out of reach apart.
    func token(status: Int, body: [UInt8], at now: Int) throws(CredentialError) -> AccessToken {
        let value =
            (try? JSONValue(parsing: body, limits: JSONLimits(maximumBytes: 1 << 20, maximumDepth: 16))) ?? .null
        guard status == 200 else { throw refusal(status: status, value) }
        guard let token = value["access_token"]?.stringValue, ByteText.fitsHeader(token) else {
            throw failure("the answer holds no token")
        }
        let life = value["expires_in"]
        // RFC 6749 only recommends to tell the life; an hour is what both servers use.
        let seconds = life?.integerValue ?? life?.stringValue.flatMap { Int($0) } ?? 3600
        guard seconds > 0 else { throw failure("the answer holds a token that has already ended") }
        return AccessToken(value: token, issued: now, expiry: now + min(seconds, 1_000_000))
    }

    /// The exchange did not give an answer that helps.
    func failure(_ message: String) -> CredentialError {
        .unavailable("\(SecretURL.shown(url)), for \(secret): \(message)")
    }

    private func refusal(status: Int, _ value: JSONValue) -> CredentialError {
        guard (400..<500).contains(status), status != 429 else { return failure("HTTP \(status)") }
        let code = value["error"]?.stringValue.flatMap { Self.codes.contains($0) ? $0 : nil }
        let words = value["error_description"]?.stringValue?.lowercased() ?? ""
        switch kind {
        case .entra(let client, let tenant):
            return entra(
                code ?? "HTTP \(status)", Self.entraNumber(value, words), client: client, tenant: tenant)
        case .google: return google(code ?? "HTTP \(status)", words)
        case .googleMetadata where status == 404:
            return .nowhere("\(SecretURL.shown(url)): no service account is attached (HTTP 404)")
        case .googleMetadata: return .wrong("\(secret) refuses (\(code ?? "HTTP \(status)"))")
        }
    }

    /// The codes of RFC 6749 §5.2 and those that both servers add; no other text of an answer gets into a message.
    private static let codes: Set<String> = [
        "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
        "invalid_scope", "invalid_resource", "access_denied", "deleted_client", "disabled_client",
        "admin_policy_enforced", "org_internal", "temporarily_unavailable", "server_error", "interaction_required",
    ]

    // MARK: Entra

    /// The number by which Entra tells its errors apart, from its list or from a description such as `AADSTS7000215: …`.
    private static func entraNumber(_ value: JSONValue, _ words: String) -> Int? {
        if let number = value["error_codes"]?.arrayValue?.first?.integerValue { return number }
        guard let place = words.firstRange(of: "aadsts") else { return nil }
        return Int(words[place.upperBound...].prefix { $0.isASCII && $0.isNumber }.prefix(9))
    }

    /// Numbers of Microsoft's list of AADSTS codes; what is not listed here is told by its number alone.
    private func entra(_ code: String, _ number: Int?, client: String, tenant: String) -> CredentialError {
        let shown = number.map { "\(code), AADSTS\($0)" } ?? code
        switch number {
        case 7_000_222: return .expired("\(secret) (\(shown))")
        case 7_000_216, 7_000_218, 900_144: return .absent("\(secret) (\(shown))")
        case 700_016, 700_038: return .wrong("\(client) is not known to \(tenant) (\(shown))")
        case 90_002, 900_023: return .wrong("\(tenant) does not exist (\(shown))")
        case 7_000_112: return .revoked("\(client) has been disabled (\(shown))")
        case 70_011, 500_011, 1_002_012: return .wrong("the 'scope' of the provider document (\(shown))")
        case 7_000_215: return .wrong("\(secret) (\(shown))")
        default: return .wrong("\(secret), or its client or tenant (\(shown))")
        }
    }

    // MARK: Google

    /// Google has one code for most refusals and tells them apart in words (RFC 7523 §3.1 leaves them free).
    private func google(_ code: String, _ words: String) -> CredentialError {
        func says(_ phrases: String...) -> Bool { phrases.contains { words.contains($0) } }
        if says("timeframe", "short-lived", "check your iat and exp") {
            return .wrongClock("\(secret) (\(code))")
        }
        if code == "deleted_client" || code == "disabled_client"
            || says("account not found", "revoked", "disabled", "deleted", "user not found")
        {
            return .revoked("\(secret) (\(code))")
        }
        if says("signature") { return .wrong("\(secret): not, or no longer, a key of its account (\(code))") }
        if code == "invalid_scope" { return .wrong("the 'scope' of the provider document (\(code))") }
        if code == "invalid_grant" { return .revoked("\(secret) (\(code))") }
        return .wrong("\(secret) (\(code))")
    }
}
