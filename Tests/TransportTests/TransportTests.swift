import Glibc
import Quantities
import Synchronization
import Testing

@testable import Transport

/// A server on loopback that answers each connection with fixed bytes, so many requests per connection, and keeps what it got.
private final class ScriptedServer: Sendable {
    let port: UInt16
    private let listener: Int32
    let received = Mutex<[UInt8]>([])
    /// In place of an answer: the request is read and the connection closed, and the next one is served.
    static let hangUp = ""

    init(answers: [String], closesAfter: Bool = true) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(listener, generic, length) == 0 && listen(listener, 16) == 0
                    && getsockname(listener, generic, &length) == 0
            }
        }
        try #require(isBound)
        port = UInt16(bigEndian: address.sin_port)
        var thread = pthread_t()
        let context = Unmanaged.passRetained(Script(server: self, answers: answers, closesAfter: closesAfter))
        pthread_create(
            &thread, nil,
            { raw in
                guard let raw else { return nil }
                Unmanaged<Script>.fromOpaque(raw).takeRetainedValue().serve()
                return nil
            }, context.toOpaque())
    }

    private final class Script: Sendable {
        let server: ScriptedServer
        let answers: [String]
        let closesAfter: Bool

        init(server: ScriptedServer, answers: [String], closesAfter: Bool) {
            self.server = server
            self.answers = answers
            self.closesAfter = closesAfter
        }

        func serve() {
            var connection = accept(server.listener, nil, nil)
            for answer in answers {
                readRequest(connection)
                if answer == ScriptedServer.hangUp {
                    close(connection)
                    connection = accept(server.listener, nil, nil)
                    continue
                }
                _ = answer.withCString { send(connection, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
            }
            if closesAfter { close(connection) }
            close(server.listener)
        }

        /// Reads one request with a content length.
        private func readRequest(_ connection: Int32) {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 65536)
            while true {
                let text = String(decoding: bytes, as: UTF8.self)
                if let end = text.range(of: "\r\n\r\n") {
                    let head = text[..<end.lowerBound].lowercased()
                    let line = head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
                    let size = line.flatMap { Int($0.dropFirst(15).filter(\.isNumber)) } ?? 0
                    let headSize = text[..<end.upperBound].utf8.count
                    if bytes.count >= headSize + size { break }
                }
                let count = read(connection, &buffer, buffer.count)
                guard count > 0 else { break }
                bytes += buffer[..<count]
            }
            server.received.withLock { $0 += bytes }
        }
    }
}

extension String {
    fileprivate func range(of text: String) -> Range<String.Index>? { firstRange(of: text) }
}

private struct Outcome {
    var events: [String] = []
    var body: [UInt8] = []
    var head: HTTPHead?
    var result: TransferResult?
}

/// Runs exchanges one after another over one loop.
private func exchange(
    _ requests: [HTTPRequest], cancelAtFirstByte: Bool = false,
    configuration: NetworkConfiguration = NetworkConfiguration()
) throws -> [Outcome] {
    let loop = try NetworkLoop(configuration)
    return try requests.map { request in
        var outcome = Outcome()
        _ = try loop.start(request)
        while outcome.result == nil {
            loop.turn(until: NetworkLoop.now() + .seconds(5)) { event, bytes in
                switch event {
                case .requestSent: outcome.events.append("sent")
                case .head(_, let head, _):
                    outcome.events.append("head")
                    outcome.head = head
                case .bytes(let identifier, _):
                    if outcome.events.last != "bytes" { outcome.events.append("bytes") }
                    for index in bytes.indices { outcome.body.append(bytes[index]) }
                    if cancelAtFirstByte { loop.cancel(identifier) }
                case .ended(_, let result): outcome.result = result
                }
            }
        }
        return outcome
    }
}

private let hello =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-A:  b \r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"

@Suite struct TransportTests {
    private func request(_ server: ScriptedServer, body: [[UInt8]] = [[1]]) -> HTTPRequest {
        HTTPRequest(url: "http://127.0.0.1:\(server.port)/x", headers: [HTTPHeader("X-Id", "7")], body: body)
    }

