import Testing

@testable import Encodings

@Suite struct CSVReaderTests {
    private func rows(_ text: String, limit: Int = 1000) throws -> [[String]] {
        var reader = CSVReader(maximumRowBytes: limit)
        return try text.split(separator: "\n", omittingEmptySubsequences: false).compactMap { line in
            try reader.take(Array(line.utf8)[...])
        }
    }

    @Test(arguments: [
        ("a,b,c", [["a", "b", "c"]]),
        ("", [[""]]),
        (",,", [["", "", ""]]),
        (" a , b", [[" a ", " b"]]),
        (#""a,b","",c"#, [["a,b", "", "c"]]),
        (#""say ""hi""","""""#, [[#"say "hi""#, #"""#]]),
        ("\"two\nlines\",x\ny,z", [["two\nlines", "x"], ["y", "z"]]),
        ("\"\n\n\"", [["\n\n"]]),
        ("é,\"日\"", [["é", "日"]]),
    ])
    func `rows are cut at commas outside quotes`(text: String, expected: [[String]]) throws {
        #expect(try rows(text) == expected)
    }

    @Test(arguments: [
        (#"a"b,c"#, CSVError.strayQuote(field: 1)), (#"x,"a"b"#, .strayQuote(field: 2)),
        ("\"" + String(repeating: "x", count: 2000), .rowTooLong(limitBytes: 1000)),
        ("\"" + String(repeating: "x\n", count: 1000), .rowTooLong(limitBytes: 1000)),
    ])
    func `broken rows are refused`(text: String, expected: CSVError) {
        #expect(throws: expected) { try rows(text) }
    }

    @Test func `after an error the next line is a new row`() throws {
        var reader = CSVReader()
        #expect(throws: CSVError.self) { try reader.take(Array(#"1,2"3"#.utf8)[...]) }
        #expect(try reader.take(Array("4,5".utf8)[...]) == ["4", "5"])
        #expect(!reader.isInsideRow)
        #expect(try reader.take(Array("\"6".utf8)[...]) == nil)
        #expect(reader.isInsideRow)
    }

    @Test func `what was written is read again`() throws {
        let texts = ["plain", "a,b", "say \"hi\"", "two\nlines", ""]
        let row = CSV.row(texts.map { .text($0) })
        #expect(try rows(String(row.dropLast())) == [texts])
    }
}
