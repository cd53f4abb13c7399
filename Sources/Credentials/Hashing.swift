import CLibcrypto

/// SHA-256 (FIPS 180-4), by OpenSSL.
enum SHA256 {
    /// The 32 bytes of the hash of all segments, one after another.
    static func hash(_ segments: [[UInt8]]) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: 32)
        guard let hash = unsafe crypto_sha256_new() else { preconditionFailure("OpenSSL has no SHA-256") }
        for segment in segments {
            unsafe segment.withUnsafeBytes { unsafe crypto_sha256_add(hash, $0.baseAddress, $0.count) }
        }
        unsafe crypto_sha256_finish(hash, &result)
        return result
    }
}

/// Keyed hashes (RFC 2104) with SHA-256, by OpenSSL.
enum KeyedHash {
    /// The 32 bytes of the keyed hash.
    static func sha256(key: [UInt8], _ bytes: [UInt8]) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: 32)
        // OpenSSL takes a key without bytes only from a pointer that is not null.
        let padded = key + [0]
        unsafe padded.withUnsafeBytes { keyBytes in
            unsafe bytes.withUnsafeBytes { data in
                unsafe crypto_hmac_sha256(keyBytes.baseAddress, key.count, data.baseAddress, data.count, &result)
            }
        }
        return result
    }
}

/// Signatures of RSASSA-PKCS1-v1_5 with SHA-256 (RS256 of RFC 7518), by OpenSSL.
enum RSASignature {
    /// The signature of bytes; nil if the key cannot be read or is no RSA key.
    ///
    /// - Parameters:
    ///   - bytes: what is signed.
    ///   - key: a private key in PEM form.
    /// - Returns: as many bytes as the key's modulus has.
    static func sign(_ bytes: [UInt8], key: [UInt8]) -> [UInt8]? {
        var result = [UInt8](repeating: 0, count: 2048)
        let capacity = result.count
        let count = unsafe key.withUnsafeBytes { keyBytes in
            unsafe bytes.withUnsafeBytes { data in
                unsafe crypto_sign_rs256(
                    keyBytes.baseAddress, keyBytes.count, data.baseAddress, data.count, &result, capacity)
            }
        }
        return count > 0 ? Array(result.prefix(Int(count))) : nil
    }
}

/// Bytes as text.
enum ByteText {
    /// True if a secret can be the value of a header: something, and nothing but visible ASCII.
    static func fitsHeader(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
    }

    private static let digits = Array("0123456789abcdef".utf8)

    /// Hexadecimal digits in lower case.
    static func hexadecimal(_ bytes: [UInt8]) -> String {
        String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    private static let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

    /// Base64 with the alphabet for URLs and without padding (RFC 4648 §5).
    static func base64URL(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for place in 0...group.count { text.append(letters[Int(bits >> UInt32(18 - 6 * place)) & 63]) }
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Percent-encodes everything but letters, digits, `-`, `.`, `_`, `~` and what is excepted.
    static func percentEncoded(_ text: String, except: String = "") -> String {
        let upper = Array("0123456789ABCDEF")
        var result = ""
        for byte in text.utf8 {
            let scalar = UnicodeScalar(byte)
            let isPlain =
                scalar.isASCII
                && (("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
                    || "-._~".unicodeScalars.contains(scalar) || except.unicodeScalars.contains(scalar))
            if isPlain {
                result.unicodeScalars.append(scalar)
            } else {
                result += "%\(upper[Int(byte >> 4)])\(upper[Int(byte & 15)])"
            }
        }
        return result
    }
}
