import CNetwork
import Quantities

/// How libcurl's handle of one exchange is set up and read.
///
/// A handle is used again for other exchanges of its loop: what they have in common is set once.
enum EasyHandle {
    /// Below how many bytes libcurl is given a body as a whole.
    ///
    /// It then sends headers and body together: one packet where there would be two, and two system calls less. Above this
    /// size it would not (`MAX_INITIAL_POST_SIZE` in its lib/http.h), and a body is taken from its shared segments.
    private static let joinedBodyLimit = 64 << 10

    /// Makes a handle; nil if there is no memory for one.
    static func make(_ configuration: NetworkConfiguration) -> UnsafeMutableRawPointer? {
        guard let easy = unsafe curl_easy_init() else { return nil }
        unsafe setCallbacks(easy)
        unsafe network_set_string(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        unsafe network_set_string(easy, CURLOPT_PROXY, configuration.proxy ?? "")
        unsafe network_set_string(easy, CURLOPT_NOPROXY, configuration.hostsWithoutProxy ?? "")
        if let file = configuration.certificateAuthorityFile { unsafe network_set_string(easy, CURLOPT_CAINFO, file) }
        unsafe network_set_long(easy, CURLOPT_NOSIGNAL, 1)
        // What a proxy answers to CONNECT is not the provider's.
        unsafe network_set_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        unsafe network_set_long(easy, CURLOPT_TCP_NODELAY, 1)
        unsafe network_set_long(easy, CURLOPT_BUFFERSIZE, 65536)
        return unsafe easy
    }

    private static func setCallbacks(_ easy: UnsafeMutableRawPointer) {
        unsafe network_set_callbacks(
            easy,
            { bytes, size, count, context in
                guard let context = unsafe context else { return 0 }
                let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
                return unsafe transfer.take(UnsafeRawBufferPointer(start: bytes, count: size * count))
                    ? size * count : 0
            },
            { bytes, size, count, context in
                guard let context = unsafe context else { return 0 }
                let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
                let line = unsafe UnsafeRawBufferPointer(start: bytes, count: size * count)
                return unsafe transfer.takeHeader(line) ? size * count : 0
            },
            { bytes, size, count, context in
                guard let context = unsafe context else { return 0 }
                let transfer = unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
                return unsafe transfer.fill(UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
            },
            { context, offset, origin in
                // A request is sent anew over another connection when a server closed the kept one, or said GOAWAY.
                guard let context = unsafe context, offset == 0, origin == SEEK_SET else { return CURL_SEEKFUNC_FAIL }
                unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().rewind()
                return CURL_SEEKFUNC_OK
            },
            { context, _, _, _, _ in
                guard let context = unsafe context else { return 0 }
                unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue().noteReady()
                return 0
            })
    }

    /// Readies a handle for an exchange.
    static func set(_ transfer: Transfer, _ request: HTTPRequest) {
        let easy = unsafe transfer.easy
        unsafe network_set_context(easy, Unmanaged.passUnretained(transfer).toOpaque())
        unsafe network_set_string(easy, CURLOPT_URL, request.url)
        if request.method == "GET" {
            unsafe network_set_long(easy, CURLOPT_HTTPGET, 1)
        } else {
            unsafe setBody(easy, request.body)
            unsafe network_set_string(easy, CURLOPT_CUSTOMREQUEST, request.method == "POST" ? nil : request.method)
        }
        unsafe network_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, Int(request.connectTimeout.milliseconds.rounded(.up)))
        unsafe network_set_long(easy, CURLOPT_TIMEOUT_MS, Int(request.totalTimeout.milliseconds.rounded(.up)))
        let version =
            switch request.version {
            case .automatic: CURL_HTTP_VERSION_2TLS
            case .http1: CURL_HTTP_VERSION_1_1
            case .http2PriorKnowledge: CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE
            }
        unsafe network_set_long(easy, CURLOPT_HTTP_VERSION, Int(version))
        var list: UnsafeMutablePointer<curl_slist>? = unsafe curl_slist_append(nil, "Expect:")
        for header in request.headers {
            unsafe list = curl_slist_append(list, "\(header.name): \(header.value)") ?? list
        }
        unsafe transfer.headerList = list
        unsafe network_set_list(easy, CURLOPT_HTTPHEADER, list)
    }

    private static func setBody(_ easy: UnsafeMutableRawPointer, _ segments: [[UInt8]]) {
        let size = segments.reduce(0) { $0 + $1.count }
        unsafe network_set_long(easy, CURLOPT_POST, 1)
        unsafe network_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(size))
        guard size < joinedBodyLimit else { return }
        var body: [UInt8] = []
        body.reserveCapacity(size)
        for segment in segments { body += segment }
        unsafe body.withUnsafeBytes { bytes in
            unsafe _ = network_set_bytes(easy, CURLOPT_COPYPOSTFIELDS, bytes.baseAddress)
        }
    }

