import Encodings
import Quantities
import Statistics

/// Tools that a profile offers by name, and how often each is called.
struct ToolSet: Sendable {
    /// What the descriptions are drawn out from.
    let definitions: [ToolDefinition]
    private let weights: Distribution

    private init(_ tools: [(weight: Double, definition: ToolDefinition)]) {
        definitions = tools.map(\.definition)
        weights = .mixture(
            tools.enumerated().map { place, tool in .init(weight: tool.weight, .constant(Double(place))) })
    }

    /// Draws the name of a tool that is called.
    func name(using random: inout SeededGenerator) -> String {
        definitions[Int(weights.sample(using: &random))].name
    }

    /// The tools as an asset of a size that a session's prefix names.
    ///
    /// - Parameters:
    ///   - identifier: the asset's name.
    ///   - tokens: its size, which the descriptions are drawn out to; at least that of the definitions.
    /// - Returns: the asset; equal names and sizes give equal bytes.
    func asset(_ identifier: String, tokens: TokenCount) -> Asset {
        var synthesizer = TextSynthesizer(seed: Seed(0).derived("tools/" + identifier))
        return Asset(
            identifier: identifier, tokens: tokens,
            content: .tools(
                synthesizer.tools(definitions, centitokens: ApproximateTokenizer().centitokens(tokens))))
    }

    /// The one tool of small coding agents.
    static let shell = ToolSet([
        (1, tool("bash", "Runs a command in a shell of the repository. ", [("command", text)]))
    ])

    /// What the assistant of a shop can look up and change; the arguments are strict.
    static let shop = ToolSet([
        (
            16,
            tool(
                "find_customer", "Finds a customer by one of the details that a caller gives. ",
                [("by", choice("email", "phone", "order_id")), ("value", text)])
        ),
        (18, tool("get_order", "Reads an order with its items, payments and parcels. ", [("order_id", text)])),
        (
            8,
            tool(
                "list_orders", "Lists the orders of a customer, newest first. ",
                [
                    ("customer_id", text), ("state", choice("any", "open", "sent", "delivered", "returned")),
                    ("limit", whole(1, 50)),
                ])
        ),
        (
            10,
            tool(
                "search_products", "Searches what is sold, and says what is in stock. ",
                [("words", text), ("in_stock_only", flag), ("limit", whole(1, 20))])
        ),
        (8, tool("search_policy", "Finds the rules that apply to a question. ", [("question", text)])),
        (
            6,
            tool(
                "cancel_order", "Cancels an order that was not sent yet. ",
                [
                    ("order_id", text), ("reason", choice("changed_mind", "ordered_twice", "too_late", "other")),
                    ("is_confirmed", flag),
                ])
        ),
        (
            6,
            tool(
                "change_address", "Changes where an order is sent. ",
                [
                    ("order_id", text),
                    (
                        "address",
                        object([
                            ("street", text), ("city", text), ("postal_code", text),
                            ("country", choice("DE", "FR", "GB", "JP", "US")),
                        ])
                    ), ("is_confirmed", flag),
                ])
        ),
        (
            8,
            tool(
                "exchange_items", "Exchanges items of a delivered order for others. ",
                [
                    ("order_id", text), ("items", list(object([("item_id", text), ("new_item_id", text)]))),
                    ("payment_method", choice("original", "voucher", "card")), ("is_confirmed", flag),
                ])
        ),
        (
            8,
            tool(
                "return_items", "Takes items of a delivered order back. ",
                [
                    ("order_id", text), ("item_ids", list(text)), ("refund_to", choice("original", "voucher")),
                    ("is_confirmed", flag),
                ])
        ),
        (
            4,
            tool(
                "pay_back", "Pays an amount back for an order. ",
                [
                    ("order_id", text), ("amount_cents", whole(1, 100_000)),
                    ("reason", choice("damaged", "late", "missing", "goodwill")),
                ])
        ),
        (4, tool("calculate", "Works out a sum. ", [("expression", text)])),
        (
            2,
            tool(
                "call_back", "Notes that somebody has to call the customer back. ",
                [("customer_id", text), ("in_hours", whole(1, 72)), ("subject", text)])
        ),
        (2, tool("hand_over", "Hands the caller over to a person. ", [("summary", text)])),
    ])

    private static let text: JSONValue = ["type": "string"]
    private static let flag: JSONValue = ["type": "boolean"]

    private static func whole(_ least: Int, _ most: Int) -> JSONValue {
        ["type": "integer", "minimum": .integer(least), "maximum": .integer(most)]
    }

    private static func choice(_ values: JSONValue...) -> JSONValue { ["type": "string", "enum": .array(values)] }

    private static func list(_ item: JSONValue) -> JSONValue { ["type": "array", "items": item] }

    private static func object(_ members: [(String, JSONValue)]) -> JSONValue {
        [
            "type": "object", "properties": .object(JSONObject(members)),
            "required": .array(members.map { .string($0.0) }), "additionalProperties": false,
        ]
    }

    private static func tool(
        _ name: String, _ description: String, _ members: [(String, JSONValue)]
    ) -> ToolDefinition {
        ToolDefinition(name: name, description: description, parameters: object(members))
    }
}
