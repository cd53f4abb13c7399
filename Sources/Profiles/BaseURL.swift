/// What a base URL must be, before and after the names in braces have got their values.
enum BaseURL {
    /// What is wrong with a URL; nil if nothing is.
    static func fault(_ text: String) -> String? {
        guard let scheme = ["https://", "http://"].first(where: { text.hasPrefix($0) }) else {
            return "must begin with https:// or http://"
        }
        if let fault = blankFault(text) ?? braceFault(text) { return fault }
        if ProviderProfile.hasModel(text) { return "has '{model}', which is put into 'path' only" }
        if text.contains(where: { $0 == "?" || $0 == "#" }) {
            return "must have neither a query nor a fragment; a query can stand in 'path' of the provider document"
        }
        return authorityFault(text.dropFirst(scheme.count).prefix { $0 != "/" && $0 != "\\" })
    }

    /// What is wrong with a path; nil if nothing is.
    static func pathFault(_ text: String) -> String? { blankFault(text) ?? braceFault(text) }

    /// A URL without the slashes at its end, since a path begins with one.
    static func trimmed(_ text: String) -> String {
        var text = text
        // The slashes of a scheme are no end: without them it would not be told as one.
        while text.hasSuffix("/"), !text.hasSuffix("://") { text.removeLast() }
        return text
    }

    private static func blankFault(_ text: String) -> String? {
        text.unicodeScalars.contains { $0.properties.isWhitespace || $0.value < 0x20 || $0.value == 0x7F }
            ? "must have no blanks" : nil
    }

    private static func braceFault(_ text: String) -> String? {
        var name: String?
        for character in text {
            switch (character, name) {
            case ("{", nil): name = ""
            case ("{", _?): return "has a '{' without its '}'"
            case ("}", nil): return "has a '}' without its '{'"
            case ("}", ""?): return "has braces without a name"
            case ("}", _?): name = nil
            case (_, let open?): name = open + String(character)
            case (_, nil): break
            }
        }
        return name == nil ? nil : "has a '{' without its '}'"
    }

    private static func authorityFault(_ authority: Substring) -> String? {
        if authority.contains("@") {
            return "must have no user and no password; secrets belong under 'authentication'"
        }
        var host = authority
        var port: Substring?
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return addressFault }
            host = authority[...end].dropFirst().dropLast()
            let rest = authority[end...].dropFirst()
            guard rest.isEmpty || rest.hasPrefix(":") else { return addressFault }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            port = authority[colon...].dropFirst()
            if port?.contains(":") == true { return addressFault }
        }
        if host.isEmpty { return "must name a host" }
        guard let port, !(port.hasPrefix("{") && port.hasSuffix("}")) else { return nil }
        guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(port),
            (1...65_535).contains(number)
        else {
            return "has the port '\(port.prefix(20))'; a port is a number from 1 to 65535"
        }
        return nil
    }

    private static let addressFault = "must have an IPv6 address in brackets, such as http://[::1]:8000"
}
