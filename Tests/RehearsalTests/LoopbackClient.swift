import Glibc
import Profiles
import Statistics
import Testing

@testable import Rehearsal

/// What came back over a socket.
struct LoopbackReply {
    var status = 0
    var headers: [String: String] = [:]
    var body: [UInt8] = []
    /// True if the body ended as HTTP has it.
    var isWhole = false
    /// True if the peer reset the connection.
    var isReset = false
    /// True if nothing came for longer than the client waits.
    var isSilent = false
    /// The sizes of the chunks of the body, in their order.
    var chunkSizes: [Int] = []

    var text: String { String(decoding: body, as: UTF8.self) }
}

/// A blocking HTTP client of a few lines, which shows what a real one hides.
final class LoopbackClient {
    private let descriptor: Int32
    private let patience: Int

    init(_ port: UInt16, patienceMilliseconds: Int = 1000) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        patience = patienceMilliseconds
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let descriptor = descriptor
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                connect(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        try #require(isConnected)
        var wait = timeval(tv_sec: patience / 1000, tv_usec: patience % 1000 * 1000)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &wait, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    /// Sends a request and reads the response to its end.
    func exchange(_ method: String, _ path: String, _ headers: [String: String], _ body: String) -> LoopbackReply {
        var request = "\(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: \(body.utf8.count)\r\n"
        for (name, value) in headers { request += "\(name): \(value)\r\n" }
        request += "\r\n" + body
        let bytes = Array(request.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count <= 0 { break }
            sent += count
        }
        return read()
    }

    /// Sends a request and waits for no more than the beginning of the response.
    func give(_ path: String, _ body: String) {
        let text = "POST \(path) HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        _ = Array(text.utf8).withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        var bytes = [UInt8](repeating: 0, count: 100)
        _ = recv(descriptor, &bytes, 100, 0)
    }

    /// True if the peer has closed the connection.
    func isClosed() -> Bool {
        var byte: UInt8 = 0
        return recv(descriptor, &byte, 1, 0) == 0
    }

    private func read() -> LoopbackReply {
        var reply = LoopbackReply()
        var raw: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while !Self.parse(raw, &reply) {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count <= 0 {
                reply.isReset = count < 0 && errno == ECONNRESET
                reply.isSilent = count < 0 && errno == EAGAIN
                break
            }
            raw += buffer[..<count]
        }
        return reply
    }

    /// Reads what is there; true if the response is whole.
    private static func parse(_ raw: [UInt8], _ reply: inout LoopbackReply) -> Bool {
        guard let end = raw.indices.first(where: { raw[$0...].starts(with: [13, 10, 13, 10]) }) else { return false }
        let lines = String(decoding: raw[..<end], as: UTF8.self).split(separator: "\r\n")
        reply.status = Int(lines[0].split(separator: " ")[1]) ?? 0
        for line in lines.dropFirst() {
            let pair = line.split(separator: ":", maxSplits: 1)
            reply.headers[pair[0].lowercased()] = pair.count > 1 ? String(pair[1].dropFirst()) : ""
        }
        let rest = raw[(end + 4)...]
        if let length = reply.headers["content-length"].flatMap({ Int($0) }) {
            reply.body = Array(rest)
            reply.isWhole = rest.count >= length
            return reply.isWhole
        }
        (reply.body, reply.chunkSizes) = ([], [])
        var start = rest.startIndex
        while let line = rest[start...].firstIndex(of: 13) {
            guard let size = Int(String(decoding: rest[start..<line], as: UTF8.self), radix: 16) else { return false }
            if size == 0 { reply.isWhole = true }
            guard size > 0 else { return true }
            guard rest.endIndex >= line + 2 + size + 2 else { return false }
            reply.body += rest[(line + 2)..<(line + 2 + size)]
            reply.chunkSizes.append(size)
            start = line + 2 + size + 2
        }
        return false
    }
}

/// A fleet of one member and a request to it.
struct Scene {
    let fleet: Fleet

    init(_ persona: Persona, key: String? = nil, check: (any AccessCheck)? = nil, tokens: TokenIssue? = nil) throws {
        fleet = try Fleet([.init(persona: persona, key: key, check: check, tokens: tokens)], seed: Seed(1))
    }

    /// A fast persona.
    static func persona(_ system: PersonaSystem, _ scenarios: [Scenario] = []) -> Persona {
        var persona = Persona(
            name: "p", system: system, network: .milliseconds(1), prefillTokensPerSecond: 1e7,
            decodeTokensPerSecond: 50_000, jitter: 0)
        for scenario in scenarios { persona.scenarios[scenario] = 1 }
        return persona
    }

    func post(
        _ path: String = "/v1/chat/completions", _ headers: [String: String] = [:], _ body: String = chat,
        patienceMilliseconds: Int = 1000
    ) throws -> LoopbackReply {
        try LoopbackClient(fleet.ports[0], patienceMilliseconds: patienceMilliseconds)
            .exchange("POST", path, headers, body)
    }

    static let tool = """
        {"type":"object","properties":{"path":{"type":"string"}},"required":["path"]}
        """
    static let chat = """
        {"model":"m","stream":true,"stream_options":{"include_usage":true},"max_tokens":200,
        "messages":[{"role":"system","content":"be good"},{"role":"user","content":"hello there"}],
        "tools":[{"type":"function","function":{"name":"read","description":"d","parameters":\(tool)}}]}
        """
    static let converse = """
        {"messages":[{"role":"user","content":[{"text":"hello there"}]}],"system":[{"text":"be good"}],
        "inferenceConfig":{"maxTokens":200}}
        """
}