    /// Lets go of what belonged to an exchange that has ended.
    static func clear(_ transfer: Transfer) {
        unsafe network_set_bytes(transfer.easy, CURLOPT_POSTFIELDS, nil)
        unsafe network_set_string(transfer.easy, CURLOPT_CUSTOMREQUEST, nil)
        unsafe network_set_list(transfer.easy, CURLOPT_HTTPHEADER, nil)
        unsafe network_set_context(transfer.easy, nil)
        unsafe curl_slist_free_all(transfer.headerList)
        unsafe transfer.headerList = nil
    }

    /// What libcurl knows of the exchange that the handle has made.
    static func result(_ transfer: Transfer, _ end: TransferEnd, at: Instant) -> TransferResult {
        let sent = unsafe network_info_offset(transfer.easy, CURLINFO_SIZE_UPLOAD_T)
        return TransferResult(
            end: end, at: at, connection: unsafe facts(transfer.easy), sentByteCount: Int(sent),
            receivedByteCount: transfer.receivedByteCount)
    }

    private static func facts(_ easy: UnsafeMutableRawPointer) -> ConnectionFacts {
        let isReused = unsafe network_info_long(easy, CURLINFO_NUM_CONNECTS) == 0
        let resolve = unsafe network_info_offset(easy, CURLINFO_NAMELOOKUP_TIME_T)
        let connect = unsafe network_info_offset(easy, CURLINFO_CONNECT_TIME_T)
        let tls = unsafe network_info_offset(easy, CURLINFO_APPCONNECT_TIME_T)
        let address = unsafe network_info_string(easy, CURLINFO_PRIMARY_IP).map { unsafe String(cString: $0) }
        let version: String? =
            switch unsafe network_info_long(easy, CURLINFO_HTTP_VERSION) {
            case Int(CURL_HTTP_VERSION_1_0): "1.0"
            case Int(CURL_HTTP_VERSION_1_1): "1.1"
            case Int(CURL_HTTP_VERSION_2_0): "2"
            default: nil
            }
        return ConnectionFacts(
            resolve: isReused ? nil : .microseconds(resolve),
            connect: isReused || connect == 0 ? nil : .microseconds(connect - resolve),
            tls: isReused || tls == 0 ? nil : .microseconds(tls - connect),
            isReused: isReused && address?.isEmpty == false,
            httpVersion: version, remoteAddress: address?.isEmpty == false ? address : nil)
    }

    /// Why an exchange failed.
    static func failure(_ transfer: Transfer, _ code: CURLcode) -> TransferFailure {
        var message = unsafe String(cString: curl_easy_strerror(code))
        if code == CURLE_PEER_FAILED_VERIFICATION {
            let result = unsafe network_info_long(transfer.easy, CURLINFO_SSL_VERIFYRESULT)
            message = TransferFailure.text(ofVerification: result) ?? message
        }
        let isConnected = unsafe network_info_offset(transfer.easy, CURLINFO_PRETRANSFER_TIME_T) > 0
        let kind: TransferFailure.Kind =
            switch code {
            case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .resolve
            case CURLE_COULDNT_CONNECT: .connect
            case CURLE_OPERATION_TIMEDOUT: isConnected ? .totalTimeout : .connectTimeout
            case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE,
                CURLE_SSL_CERTPROBLEM,
                CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR:
                .tls
            case CURLE_UNSUPPORTED_PROTOCOL, CURLE_URL_MALFORMAT, CURLE_WEIRD_SERVER_REPLY: .protocolViolation
            default: .connectionLost
            }
        return TransferFailure(kind: transfer.failure ?? kind, message: message)
    }
}
