import CJSON

/// Checks JSON against a JSON Schema (draft 7, valijson).
public enum JSONSchema {
    /// What is wrong with an instance, at most about 4 KiB of it; empty if it fits.
    ///
    /// - Parameters:
    ///   - instance: a JSON text.
    ///   - schema: a JSON Schema as a JSON text.
    /// - Returns: one text per problem; nil if the schema itself, or the instance, cannot be read.
    public static func problems(in instance: [UInt8], schema: [UInt8]) -> [String]? {
        var report = [CChar](repeating: 0, count: 8192)
        let capacity = report.count
        let count = unsafe schema.withUnsafeBytes { schemaBytes in
            unsafe instance.withUnsafeBytes { instanceBytes in
                unsafe cjson_schema_check(
                    schemaBytes.baseAddress?.assumingMemoryBound(to: CChar.self), schemaBytes.count,
                    instanceBytes.baseAddress?.assumingMemoryBound(to: CChar.self), instanceBytes.count,
                    &report, capacity)
            }
        }
        guard count >= 0 else { return nil }
        let text = String(decoding: report.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.split(separator: "\n").map(String.init)
    }
}
