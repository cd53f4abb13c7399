import Glibc

/// The natural logarithm, which Swift has only by way of the C library.
enum Natural {
    /// Minus infinity at zero.
    static func logarithm(_ value: Double) -> Double { log(value) }
}
