import Testing

@testable import Encodings

@Suite struct EventStreamWriterTests {
    /// The frames of protocols.md §4.5, which two independent implementations built.
    @Test func `messages are those of the golden frames, byte for byte`() {
        let golden = [
            (
                EventStreamWriter.event("messageStart", payload: Array(#"{"p":"abcd","role":"assistant"}"#.utf8)),
                "00000081000000526cc176930b3a6576656e742d7479706507000c6d65737361676553746172740d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b2270223a2261626364222c22726f6c65223a22617373697374616e74227df512a005"
            ),
            (
                EventStreamWriter.event(
                    "contentBlockDelta",
                    payload: Array(#"{"contentBlockIndex":0,"delta":{"text":"Hi"},"p":"ab"}"#.utf8)),
                "0000009d00000057b9bbf89f0b3a6576656e742d74797065070011636f6e74656e74426c6f636b44656c74610d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e747b22636f6e74656e74426c6f636b496e646578223a302c2264656c7461223a7b2274657874223a224869227d2c2270223a226162227d8b38b268"
            ),
            (
                EventStreamWriter.exception(
                    "throttlingException",
                    payload: Array(#"{"message":"Too many tokens, please wait before trying again."}"#.utf8)),
                "000000b0000000614f5086b30f3a657863657074696f6e2d747970650700137468726f74746c696e67457863657074696f6e0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d74797065070009657863657074696f6e7b226d657373616765223a22546f6f206d616e7920746f6b656e732c20706c656173652077616974206265666f726520747279696e6720616761696e2e227df70ae57f"
            ),
            (EventStreamWriter.message([]), "000000100000000005c248eb7d98c8ff"),
        ]
        for (bytes, expected) in golden {
            let digits = Array("0123456789abcdef")
            #expect(String(bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }) == expected)
        }
    }

    @Test func `the check is that of the published example`() {
        #expect(CRC32("123456789".utf8).value == 0xCBF4_3926)
        #expect(CRC32([]).value == 0)
    }

    @Test func `a header of another type is written as it is given`() {
        let bytes = EventStreamWriter.message([("x", .other(0, [])), ("y", .other(4, [0, 0, 0, 9]))])
        #expect(Array(bytes[12..<(bytes.count - 4)]) == [1, 0x78, 0, 1, 0x79, 4, 0, 0, 0, 9])
    }
}
