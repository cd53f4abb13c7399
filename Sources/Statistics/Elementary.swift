import Glibc

/// The C library's elementary functions under one roof, so that no other file here needs to know where they come from.
enum Elementary {
    static func log(_ x: Double) -> Double { Glibc.log(x) }
    static func exp(_ x: Double) -> Double { Glibc.exp(x) }
    static func cos(_ x: Double) -> Double { Glibc.cos(x) }
    static func power(_ x: Double, _ y: Double) -> Double { Glibc.pow(x, y) }
    static func complementaryError(_ x: Double) -> Double { Glibc.erfc(x) }
    static func logGamma(_ x: Double) -> Double {
        var sign: Int32 = 0
        return unsafe lgamma_r(x, &sign)
    }
}
