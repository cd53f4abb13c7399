import Encodings
import Quantities

/// What the chunks of Google's Gemini API mean (protocols.md §6.2).
///
/// Usage is cumulative and may change up to the last chunk. Calls of functions come whole, or, with streamed arguments, as
/// values for paths of the arguments.
struct GeminiInterpreter: StreamInterpreter {
    /// A call whose arguments come in pieces.
    private struct OpenCall {
        let place: Int
        var arguments = StreamedArguments()
    }

    private var callCount = 0
    private var open: OpenCall?

    mutating func take(
        _ name: String, _ root: JSONView, isWhole: Bool, _ answer: inout AnswerAssembly,
        _ handle: (DecodedEvent) -> Void
    ) {
        if let error = root["error"], !error.isNull {
            return answer.fail(ErrorTaxonomy.readInStream(root), handle)
        }
        var isKnown = false
        answer.noteOrigin(model: root["modelVersion"]?.string, identifier: root["responseId"]?.string)
        var isFirst = true
        root["candidates"]?.forEachElement { candidate in
            guard isFirst else { return }
            isFirst = false
            isKnown = takeCandidate(candidate, &answer, handle) || isKnown
        }
        if let view = root["usageMetadata"], let usage = UsageReader.gemini(view) {
            answer.noteUsage(usage, source: view, handle)
            answer.noteFingerprint(view["trafficType"]?.string)
            isKnown = true
        }
        if let reason = root["promptFeedback"]?["blockReason"]?.string {
            isKnown = true
            answer.isTerminated = true
            answer.fail(ProviderError(outcome: .contentFilter, message: "the prompt was blocked: \(reason)"), handle)
        }
        if !isKnown { handle(.other) }
    }

    private mutating func takeCandidate(
        _ candidate: JSONView, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void
    ) -> Bool {
        var hasContent = false
        candidate["content"]?["parts"]?.forEachElement { part in
            hasContent = takePart(part, &answer, handle) || hasContent
        }
        guard let reason = candidate["finishReason"]?.string, !reason.isEmpty else { return hasContent }
        answer.noteFinish(reason, handle)
        return true
    }

    private mutating func takePart(
        _ part: JSONView, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void
    ) -> Bool {
        if let call = part["functionCall"] { return takeCall(call, &answer, handle) }
        return answer.take(part["text"], part["thought"]?.bool == true ? .reasoning : .text, handle)
    }

    private mutating func takeCall(
        _ call: JSONView, _ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void
    ) -> Bool {
        let name = call["name"]?.string ?? ""
        if !name.isEmpty {
            close(&answer)
            guard let place = answer.toolCall(callCount) else { return false }
            callCount += 1
            answer.name(place, identifier: call["id"]?.string, name: name, handle)
            if let arguments = call["args"] {
                answer.arguments(place, arguments, handle)
            } else if call["willContinue"]?.bool == true || call["partialArgs"] != nil {
                open = OpenCall(place: place)
            }
        }
        guard open != nil else { return !name.isEmpty }
        var hasContent = !name.isEmpty
        call["partialArgs"]?.forEachElement { piece in
            guard let size = open?.arguments.take(piece), size > 0 else { return }
            hasContent = true
            answer.noteStreamedArgument(byteCount: size, handle)
        }
        if call["willContinue"]?.bool != true { close(&answer) }
        return hasContent
    }

    /// Ends the call whose arguments came in pieces.
    private mutating func close(_ answer: inout AnswerAssembly) {
        guard let open else { return }
        answer.setArguments(open.place, open.arguments.value.serialized())
        self.open = nil
    }

    mutating func finish(_ answer: inout AnswerAssembly, _ handle: (DecodedEvent) -> Void) { close(&answer) }
}

/// Arguments that are put together from values for JSON paths such as `$.location` or `$.items[0].name`.
private struct StreamedArguments {
    private(set) var value = JSONValue.object(JSONObject())
    private var byteCount = 0

    private enum Step {
        case member(String)
        case element(Int)
    }

    /// Takes one piece and returns its size; zero if it brings nothing or is past the limit.
    mutating func take(_ piece: JSONView) -> Int {
        let path = Self.steps(piece["jsonPath"]?.string ?? "")
        guard !path.isEmpty, path.count <= 16 else { return 0 }
        let text = piece["stringValue"]?.string
        let found: JSONValue? =
            text.map { .string($0) } ?? piece["numberValue"].map { JSONValue($0) } ?? piece["boolValue"].map {
                JSONValue($0)
            }
            ?? (piece["nullValue"] == nil ? nil : .null)
        guard let found else { return 0 }
        let size = text?.utf8.count ?? found.serialized().count
        guard byteCount + size <= AnswerAssembly.maximumKeptBytes else { return 0 }
        byteCount += size
        value = Self.setting(found, at: path[...], in: value)
        return size
    }

    /// A text that stands there already is continued.
    private static func setting(_ found: JSONValue, at path: ArraySlice<Step>, in value: JSONValue) -> JSONValue {
        guard let step = path.first else {
            if case .string(let before) = value, case .string(let more) = found { return .string(before + more) }
            return found
        }
        switch step {
        case .member(let name):
            var object = value.objectValue ?? JSONObject()
            object[name] = setting(found, at: path.dropFirst(), in: object[name] ?? .null)
            return .object(object)
        case .element(let index):
            var array = value.arrayValue ?? []
            guard index <= 1000 else { return value }
            while array.count <= index { array.append(.null) }
            array[index] = setting(found, at: path.dropFirst(), in: array[index])
            return .array(array)
        }
    }

    private static func steps(_ path: String) -> [Step] {
        guard path.hasPrefix("$") else { return [] }
        return path.dropFirst().split { $0 == "." || $0 == "[" }.map { part in
            guard part.hasSuffix("]") else { return .member(String(part)) }
            let inner = part.dropLast()
            if let index = Int(inner), index >= 0 { return .element(index) }
            return .member(inner.filter { $0 != "'" && $0 != "\"" })
        }
    }
}
