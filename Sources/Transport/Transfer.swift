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
            head = HTTPHead(status: unsafe Self.status(text), headers: [])
        } else if unsafe text.isEmpty {
            // An interim response (1xx) is followed by the real one; headers after the body are trailers.
            guard head.status >= 200, !isHeadComplete else { return true }
            isHeadComplete = true
            loop.noteHead(self, head)
        } else if !isHeadComplete, let colon = unsafe text.firstIndex(of: 0x3A) {
            let name = unsafe String(unsafeUninitializedCapacity: colon) { buffer in
                for index in 0..<colon {
                    let byte = unsafe text[index]
                    unsafe buffer[index] = (0x41...0x5A).contains(byte) ? byte | 0x20 : byte
                }
                return colon
            }
            var start = colon + 1
            while start < end, unsafe text[start] == 0x20 || text[start] == 0x09 { start += 1 }
            head.headers.append(HTTPHeader(name, unsafe String(decoding: text[start...], as: UTF8.self)))
        }
        return true
    }

    /// The status of a status line, such as `HTTP/1.1 200 OK` or `HTTP/2 200`; 0 if there is none.
    private static func status(_ line: UnsafeRawBufferPointer) -> Int {
        guard var index = unsafe line.firstIndex(of: 0x20) else { return 0 }
        var status = 0
        while index + 1 < line.count, status < 1000, case let digit = unsafe line[index + 1],
            (0x30...0x39).contains(digit)
        {
            status = status * 10 + Int(digit - 0x30)
            index += 1
        }
        return status
    }
}
