import CNetwork
import Quantities

/// One exchange on its way: what libcurl's callbacks read and fill.
///
/// Touched by its loop's thread only.
@safe
final class Transfer {
    let identifier: TransferIdentifier
    let easy: UnsafeMutableRawPointer
    let limits: HTTPLimits
    unowned let loop: NetworkLoop
    var headerList: UnsafeMutablePointer<curl_slist>?
    var failure: TransferFailure.Kind?

    private let body: [[UInt8]]
    private var segment = 0
    private var offset = 0
    private var headerByteCount = 0
    private var head = HTTPHead(status: 0, headers: [])
    private var isHeadComplete = false
    private(set) var receivedByteCount = 0

    init(_ identifier: TransferIdentifier, easy: UnsafeMutableRawPointer, request: HTTPRequest, loop: NetworkLoop) {
        self.identifier = identifier
        unsafe self.easy = easy
        self.loop = loop
        limits = request.limits
        body = request.body
    }

    /// Hands the next bytes of the body to libcurl.
    func fill(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
        var filled = 0
        while filled < buffer.count, segment < body.count {
            let count = min(buffer.count - filled, body[segment].count - offset)
            unsafe body[segment].withUnsafeBytes { bytes in
                let target = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled..<(filled + count)])
                unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)]))
            }
            filled += count
            offset += count
            if offset == body[segment].count { (segment, offset) = (segment + 1, 0) }
        }
        return filled
    }

    /// Starts the body again, when libcurl sends it anew over another connection.
    func rewind() {
        (segment, offset) = (0, 0)
    }

    /// Takes that the connection stands and the request is about to be sent over it.
    func noteReady() {
        rewind()
        loop.noteReady(self)
    }

    /// Takes one read's body bytes; false ends the exchange.
    func take(_ bytes: UnsafeRawBufferPointer) -> Bool {
        receivedByteCount += bytes.count
        guard receivedByteCount <= limits.maximumBodyBytes else {
            failure = .bodyTooLarge
            return false
        }
        unsafe loop.noteBytes(self, bytes)
        return true
    }

    /// Takes one header line; false ends the exchange.
    func takeHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        headerByteCount += line.count
        guard headerByteCount <= limits.maximumHeaderBytes else {
            failure = .headersTooLarge
            return false
        }
        var end = line.count
        while end > 0, unsafe line[end - 1] <= 0x20 { end -= 1 }
        let text = unsafe UnsafeRawBufferPointer(rebasing: line[..<end])
        if unsafe text.starts(with: "HTTP/".utf8) {
            let status = unsafe String(decoding: text, as: UTF8.self).split(separator: " ").dropFirst().first
            head = HTTPHead(status: status.flatMap { Int($0) } ?? 0, headers: [])
        } else if unsafe text.isEmpty {
            // An interim response (1xx) is followed by the real one; headers after the body are trailers.
            guard head.status >= 200, !isHeadComplete else { return true }
            isHeadComplete = true
            loop.noteHead(self, head)
        } else if !isHeadComplete, let colon = unsafe text.firstIndex(of: 0x3A) {
            let name = unsafe text[..<colon].map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
            var start = colon + 1
            while start < end, unsafe text[start] == 0x20 || text[start] == 0x09 { start += 1 }
            head.headers.append(
                HTTPHeader(
                    String(decoding: name, as: UTF8.self), unsafe String(decoding: text[start...], as: UTF8.self)))
        }
        return true
    }
}
