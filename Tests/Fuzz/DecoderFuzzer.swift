import Dialects
import Encodings
import Glibc
import Quantities

private func decode(
    _ bytes: [UInt8], pieceSize: Int, _ dialect: DialectName, _ options: DecodingOptions
) -> (DecodedResponse, [DecodedEvent]) {
    let decoder = Dialects.decoder(
        dialect, head: ResponseHead(status: 0, contentType: ""), parser: JSONParser(limits: .standard), options: options
    )
    var events: [DecodedEvent] = []
    var position = 0
    while position < bytes.count {
        let end = min(bytes.count, position + pieceSize)
        decoder.consume(Array(bytes[position..<end]).span) { events.append($0) }
        position = end
    }
    let response = decoder.finish(.complete) { events.append($0) }
    return (response, events)
}

/// Ends the program with a text; libFuzzer then keeps the input.
private func require(_ condition: Bool, _ text: @autoclosure () -> String) {
    guard !condition else { return }
    print(text())
    unsafe fflush(nil)
    abort()
}

/// Feeds one of libFuzzer's inputs to a decoder; see Scripts/fuzz.
///
/// libFuzzer brings the program's entry.
///
/// The first byte says into how small pieces the rest is cut, the second which dialect it is and how it is read. Whatever the
/// bytes are, a decoder must not trap, must judge alike however they are cut, and must not keep more than its limits.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ length: Int) -> Int32 {
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: length))
    guard input.count >= 2 else { return 0 }
    let body = Array(input.dropFirst(2))
    let choice = Int(input[1])
    let dialect = DialectName.allCases[choice % DialectName.allCases.count]
    let options = DecodingOptions(
        keepsText: true, accumulation: StreamAccumulation.allCases[choice / 8 % 3],
        reasoningTag: choice >= 128 ? "think" : nil)
    let (whole, wholeEvents) = decode(body, pieceSize: max(1, body.count), dialect, options)
    let (cut, cutEvents) = decode(body, pieceSize: Int(input[0]) % 17 + 1, dialect, options)
    require(whole == cut, "a response depends on how it is cut: \(whole) and \(cut)")
    require(wholeEvents == cutEvents, "events depend on how a response is cut: \(wholeEvents) and \(cutEvents)")
    require(whole.text.utf8.count <= (4 << 20) + 4, "too much text is kept")
    require(whole.toolCalls.count <= 256, "too many tool calls are kept")
    return 0
}

@_silgen_name("LLVMFuzzerRunDriver")
private func runDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

/// SwiftPM makes this symbol the program's entry, in place of libFuzzer's own.
@_cdecl("fuzz_main")
public func fuzzMain(_ count: Int32, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Int32 {
    var (count, arguments) = unsafe (count, arguments)
    return unsafe runDriver(&count, &arguments) { unsafe testOneInput($0, $1) }
}
