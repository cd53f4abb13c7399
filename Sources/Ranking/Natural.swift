import Glibc

/// Elementary functions, which Swift has only by way of the C library.
enum Natural {
    /// A power with a whole exponent.
    static func power(_ base: Double, _ exponent: Int) -> Double { pow(base, Double(exponent)) }

    /// Minus infinity at zero.
    static func logarithm(_ value: Double) -> Double { log(value) }
}
