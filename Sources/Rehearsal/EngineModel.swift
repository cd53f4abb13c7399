import Profiles
import Quantities
import Statistics

/// An engine without sockets: who runs, who queues, and when the next piece of an answer is due.
struct EngineModel: Sendable {
    let persona: Persona
    private(set) var activeCount = 0
    private var queue: [Int] = []
    private var generator: SeededGenerator

    init(_ persona: Persona, seed: Seed) {
        self.persona = persona
        generator = SeededGenerator(seed: seed.derived("engine/" + persona.name))
    }

    /// Draws a request's fault; nil for none.
    mutating func drawFault() -> Scenario? {
        var rest = generator.uniform()
        for fault in Scenario.allCases where fault.isFault {
            rest -= persona.scenarios[fault] ?? 0
            if rest < 0 { return fault }
        }
        return nil
    }

    /// Draws a request's manners, each by itself.
    mutating func drawManners() -> Set<Scenario> {
        var manners: Set<Scenario> = []
        for manner in Scenario.allCases where !manner.isFault {
            guard let share = persona.scenarios[manner], share > 0, generator.uniform() < share else { continue }
            manners.insert(manner)
        }
        return manners
    }

    /// A request wants a slot; false if it has to queue.
    mutating func admit(_ stream: Int) -> Bool {
        guard activeCount < persona.slotCount else {
            queue.append(stream)
            return false
        }
        activeCount += 1
        return true
    }

    /// A stream is over; returns the queued one that takes its slot.
    mutating func release(_ stream: Int, wasActive: Bool) -> Int? {
        guard wasActive else {
            queue.removeAll { $0 == stream }
            return nil
        }
        guard !queue.isEmpty else {
            activeCount -= 1
            return nil
        }
        return queue.removeFirst()
    }

    /// From the slot to the first token.
    mutating func firstTokenDelay(freshTokens: Int, fault: Scenario?) -> Duration {
        let prefill = Double(freshTokens) / persona.prefillTokensPerSecond + 1 / persona.decodeTokensPerSecond
        let extra =
            switch fault {
            case .slowFirstToken: 2.0
            case .queueing: 0.05 * Double(max(0, activeCount - 1))
            default: 0.0
            }
        return .nanoseconds(Int64((persona.network.seconds + prefill * noise() + extra) * 1e9))
    }

    /// From one piece to the next, at the present load.
    mutating func pieceDelay(tokens: Int) -> Duration {
        let slowdown = 1 + persona.slowdownPerStream * Double(max(0, activeCount - 1))
        return .nanoseconds(Int64(Double(tokens) / persona.decodeTokensPerSecond * slowdown * noise() * 1e9))
    }

    private mutating func noise() -> Double {
        let draw = Distribution.logNormal(mu: -persona.jitter * persona.jitter / 2, sigma: persona.jitter)
        return draw.sample(using: &generator)
    }
}
