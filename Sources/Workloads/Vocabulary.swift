import Encodings

/// The words and tools that synthetic text is made of.
enum Vocabulary {
    /// Words of a program's world, each of them one token, with the space before it, in every tokenizer that was looked at.
    static let words = """
        account action address answer argument array batch bit block branch bridge buffer build cache call card cell \
        chain change channel check class clean client clock close cluster code color column command commit config \
        connect content context copy cost count cover cross cursor data database date decode default delay delete \
        depth detail device digest direct disk document domain driver edge element empty encode engine entry equal \
        error event example export failure feature field file filter final folder format frame function graph group \
        guard handle hash header height host image import index input insert install item iterate job join kernel key \
        label layer length level library limit line link list load lock log loop machine map margin mask match measure \
        member memory merge message method mode model module monitor mount move name network node note number object \
        offset open option order output owner package packet page panel parse part patch path pattern payload peer \
        pipeline pixel plan plugin point pointer policy pool port post prefix print process profile program project \
        prompt proxy queue range rate reader record region release remote render replay report request reset resolve \
        response result return review role root row rule run sample schema scope score screen script search section \
        segment select sender sequence server service session setting shape share signal size slice socket sort source \
        span split stack stage state status step storage store stream string style summary switch symbol sync system \
        table target task team template test text thread time timer token tool total trace track transfer tree trigger \
        type update upload usage user value variable vector verify version view visit volume wait warning watch weight \
        width window worker write zone
        """.split(separator: " ").map(String.init)

    /// Small words, the most usual ones several times; they are one token each as well, and make text as dense as English is.
    static let smallWords = """
        the the the of of to to a a in in is it on as at by or if an be we and and for not can has are was all any but its
        """.split(separator: " ").map(String.init)

    /// What salts are made of: words of one length, each one token.
    static let saltWords = Array(
        words.filter { $0.utf8.count == 5 && !["empty", "error", "final", "guard", "reset"].contains($0) }.prefix(64))

    /// Names of variables.
    private static let shortNames = "i j k n x y a b id key at by to".split(separator: " ").map { Array($0.utf8) }

    /// All words without anything between them, and where each begins; the small ones come last.
    private static let letters = Array((words + smallWords).joined().utf8)
    private static let starts = (words + smallWords).reduce(into: [0]) { $0.append(($0.last ?? 0) + $1.utf8.count) }

    /// How many numbers stand for the words and the small words, if so many of a hundred words are to be small.
    static func mixCount(smallPercent: Int) -> Int { words.count * 100 / (100 - smallPercent) }

    /// Appends a word by its number, a small one beyond the last; copying bytes is many times faster than going through texts.
    static func appendWord(_ number: Int, to bytes: inout [UInt8]) {
        let place = number < words.count ? number : words.count + (number - words.count) % smallWords.count
        bytes += letters[starts[place]..<starts[place + 1]]
    }

    /// Appends the name of a variable.
    static func appendShortName(_ number: Int, to bytes: inout [UInt8]) { bytes += shortNames[number] }

    /// The number of short names.
    static let shortNameCount = shortNames.count

    /// Lines of code in which `@` stands for a word, `^` for one with a capital, `~` for a short name and `#` for a number below
    /// 100: some tokenizers make a token of every digit.
    static let codeLines: [[UInt8]] = [
        "func @^(_ ~: Int) -> String {\n", "    let @ = @.@(~)\n", "    guard @ != ~ else { return nil }\n",
        "    for ~ in @.@ where ~ > # {\n", "        @.~(\"the @ of @\")\n", "    // the @ of the @ is a @\n",
        "    }\n",
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
