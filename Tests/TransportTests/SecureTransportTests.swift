import Foundation
import Quantities
import Testing

@testable import Transport

/// A server of nghttp2 on loopback that speaks HTTP/2 over TLS, with certificates that are made for the test.
private final class SecureServer {
    let folder = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID().uuidString)")
    let port: UInt16
    private let process = Process()

    static let tools = ["/usr/bin/openssl", "/usr/sbin/nghttpd"]
    static var isPossible: Bool { tools.allSatisfy { FileManager.default.isExecutableFile(atPath: $0) } }

    /// - Parameters:
    ///   - name: the subject's alternative name, such as `IP:127.0.0.1`.
    ///   - days: how long the certificate is good, from now; negative if it has been.
    /// - Throws: if a certificate cannot be made or the server does not come up.
    init(name: String, days: Int = 2) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data("subjectAltName=\(name)".utf8).write(to: folder.appending(path: "names"))
        try Data("hello".utf8).write(to: folder.appending(path: "x"))
        port = try Self.freePort()
        let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        try openssl(["req", "-x509"] + key + ["-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=ca"])
        try openssl(["req"] + key + ["-keyout", "key.pem", "-out", "request", "-subj", "/CN=x"])
        try openssl([
            "x509", "-req", "-in", "request", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days",
            "\(days)",
            "-extfile", "names", "-out", "certificate.pem",
        ])
        process.executableURL = URL(filePath: Self.tools[1])
        process.arguments = ["-d", folder.path, "-a", "127.0.0.1", "\(port)", path("key.pem"), path("certificate.pem")]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        let patience = NetworkLoop.now() + .seconds(10)
        while !Self.listens(port) { try #require(NetworkLoop.now() < patience, "nghttpd does not listen") }
    }

    deinit {
        // A child of a dispatch thread inherits its signal mask, so that SIGTERM would not reach it.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    func path(_ name: String) -> String { folder.appending(path: name).path }

    private func openssl(_ arguments: [String]) throws {
        let command = Process()
        command.executableURL = URL(filePath: Self.tools[0])
        command.arguments = arguments
        command.currentDirectoryURL = folder
        command.standardError = FileHandle.nullDevice
        try command.run()
        command.waitUntilExit()
        try #require(command.terminationStatus == 0, "openssl \(arguments)")
    }

    private static func address(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }

    private static func freePort() throws -> UInt16 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = address(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
            }
        }
        try #require(isBound)
        return UInt16(bigEndian: address.sin_port)
    }

    private static func listens(_ port: UInt16) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = address(port)
        return withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                connect(descriptor, generic, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }
}

/// A proxy on loopback that opens one tunnel to a port, whatever host it is asked for, and answers with a header of its own.
private final class TunnelProxy: Sendable {
    let port: UInt16
    private let listener: Int32
    private let target: UInt16

    init(to target: UInt16) throws {
        self.target = target
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(listener, generic, length) == 0 && listen(listener, 4) == 0
                    && getsockname(listener, generic, &length) == 0
            }
        }
        try #require(isBound)
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { self.serve() }
    }

    private func serve() {
        let client = accept(listener, nil, nil)
        var buffer = [UInt8](repeating: 0, count: 65536)
        // The request to connect fits into one read.
        _ = read(client, &buffer, buffer.count)
        let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = target.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                connect(server, generic, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        let answer = Array("HTTP/1.1 200 Connection established\r\nretry-after: 77\r\n\r\n".utf8)
        _ = send(client, answer, answer.count, Int32(MSG_NOSIGNAL))
        var sockets = [
            pollfd(fd: client, events: Int16(POLLIN), revents: 0),
            pollfd(fd: server, events: Int16(POLLIN), revents: 0),
        ]
        relay: while poll(&sockets, 2, 10_000) > 0 {
            for (index, other) in [(0, server), (1, client)] where sockets[index].revents != 0 {
                let count = read(sockets[index].fd, &buffer, buffer.count)
                guard count > 0, send(other, buffer, count, Int32(MSG_NOSIGNAL)) == count else { break relay }
            }
        }
        for descriptor in [client, server, listener] { close(descriptor) }
    }
}

