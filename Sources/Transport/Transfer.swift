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
    private(set) var sentByteCount = 0
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
        sentByteCount += filled
        return filled
    }

    /// Starts the body again, when libcurl sends it anew over another connection.
    func rewind() {
        (segment, offset, sentByteCount) = (0, 0, 0)
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
        let text = unsafe String(decoding: line, as: UTF8.self).trimmedLine
        if text.hasPrefix("HTTP/") {
            head = HTTPHead(status: text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0, headers: [])
        } else if text.isEmpty {
            // An interim response (1xx) is followed by the real one; headers after the body are trailers.
            guard head.status >= 200, !isHeadComplete else { return true }
            isHeadComplete = true
            loop.noteHead(self, head)
        } else if !isHeadComplete, let colon = text.firstIndex(of: ":") {
            let value = text[text.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            head.headers.append(HTTPHeader(text[..<colon].lowercased(), String(value)))
        }
        return true
    }
}

extension String {
    fileprivate var trimmedLine: Substring {
        var line = self[...]
        while let last = line.unicodeScalars.last, last == "\r" || last == "\n" || last == " " {
            line.unicodeScalars.removeLast()
        }
        return line
    }
}
