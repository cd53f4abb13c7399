import Credentials
import Dialects
import Encodings
import Profiles
import Quantities
import Rehearsal
import Transport

/// Lets the embedded fleet ask for the very credentials that a provider's document names, found where the document says.
enum RehearsalGate {
    /// Puts a gate before a member of the fleet; none where the document names no credential, or it is not to be had here.
    static func prepare(_ member: inout Fleet.Member, _ provider: ProviderProfile, environment: [String: String]) {
        let store = SecretStore(environment: environment)
        switch provider.authentication {
        case .none: break
        case .bearer(let reference), .header(_, let reference): member.key = try? store.secret(reference)
        case .signatureV4(let settings):
            guard let identifier = environment["AWS_ACCESS_KEY_ID"], let secret = environment["AWS_SECRET_ACCESS_KEY"]
            else { return }
            let region = provider.region ?? environment["AWS_REGION"] ?? "us-east-1"
            member.check = SignatureCheck(
                judge: SignatureJudge(
                    identifier: identifier, secret: secret, region: region, service: settings.service))
        case .entra(let settings):
            guard let client = try? store.setting(settings.client), let secret = try? store.secret(settings.secret)
            else {
                return
            }
            member.tokens = TokenIssue(
                clientIdentifier: client, clientSecret: secret,
                lifetime: provider.rehearsal?.tokenLifetime ?? .seconds(3600))
        case .googleServiceAccount, .googleMetadata:
            member.tokens = TokenIssue(
                clientIdentifier: "", clientSecret: "", lifetime: provider.rehearsal?.tokenLifetime ?? .seconds(3600))
        }
    }
}

/// Amazon's signatures, judged with the key of the environment.
private struct SignatureCheck: AccessCheck {
    let judge: SignatureJudge

    func refusal(
        method: String, path: String, query: String, headers: [String: String], body: [UInt8]
    ) -> AccessRefusal? {
        let problem = judge.problem(
            method: method, path: path, query: query, headers: headers, body: body, at: NetworkLoop.wallSeconds())
        switch problem {
        case nil: return nil
        case .missing: return AccessRefusal(.authentication, "Missing Authentication Token")
        case .unknownKey:
            return AccessRefusal(.authentication, "The security token included in the request is invalid.")
        case .wrongTime: return AccessRefusal(.signature, "Signature expired: check the clock of this machine.")
        case .mismatch:
            return AccessRefusal(
                .signature,
                "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
                    + "Key and signing method.")
        }
    }
}
