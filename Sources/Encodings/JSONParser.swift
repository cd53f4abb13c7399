import CJSON

/// Why a JSON text was refused.
public struct JSONError: Error, Hashable, CustomStringConvertible, Sendable {
    /// What is wrong, without any of the text itself.
    public let message: String

    /// Makes an error.
    public init(message: String) {
        self.message = message
    }

    /// The message.
    public var description: String { message }
}

/// How much JSON is accepted.
public struct JSONLimits: Hashable, Sendable {
    /// The longest text, in bytes.
    public var maximumBytes: Int
    /// The deepest nesting of objects and arrays.
    public var maximumDepth: Int

    /// Makes limits.
    public init(maximumBytes: Int, maximumDepth: Int) {
        self.maximumBytes = maximumBytes
        self.maximumDepth = maximumDepth
    }

    /// 64 MiB and 128 levels.
    public static let standard = JSONLimits(maximumBytes: 64 << 20, maximumDepth: 128)
}

/// A reusable JSON parser (simdjson's DOM); not to be shared between threads.
@safe
public final class JSONParser {
    private let parser: OpaquePointer?
    private let limits: JSONLimits

    /// Makes a parser that keeps its memory between documents.
    public init(limits: JSONLimits = .standard) {
        self.limits = limits
        unsafe parser = cjson_parser_new(limits.maximumBytes, limits.maximumDepth)
    }

    deinit {
        unsafe cjson_parser_free(parser)
    }

    /// Parses one JSON text.
    ///
    /// - Parameters:
    ///   - bytes: a whole JSON document in UTF-8.
    ///   - body: called with the root, which must not be kept.
    /// - Returns: what `body` returns.
    /// - Throws: ``JSONError`` if the text is too long, too deep, not UTF-8 or not JSON.
    public func parse<R>(_ bytes: Span<UInt8>, _ body: (JSONView) -> R) throws(JSONError) -> R {
        let root = try root(of: bytes)
        return withExtendedLifetime(self) { body(root) }
    }

    private func root(of bytes: Span<UInt8>) throws(JSONError) -> JSONView {
        guard bytes.count <= limits.maximumBytes else {
            throw JSONError(message: "JSON of \(bytes.count) bytes is over the limit of \(limits.maximumBytes)")
        }
        guard let parser = unsafe parser else { throw JSONError(message: "no memory for a JSON parser") }
        var root = unsafe cjson_element(document: nil, index: 0)
        let message = unsafe bytes.withUnsafeBufferPointer { buffer -> UnsafePointer<CChar>? in
            guard let base = buffer.baseAddress else { return unsafe cjson_parse(parser, [0], 0, &root) }
            return unsafe cjson_parse(parser, base, buffer.count, &root)
        }
        if let message = unsafe message { throw JSONError(message: unsafe String(cString: message)) }
        return unsafe JSONView(element: root)
    }
}

/// A value inside a parsed document.
///
/// A view borrows from its ``JSONParser``: it may be read within the call that handed it out, and not after.
@safe
public struct JSONView {
    let element: cjson_element

    init(element: cjson_element) {
        unsafe self.element = element
    }

    /// What a value is.
    public enum Kind: UInt8 {
        /// A JSON object.
        case object = 0x7B
        /// A JSON array.
        case array = 0x5B
        /// A string.
        case string = 0x22
        /// A whole number that fits 64 bits with a sign.
        case integer = 0x6C
        /// A whole number that fits 64 bits only without a sign.
        case unsigned = 0x75
        /// Any other number.
        case double = 0x64
        /// A truth value.
        case bool = 0x74
        /// Null.
        case null = 0x6E
    }

    /// What this value is.
    public var kind: Kind {
        Kind(rawValue: UInt8(bitPattern: unsafe cjson_type(element))) ?? .null
    }

    /// True for null.
    public var isNull: Bool { kind == .null }

    /// The truth value, if this is one.
    public var bool: Bool? {
        var value = false
        return unsafe cjson_bool(element, &value) ? value : nil
    }

    /// The whole number, if this is one that fits.
    public var integer: Int? {
        var number: Int64 = 0
        return unsafe cjson_int64(element, &number) ? Int(number) : nil
    }

    /// The number, if this is one.
    public var double: Double? {
        var number = 0.0
        return unsafe cjson_double(element, &number) ? number : nil
    }

    /// The string, if this is one.
    public var string: String? {
        withString { text in String(copying: text) }
    }

    /// The member of an object.
    ///
    /// - Parameter key: the member's name.
    /// - Returns: the first member of that name; nil if there is none or this is no object.
    public subscript(_ key: StaticString) -> JSONView? {
        var found = unsafe cjson_element(document: nil, index: 0)
        let isFound = key.withUTF8Buffer { buffer in
            unsafe buffer.withMemoryRebound(to: CChar.self) { name in
                unsafe cjson_member(element, name.baseAddress, name.count, &found)
            }
        }
        return isFound ? unsafe JSONView(element: found) : nil
    }

    /// The bytes of a string, without copying them.
    ///
    /// - Parameter body: called with the string's UTF-8.
    /// - Returns: what `body` returns; nil if this is no string.
    public func withString<R>(_ body: (Span<UInt8>) -> R) -> R? {
        var text: UnsafePointer<CChar>?
        var count = 0
        guard unsafe cjson_string(element, &text, &count) else { return nil }
        let raw = unsafe UnsafeRawBufferPointer(start: text, count: count)
        return unsafe raw.withMemoryRebound(to: UInt8.self) { buffer in body(unsafe buffer.span) }
    }

    /// The number of bytes of a string in UTF-8; nil if this is no string.
    public var stringByteCount: Int? {
        var text: UnsafePointer<CChar>?
        var count = 0
        return unsafe cjson_string(element, &text, &count) ? count : nil
    }

    /// Walks the members of an object in their order; does nothing if this is no object.
    public func forEachMember(_ body: (Span<UInt8>, JSONView) -> Void) {
        walk(wantsObject: true) { key, value in body(key, value) }
    }

    /// Walks the elements of an array in their order; does nothing if this is no array.
    public func forEachElement(_ body: (JSONView) -> Void) {
        walk(wantsObject: false) { _, value in body(value) }
    }

    private func walk(wantsObject: Bool, _ body: (Span<UInt8>, JSONView) -> Void) {
        var cursor = unsafe cjson_cursor()
        guard unsafe cjson_walk(element, &cursor), unsafe cursor.isObject == wantsObject else { return }
        var key: UnsafePointer<CChar>?
        var count = 0
        var value = unsafe cjson_element(document: nil, index: 0)
        while unsafe cjson_next(&cursor, &key, &count, &value) {
            let raw = unsafe UnsafeRawBufferPointer(start: key, count: wantsObject ? count : 0)
            unsafe raw.withMemoryRebound(to: UInt8.self) { buffer in
                unsafe body(buffer.span, JSONView(element: value))
            }
        }
    }
}
