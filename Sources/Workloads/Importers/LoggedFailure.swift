import Encodings

/// Tells logged requests that failed from those that were answered.
enum LoggedFailure {
    /// What such requests are called where they are counted.
    static let what = "failed requests"
    /// What importers that leave them out say of them.
    static let guess =
        "Requests that failed (an error, or an HTTP status from 400 on) are left out and counted when the import ends; "
        + "the time that they took is part of the wait before the next call."

    /// Whether a logged exchange holds an error in place of an answer.
    ///
    /// - Parameter value: the whole exchange, with what was answered in `response`, with or without a `body` around it.
    /// - Returns: true if it, the response or its body states an error, the type `error`, or a status of a failure.
    static func isStated(in value: JSONValue) -> Bool {
        let response = MessageReader.unpacked(value["response"])
        return [value, response, MessageLog.body(response)].compactMap { $0 }.contains { place in
            if isError(place["error"]) || place["type"]?.stringValue == "error" { return true }
            return ["status", "status_code", "statusCode", "http_status"].contains { isFailure(place[$0]) }
        }
    }

    /// Whether an error is stated: most logs have the member on every line.
    private static func isError(_ value: JSONValue?) -> Bool {
        switch value {
        case nil, .null?, .bool(false)?, .string("")?: false
        case .object(let object)?: !object.members.isEmpty
        case .array(let elements)?: !elements.isEmpty
        default: true
        }
    }

    private static func isFailure(_ status: JSONValue?) -> Bool {
        if let number = status?.doubleValue ?? status?.stringValue.flatMap(Double.init) { return number >= 400 }
        return ["error", "failure", "failed"].contains(status?.stringValue?.lowercased())
    }
}