@Suite(.enabled(if: SecureServer.isPossible, "openssl and nghttpd are needed: Scripts/setup tests"))
struct SecureTransportTests {
    private struct Answer {
        var body = ""
        var head: HTTPHead?
        var result: TransferResult?
    }

    private func get(
        _ server: SecureServer, authority: String?, count: Int = 1, path: String = "x", proxy: String? = nil
    ) throws -> [Answer] {
        let loop = try NetworkLoop(
            NetworkConfiguration(certificateAuthorityFile: authority.map { server.path($0) }, proxy: proxy))
        var answers: [TransferIdentifier: Answer] = [:]
        for _ in 0..<count {
            let request = HTTPRequest(
                method: "GET", url: "https://127.0.0.1:\(server.port)/\(path)", headers: [], body: [])
            answers[try loop.start(request)] = Answer()
        }
        while answers.values.contains(where: { $0.result == nil }) {
            loop.turn(until: NetworkLoop.now() + .seconds(5)) { event, bytes in
                switch event {
                case .bytes(let identifier, _):
                    var piece: [UInt8] = []
                    for index in bytes.indices { piece.append(bytes[index]) }
                    answers[identifier]?.body += String(decoding: piece, as: UTF8.self)
                case .head(let identifier, let head, _): answers[identifier]?.head = head
                case .ended(let identifier, let result): answers[identifier]?.result = result
                default: break
                }
            }
        }
        return Array(answers.values)
    }

    private func failure(_ server: SecureServer, authority: String?) throws -> TransferFailure? {
        let result = try get(server, authority: authority)[0].result
        if case .failed(let failure)? = result?.end { return failure }
        return nil
    }

    @Test func `HTTP2 over TLS is spoken where the server offers it, with the phases of the connection`() throws {
        let server = try SecureServer(name: "IP:127.0.0.1")
        for answer in try get(server, authority: "ca.pem", count: 3) {
            #expect(answer.body == "hello")
            let result = try #require(answer.result)
            guard case .complete = result.end else { return #expect(Bool(false), "\(result)") }
            #expect(result.connection.httpVersion == "2")
        }
        let connection = try #require(try get(server, authority: "ca.pem")[0].result?.connection)
        #expect(!connection.isReused)
        #expect(try #require(connection.tls) > .zero)
        #expect(try #require(connection.connect) > .zero)
    }

    @Test func `what a proxy answers to CONNECT is not taken for the provider's answer`() throws {
        let server = try SecureServer(name: "IP:127.0.0.1")
        let proxy = try TunnelProxy(to: server.port)
        let answer = try get(
            server, authority: "ca.pem", path: "missing", proxy: "http://127.0.0.1:\(proxy.port)")[0]
        #expect(answer.head?.status == 404)
        #expect(answer.head?.first("retry-after") == nil)
        #expect(answer.result?.end == .complete)
    }

    @Test func `certificates are verified always: unknown authority, wrong name and expiry all end the call`() throws {
        let good = try SecureServer(name: "IP:127.0.0.1")
        let unknown = try failure(good, authority: nil)
        #expect(unknown?.kind == .tls && unknown?.message.contains("not trusted") == true)
        let wrongName = try failure(SecureServer(name: "DNS:elsewhere.example"), authority: "ca.pem")
        #expect(wrongName?.kind == .tls && wrongName?.message.contains("another host name") == true)
        let expired = try failure(SecureServer(name: "IP:127.0.0.1", days: -1), authority: "ca.pem")
        #expect(expired?.kind == .tls && expired?.message.contains("expired") == true)
        #expect(try failure(good, authority: "ca.pem") == nil)
    }
}
