import Encodings

/// Reads what servers that hand out tokens answer.
enum TokenAnswer {
    /// The token of an answer of OAuth 2 (RFC 6749 §5).
    ///
    /// - Parameters:
    ///   - status: the HTTP status.
    ///   - body: the body.
    ///   - source: how the credential is called in messages.
    ///   - now: seconds since 1970.
    /// - Returns: the token.
    /// - Throws: ``CredentialError`` that tells wrong, expired, withdrawn and out of reach apart.
    static func read(
        status: Int, body: [UInt8], source: String, at now: Int
    ) throws(CredentialError) -> AccessToken {
        let value =
            (try? JSONValue(parsing: body, limits: JSONLimits(maximumBytes: 1 << 20, maximumDepth: 16))) ?? .null
        guard status == 200 else { throw refusal(status: status, value, source: source) }
        guard let token = value["access_token"]?.stringValue, !token.isEmpty,
            token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw .unavailable("\(source): the answer holds no token") }
        let seconds = value["expires_in"]?.integerValue ?? value["expires_in"]?.stringValue.flatMap { Int($0) } ?? 3600
        return AccessToken(value: token, issued: now, expiry: now + max(1, min(seconds, 1_000_000)))
    }

    /// Entra names its errors by numbers: 7000215 is a wrong secret, 7000222 one that has expired, 700016 an unknown client,
    /// 90002 an unknown tenant.
    private static func refusal(status: Int, _ value: JSONValue, source: String) -> CredentialError {
        let code = value["error"]?.stringValue ?? value["error"]?["status"]?.stringValue ?? "HTTP \(status)"
        let numbers = value["error_codes"]?.arrayValue?.compactMap(\.integerValue) ?? []
        let description = value["error_description"]?.stringValue ?? ""
        func has(_ number: Int) -> Bool { numbers.contains(number) || description.contains("AADSTS\(number)") }
        let shown = numbers.isEmpty ? code : "\(code), AADSTS\(numbers[0])"
        if has(7_000_222) { return .expired("\(source) (\(shown))") }
        switch code {
        case "invalid_client", "unauthorized_client", "invalid_request", "invalid_scope":
            return .wrong("\(source) (\(shown))")
        case "invalid_grant":
            let isWrong =
                description.lowercased().contains("signature") || description.lowercased().contains("account not found")
            return isWrong
                ? .wrong("\(source) (\(shown))") : .revoked("\(source) (\(shown)); is this machine's clock right?")
        default:
            return (400..<500).contains(status) && status != 429
                ? .wrong("\(source) (\(shown))") : .unavailable("\(source) (\(shown))")
        }
    }
}
