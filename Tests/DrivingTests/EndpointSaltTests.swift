import Planning
import Profiles
import Scheduling
import Testing

@testable import Driving

@Suite struct EndpointSaltTests {
    private let policies = [true, false].flatMap { run in
        [true, false].map { SaltPolicy(run: run, tenant: $0, session: $0) }
    }

    private func marks(_ endpoint: Int, _ policy: SaltPolicy, runSalt: String = "0123456789ab") -> [String] {
        let salts = EndpointSalts(endpoint: endpoint, runSalt: runSalt, policy: policy)
        let key = SessionKey(endpoint: endpoint, round: 1, session: 2)
        let own = salts.salts(key, tenant: "t0")
        #expect(own.run == salts.run)
        return [own.run, own.tenant, own.session]
    }

    @Test func `no two endpoints share a mark, and all marks are of one length`() {
        for policy in policies {
            let wanted = [policy.run, policy.tenant, policy.session].map { $0 ? 41 : 0 }
            let found = (0..<4).map { marks($0, policy) }
            #expect(found.allSatisfy { $0.map(\.count) == wanted }, "\(found)")
            let all = found.joined().filter { !$0.isEmpty }
            #expect(Set(all).count == all.count && !all.contains("0123456789ab"))
        }
    }

    @Test func `a run that goes on has the marks of its beginning, and another run has others`() {
        for policy in policies {
            #expect(marks(1, policy) == marks(1, policy))
            let other = marks(1, policy, runSalt: "ba9876543210")
            let isNew = zip(marks(1, policy), other).filter { !$0.0.isEmpty }.allSatisfy { $0 != $1 }
            #expect(
                isNew == (policy.run || !policy.tenant), "without a salt of the run all marks are the same each time")
        }
    }
}
