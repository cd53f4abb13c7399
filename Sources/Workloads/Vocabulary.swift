import Encodings

/// The words and tools that synthetic text is made of.
enum Vocabulary {
    static let words = """
        account action address answer array argument balance batch block branch buffer build cache call chain change channel \
        check class client close cluster code column command commit config connect content context copy count cursor data \
        database date deadline decode default delay delete depth detail device digest disk document domain driver edge element \
        encode engine entry error event example export failure feature field file filter final folder format frame function \
        gateway graph group guard handle hash header height host image import index input insert install item iterate job join \
        kernel key label latency layer length level library limit line link list load lock log loop machine map margin mask \
        match measure member memory merge message method metric mode model module monitor mount move name network node note \
        number object offset open option order output owner package packet page panel parse part patch path pattern payload \
        peer pipeline pixel plan plugin point pointer policy pool port post prefix print process profile program project prompt \
        proof proxy queue range rank rate reader record region release remote render replay report request reset resolve \
        response result retry return review role rollback root route row rule run sample schema scope score screen script \
        search section segment select sender sequence server service session setting shape share shard signal size slice \
        socket sort source span split stack stage state status step storage store stream string style summary switch symbol \
        sync system table target task team template tenant test text thread time timer token tool topic total trace track \
        transfer tree trigger type update upload usage user value variable vector verify version view visit volume wait warning \
        watch weight width window worker write zone
        """.split(separator: " ").map(String.init)

    /// All words without anything between them, and where each begins.
    private static let letters = Array(words.joined().utf8)
    private static let starts = words.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.utf8.count) }

    /// Appends a word by its number; copying bytes is many times faster than going through texts.
    static func appendWord(_ number: Int, to bytes: inout [UInt8]) {
        bytes += letters[starts[number]..<starts[number + 1]]
    }

    /// Lines of code in which `@` stands for a word, `^` for one with a capital, `#` for a number below 1000.
    static let codeLines: [[UInt8]] = [
        "func @^(_ @: Int) -> String {\n", "    let @ = @(@, #)\n", "    guard @ != @ else { return nil }\n",
        "    for @ in @.@ where @ > # {\n", "        @.@(\"@ @\")\n", "    // @ the @ before the @ @\n", "    }\n",
    ].map { Array($0.utf8) }

    static let tools: [ToolDefinition] = [
        tool(
            "read_file", "Reads a file of the workspace. ", [("path", text), ("offset", number), ("limit", number)], 1),
        tool(
            "run_command", "Runs a shell command in the workspace. ", [("command", text), ("timeout_seconds", number)],
            1),
        tool("edit_file", "Replaces text in a file. ", [("path", text), ("old_text", text), ("new_text", text)], 3),
        tool(
            "search_code", "Searches the workspace. ",
            [("pattern", text), ("mode", ["type": "string", "enum": ["text", "regex"]])], 1),
        tool("write_file", "Writes a whole file. ", [("path", text), ("content", text)], 2),
        tool("list_files", "Lists the files of a folder. ", [("path", text), ("recursive", ["type": "boolean"])], 1),
        tool("update_plan", "Notes the steps that remain. ", [("steps", ["type": "array", "items": text])], 1),
        tool("fetch_page", "Reads a page of the documentation. ", [("address", text)], 1),
    ]

    private static let text: JSONValue = ["type": "string"]
    private static let number: JSONValue = ["type": "integer", "minimum": 1, "maximum": 2000]

    private static func tool(
        _ name: String, _ description: String, _ properties: [(String, JSONValue)], _ requiredCount: Int
    ) -> ToolDefinition {
        let required = properties.prefix(requiredCount).map { JSONValue.string($0.0) }
        return ToolDefinition(
            name: name, description: description,
            parameters: [
                "type": "object", "properties": .object(JSONObject(properties)), "required": .array(required),
                "additionalProperties": false,
            ])
    }
}
