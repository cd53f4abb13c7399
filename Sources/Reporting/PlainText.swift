/// Text of strangers made harmless for the place where it is shown.
public enum PlainText {
    /// Control and direction-changing characters become `�`, so that nothing can move the cursor or hide text.
    public static func forTerminal(_ text: String) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            result.append(isHarmless(scalar) ? scalar : "\u{FFFD}")
        }
        return String(result)
    }

    /// Also escapes what Markdown or HTML would read as markup.
    public static func forMarkdown(_ text: String) -> String {
        var result = ""
        for character in forTerminal(text) {
            switch character {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "|", "\\", "`", "*", "_", "[", "]", "#", "~": result += "\\\(character)"
            default: result.append(character)
            }
        }
        return result
    }

    private static func isHarmless(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0: false
        case 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF: false
        default: true
        }
    }
}
