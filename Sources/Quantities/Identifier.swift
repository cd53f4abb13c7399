/// A name that identifies one thing of a kind; the kind is part of the type, so names of different kinds do not mix.
public struct Identifier<Subject>: Hashable, Comparable, Sendable, Codable, CustomStringConvertible,
    ExpressibleByStringLiteral
{
    /// The name as it is written.
    public let rawValue: String

    /// Makes an identifier from its written form.
    public init(_ rawValue: String) {
        self.rawValue = rawValue
    }

    /// Makes an identifier from a literal.
    public init(stringLiteral value: String) {
        rawValue = value
    }

    /// Decodes a bare string.
    public init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(String.self)
    }

    /// Encodes a bare string.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }

    /// The name as it is written.
    public var description: String { rawValue }

    /// Orders identifiers by their bytes.
    public static func < (left: Identifier, right: Identifier) -> Bool {
        left.rawValue < right.rawValue
    }
}

/// The kind of thing that an endpoint identifier names.
public enum EndpointSubject {}
/// The kind of thing that a provider identifier names.
public enum ProviderSubject {}
/// The kind of thing that a session identifier names.
public enum SessionSubject {}
/// The kind of thing that a call identifier names.
public enum CallSubject {}

/// The name of one endpoint inside a plan.
public typealias EndpointIdentifier = Identifier<EndpointSubject>
/// The name of a provider document.
public typealias ProviderIdentifier = Identifier<ProviderSubject>
/// The name of a session inside a workload.
public typealias SessionIdentifier = Identifier<SessionSubject>
/// The name of a call inside a session.
public typealias CallIdentifier = Identifier<CallSubject>
