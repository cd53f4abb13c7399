/// The cyclic redundancy check of zlib, PNG and Amazon's event stream (CRC-32/ISO-HDLC: reflected polynomial 0xEDB88320).
public struct CRC32: Hashable, Sendable {
    private var state: UInt32 = 0xFFFF_FFFF

    /// The check of no bytes.
    public init() {}

    /// The check of some bytes.
    public init(_ bytes: some Sequence<UInt8>) {
        for byte in bytes { add(byte) }
    }

    /// Takes one more byte.
    public mutating func add(_ byte: UInt8) {
        state = (state >> 8) ^ Self.table[Int((state ^ UInt32(byte)) & 0xFF)]
    }

    /// The check of all bytes so far.
    public var value: UInt32 { ~state }

    private static let table: [UInt32] = (0..<256).map { index in
        (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? (value >> 1) ^ 0xEDB8_8320 : value >> 1 }
    }
}