    @Test func `a body of many segments arrives byte by byte, and the connection is used again`() throws {
        let server = try ScriptedServer(answers: [hello, hello])
        let segments = [Array("one".utf8), [], [UInt8](repeating: 0x7A, count: 300_000), Array("end".utf8)]
        let outcomes = try exchange([request(server, body: segments), request(server)])
        #expect(outcomes.map(\.events) == [["sent", "head", "bytes"], ["sent", "head", "bytes"]])
        #expect(outcomes.map { String(decoding: $0.body, as: UTF8.self) } == ["abcde", "abcde"])
        #expect(outcomes[0].head?.status == 200)
        #expect(outcomes[0].head?.first("x-a") == "b")
        #expect(outcomes.map { $0.result?.connection.isReused } == [false, true])
        #expect(outcomes[0].result?.connection.httpVersion == "1.1")
        #expect(outcomes[0].result?.sentByteCount == 300_006)
        let received = server.received.withLock { $0 }
        #expect(
            String(decoding: received, as: UTF8.self).contains("one" + String(repeating: "z", count: 300_000) + "end"))
        #expect(!String(decoding: received, as: UTF8.self).contains("Expect:"))
    }

    @Test func `a redirect is delivered and not followed`() throws {
        let server = try ScriptedServer(answers: [
            "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
        ])
        let outcome = try exchange([request(server)])[0]
        #expect(outcome.head?.status == 302)
        guard case .complete? = outcome.result?.end else { return #expect(Bool(false), "\(outcome)") }
    }

    @Test func `every way of breaking has its kind`() throws {
        func kind(_ answer: String, limits: HTTPLimits = HTTPLimits()) throws -> TransferFailure.Kind? {
            let server = try ScriptedServer(answers: [answer])
            var request = request(server)
            request.limits = limits
            if case .failed(let failure)? = try exchange([request])[0].result?.end { return failure.kind }
            return nil
        }
        #expect(try kind("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc") == .connectionLost)
        #expect(try kind("") == .connectionLost)
        #expect(try kind(hello, limits: HTTPLimits(maximumHeaderBytes: 20)) == .headersTooLarge)
        #expect(try kind(hello, limits: HTTPLimits(maximumBodyBytes: 3)) == .bodyTooLarge)
        func kind(url: String) throws -> TransferFailure.Kind? {
            if case .failed(let failure)? = try exchange([HTTPRequest(url: url)])[0].result?.end { return failure.kind }
            return nil
        }
        #expect(try kind(url: "http://127.0.0.1:1/") == .connect)
        #expect(try kind(url: "ftp://127.0.0.1/") == .protocolViolation)
    }

    @Test func `a cancelled exchange ends once, as cancelled`() throws {
        let server = try ScriptedServer(
            answers: ["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"], closesAfter: false)
        let outcome = try exchange([request(server)], cancelAtFirstByte: true)[0]
        guard case .cancelled? = outcome.result?.end else { return #expect(Bool(false), "\(outcome)") }
        #expect(outcome.body == Array("abc".utf8))
    }

    @Test func `an exchange ends when its whole time is up`() throws {
        let server = try ScriptedServer(
            answers: ["HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"], closesAfter: false)
        var slow = request(server)
        slow.totalTimeout = .milliseconds(50)
        guard case .failed(let failure)? = try exchange([slow])[0].result?.end else { return #expect(Bool(false)) }
        #expect(failure.kind == .totalTimeout)
    }

    @Test func `a proxy is used, but not for hosts that are named as exceptions`() throws {
        let proxy = try ScriptedServer(answers: [hello])
        var configuration = NetworkConfiguration(proxy: "http://127.0.0.1:\(proxy.port)")
        let far = HTTPRequest(url: "http://far.example/v1/x", body: [[1]])
        let outcome = try exchange([far], configuration: configuration)[0]
        #expect(outcome.head?.status == 200)
        let received = proxy.received.withLock { String(decoding: $0, as: UTF8.self) }
        #expect(received.hasPrefix("POST http://far.example/v1/x HTTP/1.1\r\nHost: far.example\r\n"), "\(received)")
        let near = try ScriptedServer(answers: [hello])
        configuration = NetworkConfiguration(proxy: "http://127.0.0.1:1", hostsWithoutProxy: "elsewhere,127.0.0.1")
        #expect(try exchange([request(near)], configuration: configuration)[0].head?.status == 200)
    }

    @Test func `a request that a closing server did not answer is sent whole over another connection`() throws {
        let server = try ScriptedServer(answers: [hello, ScriptedServer.hangUp, hello])
        let outcomes = try exchange([request(server), request(server)])
        #expect(outcomes.map { $0.head?.status } == [200, 200])
        #expect(outcomes.map { $0.result?.end } == [.complete, .complete])
        #expect(outcomes[1].result?.connection.isReused == false)
        let sent = server.received.withLock { String(decoding: $0, as: UTF8.self) }
        #expect(sent.split(separator: "POST ").count == 3, "two of the three requests are the same one")
        #expect(outcomes.map { $0.result?.sentByteCount } == [1, 1])
    }

    @Test func `a waker ends a wait without a deadline`() throws {
        let loop = try NetworkLoop()
        loop.waker.wake()
        loop.turn(until: nil) { _, _ in }
        #expect(loop.takeHealth().turnCount == 1)
        #expect(loop.takeHealth().turnCount == 0)
    }
}
