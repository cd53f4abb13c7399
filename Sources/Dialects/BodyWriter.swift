import Encodings

/// Writes the pieces of JSON bodies.
extension [UInt8] {
    /// Appends JSON as it stands.
    mutating func add(raw text: StaticString) {
        unsafe append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends a quoted text.
    mutating func add(quoted text: String) { JSONText.append(text, to: &self) }

    /// Appends a value.
    mutating func add(json value: JSONValue) { value.append(to: &self) }

    /// Appends `,"name":` and a value.
    mutating func add(member name: String, _ value: JSONValue) {
        append(0x2C)
        add(quoted: name)
        append(0x3A)
        value.append(to: &self)
    }

    /// Appends members, each after a comma, but for those that the target leaves out.
    mutating func add(extra target: RequestTarget) {
        for member in target.extra.members { add(member: member.key, member.value) }
    }
}
