/// Judges signatures that others made: what the embedded fleet does in Amazon's place.
public struct SignatureJudge: Sendable {
    /// Why a request is refused.
    public enum Problem: Hashable, Sendable {
        /// There is no signature, or it is not of this form.
        case missing
        /// The key is not known.
        case unknownKey
        /// The signature was made more than five minutes before or after.
        case wrongTime
        /// The signature is not the one that the key makes of this request.
        case mismatch
    }

    private let signer: SignatureV4

    /// Makes a judge who knows one key.
    ///
    /// - Parameters:
    ///   - identifier: the key's identifier.
    ///   - secret: the key.
    ///   - region: the region that signatures must be made for.
    ///   - service: the service that they must be made for.
    public init(identifier: String, secret: String, region: String, service: String) {
        signer = SignatureV4(
            keys: AmazonKeys(identifier: identifier, secret: secret, sessionToken: nil, expiry: nil), region: region,
            service: service)
    }

    /// What is wrong with a request; nil if its signature is good.
    ///
    /// - Parameters:
    ///   - method: the method.
    ///   - path: the path as it came.
    ///   - query: the query as it came.
    ///   - headers: the headers by their names in lower case.
    ///   - body: the body.
    ///   - now: seconds since 1970.
    /// - Returns: the problem.
    public func problem(
        method: String, path: String, query: String, headers: [String: String], body: [UInt8], at now: Int
    ) -> Problem? {
        let text = headers["authorization"] ?? ""
        guard text.hasPrefix("AWS4-HMAC-SHA256 "), let time = headers["x-amz-date"] else { return .missing }
        var fields: [String: String] = [:]
        for part in text.dropFirst("AWS4-HMAC-SHA256 ".count).split(separator: ",") {
            let pair = part.split(separator: "=", maxSplits: 1).map { $0.filter { $0 != " " } }
            if pair.count == 2 { fields[pair[0]] = pair[1] }
        }
        guard let credential = fields["Credential"], let names = fields["SignedHeaders"],
            let signature = fields["Signature"]
        else { return .missing }
        guard credential.hasPrefix(signer.keys.identifier + "/") else { return .unknownKey }
        guard let signed = WallClock.basicSeconds(time), abs(signed - now) <= 300 else { return .wrongTime }
        let wanted = names.split(separator: ";").map { (name: String($0), value: headers[String($0)] ?? "") }
        let canonical = SignatureV4.canonicalRequest(
            method: method, path: path, query: query, headers: wanted,
            payloadHash: ByteText.hexadecimal(SHA256.hash([body])))
        let isGood =
            credential == "\(signer.keys.identifier)/\(signer.scope(time))" && wanted.contains { $0.name == "host" }
            && signer.signature(of: signer.stringToSign(canonical: canonical, time), time) == signature
        return isGood ? nil : .mismatch
    }
}
