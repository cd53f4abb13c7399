import CNetwork
import Glibc
import Pricing
public import Profiles
import Quantities
public import Statistics
import Synchronization
import Workloads

/// Why the fleet cannot play.
public struct FleetError: Error, Hashable, CustomStringConvertible, Sendable {
    /// What is wrong and what helps.
    public let description: String
}

/// Many providers on loopback, each on its own port, served by one thread of its own.
///
/// The fleet speaks real HTTP over real sockets; only its engines are models. It keeps its own account of what it truly did,
/// by which a measurement can be judged.
public final class Fleet: Sendable {
    /// A provider to play.
    public struct Member: Sendable {
        /// How it behaves.
        public var persona: Persona
        /// Its port; zero takes any free one.
        public var port: UInt16
        /// What it asks for; nil bills nothing.
        public var price: PriceRow?
        /// What it asks for each model by its name on the wire; if there is any, others are billed nothing.
        public var modelPrices: [String: PriceRow] = [:]
        /// The key that requests must carry; nil asks for none.
        public var key: String?
        /// Judges what carries neither the key nor a token; nil refuses it, if there is a key or an issue of tokens.
        public var check: (any AccessCheck)?
        /// How it hands out tokens; nil for not at all.
        public var tokens: TokenIssue?

        /// Makes a member.
        public init(
            persona: Persona, port: UInt16 = 0, price: PriceRow? = nil, key: String? = nil,
            check: (any AccessCheck)? = nil, tokens: TokenIssue? = nil
        ) {
            self.persona = persona
            self.port = port
            self.price = price
            self.key = key
            self.check = check
            self.tokens = tokens
        }

        /// What it asks for a request to a model, by the model's name on the wire.
        func price(of model: String) -> PriceRow? { modelPrices.isEmpty ? price : modelPrices[model] }
    }

    /// What the fleet's thread and the others share.
    final class Shared: Sendable {
        let truths = Mutex<[GroundTruth]>([])
        let start = Mutex<Result<[UInt16], FleetError>?>(nil)
        let stopDescriptor: Int32
        let hasEnded = Mutex(false)

        init() {
            stopDescriptor = eventfd(0, Int32(EFD_CLOEXEC))
        }

        deinit {
            close(stopDescriptor)
        }
    }

    private let shared = Shared()
    private let thread: pthread_t
    /// The ports in the order of the members.
    public let ports: [UInt16]

    /// Starts the fleet.
    ///
    /// - Parameters:
    ///   - members: the providers.
    ///   - seed: decides answers, jitter and faults.
    /// - Throws: ``FleetError`` if a port is taken.
    public init(_ members: [Member], seed: Seed) throws(FleetError) {
        final class Opening {
            let shared: Shared
            let members: [Member]
            let seed: Seed
            init(_ shared: Shared, _ members: [Member], _ seed: Seed) {
                (self.shared, self.members, self.seed) = (shared, members, seed)
            }
        }
        var thread = pthread_t()
        let opening = unsafe Unmanaged.passRetained(Opening(shared, members, seed)).toOpaque()
        let code = unsafe pthread_create(
            &thread, nil,
            { raw in
                guard let raw = unsafe raw else { return nil }
                let opening = unsafe Unmanaged<Opening>.fromOpaque(raw).takeRetainedValue()
                FleetServer.run(opening.members, seed: opening.seed, opening.shared)
                return nil
            }, opening)
        guard code == 0 else { throw FleetError(description: "no thread for the fleet") }
        self.thread = thread
        var result = shared.start.withLock(\.self)
        while result == nil {
            sched_yield()
            result = shared.start.withLock(\.self)
        }
        switch result {
        case .success(let ports): self.ports = ports
        case .failure(let error): throw error
        case nil: throw FleetError(description: "the fleet did not start")
        }
    }

    /// What truly happened so far, in the order of the requests' ends.
    public var truths: [GroundTruth] { shared.truths.withLock(\.self) }

    /// Ends the fleet and waits for its thread.
    public func stop() {
        let isFirst = shared.hasEnded.withLock { ended in
            defer { ended = true }
            return !ended
        }
        guard isFirst else { return }
        var one: UInt64 = 1
        unsafe _ = write(shared.stopDescriptor, &one, 8)
        pthread_join(thread, nil)
    }

    deinit {
        stop()
    }
}
