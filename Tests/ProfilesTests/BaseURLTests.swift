import Testing

@testable import Profiles

/// The problems of a plan with one endpoint, by the base URL of its provider or of the endpoint itself.
private func problems(
    provider: String = "http://127.0.0.1:1", endpoint: String? = nil, parameters: String = "", path: String? = nil
) -> [String] {
    let own = endpoint.map { ", base_url: \"\($0)\"" } ?? ""
    let texts = [
        "a.yaml": """
        submeter: provider
        version: 1
        name: a
        delivery_path: self-hosted
        dialect: openai-chat
        base_url: "\(provider)"
        \(path.map { "path: \"\($0)\"" } ?? "")
        models: [{name: m, id: m}]
        """,
        "w.yaml": "submeter: workload\nversion: 1\nname: w\ngenerator: coding-S\n",
        "p.yaml": """
        submeter: plan
        version: 1
        name: p
        model: m
        providers: [a.yaml]
        workload: w.yaml
        endpoints: [{provider: a\(own)\(parameters.isEmpty ? "" : ", parameters: {\(parameters)}")}]
        """,
    ]
    do throws(Problems) {
        _ = try DocumentSet(planFile: "p.yaml") { texts[$0].map { Array($0.utf8) } }
        return []
    } catch {
        return error.list.map(\.description)
    }
}

@Suite struct BaseURLTests {
    static let faults: [(url: String, message: String)] = [
        ("", "must begin with https:// or http://"), ("127.0.0.1:80", "must begin with https:// or http://"),
        ("ftp://x", "must begin with https:// or http://"), ("http://", "must name a host"),
        ("https:///v1", "must name a host"), ("http://:80/v1", "must name a host"),
        ("http://x:99999", "has the port '99999'; a port is a number from 1 to 65535"),
        ("http://x:0/v1", "has the port '0'"), ("http://x:/v1", "has the port ''"),
        ("http://x:+80", "has the port '+80'"),
        ("http://x:8o", "has the port '8o'"), ("http://[::1]:70000", "has the port '70000'"),
        ("http://::1/v1", "must have an IPv6 address in brackets, such as http://[::1]:8000"),
        ("http://[::1/v1", "must have an IPv6 address in brackets"),
        ("http://x/v1?key=1", "must have neither a query nor a fragment"),
        ("http://x/v1#a", "must have neither a query nor a fragment"),
        ("///", "must begin with https:// or http://"), ("http://x y/v1", "must have no blanks"),
        ("http://x/v1 ", "must have no blanks"),
        ("http://me:word@x/v1", "must have no user and no password; secrets belong under 'authentication'"),
        ("http://{region/v1", "has a '{' without its '}'"), ("http://region}/v1", "has a '}' without its '{'"),
        ("http://x/{}", "has braces without a name"),
        ("http://x/{model}", "has '{model}', which is put into 'path' only"),
    ]

    @Test(arguments: faults)
    func `a base URL that cannot be one is refused with its place, at a provider and at an endpoint`(
        url: String, message: String
    ) {
        let atProvider = problems(provider: url)
        #expect(atProvider.count == 1, "\(atProvider)")
        #expect(atProvider.first?.hasPrefix("a.yaml:6:11: base_url: \(message)") == true, "\(atProvider)")
        let atEndpoint = problems(endpoint: url)
        #expect(atEndpoint.count == 1, "\(atEndpoint)")
        #expect(atEndpoint.first?.hasPrefix("p.yaml:7:37: endpoints[0].base_url: \(message)") == true, "\(atEndpoint)")
        #expect(!(atProvider + atEndpoint).joined().contains("word@"))
    }

    @Test(arguments: [
        "http://x", "https://x.example/v1/", "http://127.0.0.1:65535/v1", "http://[::1]:8000/v1", "http://[fe80::1]",
        "http://x:1", "https://x/a-b/~c/%20d", "http://xn--bcher-kva.example",
    ])
    func `a base URL that can be one is allowed`(url: String) {
        #expect(problems(provider: url) == [] && problems(endpoint: url) == [])
    }

    static let filled: [(provider: String, parameters: String, expected: [String])] = [
        ("https://{host}/v1", "host: a.example", []), ("https://a:{port}/v1", "port: \"8000\"", []),
        (
            "https://a:{port}/v1", "port: x",
            [
                "p.yaml:7:13: endpoints.a: has the URL 'https://a:x/v1', which has the port 'x'; a port is a number from 1 "
                    + "to 65535"
            ]
        ),
        (
            "https://{host}/v1", "host: \"a?key=1\"",
            [
                "p.yaml:7:13: endpoints.a: has the URL 'https://a', which must have neither a query nor a fragment; a query "
                    + "can stand in 'path' of the provider document"
            ]
        ),
    ]

    @Test func `a URL that is wrong hides no parameter that is missing, and shows no password`() {
        let found = problems(provider: "https://{host}/v1", parameters: "host: \"me:word@x\"", path: "/{deployment}")
        #expect(
            found == [
                "p.yaml:7:13: endpoints.a.parameters.deployment: is missing; the URL of provider 'a' needs it",
                "p.yaml:7:13: endpoints.a: has a URL that must have no user and no password; secrets belong under "
                    + "'authentication'",
            ])
    }

    @Test(arguments: filled)
    func `a URL is judged again when the names in braces have got their values`(
        provider: String, parameters: String, expected: [String]
    ) {
        #expect(problems(provider: provider, parameters: parameters) == expected)
    }

    @Test(arguments: [
        ("/a/{model", "has a '{' without its '}'"), ("/a b", "must have no blanks"), ("/a/{}", "has braces"),
    ])
    func `a path is held to the same braces`(path: String, message: String) {
        let found = problems(path: path)
        #expect(found.count == 1 && found[0].hasPrefix("a.yaml:7:7: path: \(message)"), "\(found)")
    }

    @Test func `a slash at the end of a base URL is not doubled, wherever it stands`() throws {
        let plan = "submeter: plan\nversion: 1\nname: p\nmodel: m\nproviders: []\nworkload: w\n"
        let text = plan + "endpoints: [{provider: a, base_url: \"http://x/v1//\"}]"
        guard case .plan(let profile) = try Document(Array(text.utf8), file: "p.yaml") else { return }
        #expect(profile.endpoints[0].baseURL == "http://x/v1")
    }

    static let parameters: [(provider: String, endpoint: String?, parameters: String, expected: [String])] = [
        (
            "https://{resource}.example", nil, "resource: r, resorce: s",
            [
                "p.yaml:7:13: endpoints.a.parameters.resorce: stands in no URL of provider 'a'; did you mean 'resource'? "
                    + "(names there: resource)"
            ]
        ),
        (
            "http://x", nil, "project: s",
            [
                "p.yaml:7:13: endpoints.a.parameters.project: stands in no URL of provider 'a' (there are no names in braces)"
            ]
        ),
        ("https://{resource}.example", nil, "resource: r", []),
        // A plan that is tried out elsewhere keeps what the provider's own URL needs.
        ("https://{resource}.example", "http://127.0.0.1:1", "resource: r", []),
        ("https://{resource}.example", "http://127.0.0.1:1/{place}", "place: r", []),
    ]

    @Test(arguments: parameters.indices)
    func `a parameter that is in no URL is refused`(index: Int) {
        let (provider, endpoint, parameters, expected) = Self.parameters[index]
        #expect(problems(provider: provider, endpoint: endpoint, parameters: parameters) == expected)
    }
}
