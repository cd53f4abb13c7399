import Testing

@testable import Encodings

@Suite struct JSONTests {
    @Test(arguments: [
        #"{"a":[1,-2,3.5,true,false,null,"x"],"b":{}}"#, "[]", #""é\n\"\\""#, "12345678901234", #"{"b":1,"a":2}"#,
    ])
    func `a text survives parsing and writing`(text: String) throws {
        #expect(try JSONValue(parsing: Array(text.utf8)).text() == text)
    }

    @Test(arguments: ["", "{", "[1,]", "{\"a\":1,}", "nul", "\"a", "01", "[1] x", "{'a':1}", "\"\u{1}\""])
    func `what is not JSON is refused`(text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array(text.utf8)) }
    }

    @Test func `broken UTF-8, deep nesting and long texts are refused`() {
        #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22]) }
        let deep = [UInt8](repeating: 0x5B, count: 2000) + [UInt8](repeating: 0x5D, count: 2000)
        #expect(throws: JSONError.self) { try JSONValue(parsing: deep) }
        let limits = JSONLimits(maximumBytes: 10, maximumDepth: 5)
        #expect(throws: JSONError.self) { try JSONValue(parsing: Array("[1,2,3,4,5,6]".utf8), limits: limits) }
    }

    @Test func `control characters are escaped`() throws {
        let text = (0..<0x80).compactMap { UnicodeScalar($0).map(String.init) }.joined()
        var bytes: [UInt8] = []
        JSONText.append(text, to: &bytes)
        #expect(try JSONValue(parsing: bytes) == .string(text))
    }

    @Test func `a schema finds what does not fit and admits what does`() {
        let schema = Array(#"{"type":"object","required":["p"],"properties":{"p":{"enum":["a","b"]}}}"#.utf8)
        #expect(JSONSchema.problems(in: Array(#"{"p":"a"}"#.utf8), schema: schema) == [])
        #expect(JSONSchema.problems(in: Array(#"{"p":"c"}"#.utf8), schema: schema)?.isEmpty == false)
        #expect(JSONSchema.problems(in: Array("{}".utf8), schema: schema)?.isEmpty == false)
        #expect(JSONSchema.problems(in: Array("{".utf8), schema: schema) == nil)
    }
}

@Suite struct CSVTests {
    @Test func `fields are quoted, and formulas are disarmed`() {
        let row = CSV.row([.text("a,b"), .text("say \"hi\""), .text("=1+1"), .number("-3"), .empty])
        #expect(row == "\"a,b\",\"say \"\"hi\"\"\",'=1+1,-3,\r\n")
    }
}

@Suite struct YAMLTests {
    @Test func `values carry their places`() throws {
        let (root, _) = try YAMLDocument.parse(Array("a: 1\nb:\n  - 'x'\n".utf8))
        guard case .mapping(let entries) = root.content else { return #expect(Bool(false), "not a mapping") }
        #expect(entries.map(\.key) == ["a", "b"])
        #expect(entries[1].mark == YAMLMark(line: 2, column: 1))
        guard case .sequence(let items) = entries[1].value.content else { return #expect(Bool(false), "not a list") }
        #expect(items[0] == YAMLNode(mark: YAMLMark(line: 3, column: 5), content: .scalar("x", isPlain: false)))
    }

    @Test(arguments: [
        ("a: &x 1\nb: *x\n", "anchors"), ("a: !!str 1\n", "tags"), ("a: 1\n---\nb: 2\n", "second document"),
        ("a: [1\n", "not valid YAML"), ("a:\t- b: c\n\t d\n", "not valid YAML"),
        (String(repeating: "[", count: 10_000_000 / 4), "nested deeper"),
    ])
    func `what is not allowed is refused with its reason`(text: String, reason: String) {
        let error = #expect(throws: YAMLError.self) { try YAMLDocument.parse(Array(text.utf8)) }
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "none")")
    }

    @Test func `a duplicate key is reported with both places`() throws {
        let (_, duplicates) = try YAMLDocument.parse(Array("a: 1\nb: 2\na: 3\n".utf8))
        #expect(duplicates.map(\.mark) == [YAMLMark(line: 3, column: 1)])
        #expect(duplicates.first?.message.contains("1:1") == true)
    }
}
