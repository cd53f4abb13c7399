import Dialects
import Encodings
import Glibc

private func decode(_ bytes: [UInt8], pieceSize: Int) -> (DecodedResponse, [DecodedEvent]) {
    let decoder = Dialects.decoder(
        .openAIChat, head: ResponseHead(status: 0, contentType: ""), parser: JSONParser(limits: .standard),
        options: DecodingOptions(keepsText: true))
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

/// Feeds one of libFuzzer's inputs to the chat decoder; see Scripts/fuzz.
///
/// libFuzzer brings the program's entry.
///
/// The first byte says into how small pieces the rest is cut. Whatever the bytes are, the decoder must not trap, must judge
/// alike however they are cut, and must not keep more than its limits.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ length: Int) -> Int32 {
    let input = unsafe Array(UnsafeBufferPointer(start: start, count: length))
    guard let first = input.first else { return 0 }
    let body = Array(input.dropFirst())
    let (whole, wholeEvents) = decode(body, pieceSize: max(1, body.count))
    let (cut, cutEvents) = decode(body, pieceSize: Int(first) % 17 + 1)
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
