import Foundation

/// A folder with a plan, its documents and other files.
struct PlanFolder {
    private let anchor: TemporaryFile
    let path: String

    /// Makes a folder with a provider `p` on loopback and a workload that names `s.jsonl`.
    init(_ planLines: String = "rounds: 2\nsessions_per_round: 3", sessionsFile: String = "s.jsonl") throws {
        anchor = try TemporaryFile(
            """
            submeter: provider
            version: 1
            name: p
            delivery_path: self-hosted
            dialect: openai-chat
            base_url: http://127.0.0.1:1/v1
            models: [{name: m, id: m}]
            """, "p.yaml")
        path = URL(filePath: anchor.path).deletingLastPathComponent().path
        try write("submeter: workload\nversion: 1\nname: w\nsessions_file: \(sessionsFile)\n", to: "w.yaml")
        try write(
            """
            submeter: plan
            version: 1
            name: x
            model: m
            providers: [p.yaml]
            prices: []
            workload: w.yaml
            endpoints: [{provider: p}]
            \(planLines)
            """, to: "plan.yaml")
    }

    func write(_ text: String, to name: String) throws {
        try Data(text.utf8).write(to: URL(filePath: "\(path)/\(name)"))
    }

    /// Writes a library of so many sessions of two calls each.
    func writeSessions(_ count: Int, waitSeconds: Int = 1, to name: String = "s.jsonl") throws {
        try write(Self.sessions(count, waitSeconds: waitSeconds), to: name)
    }

    static func sessions(_ count: Int, waitSeconds: Int = 1) -> String {
        let header =
            #"{"kind":"header","format":"submeter.sessions","version":1,"name":"l","source":{"licence":"MIT"}}"#
        let rows = (0..<count).map { number in
            let calls =
                #"{"id":"a","add":[{"role":"user","n":\#(50 + number)}],"in":\#(70 + number),"out":9},"#
                + #"{"id":"b","wait_s":\#(waitSeconds),"wait":"tool","add":[{"role":"user","n":5}],"#
                + #""in":\#(84 + number),"out":9}"#
            return #"{"kind":"session","id":"s\#(number)","start_s":\#(number * 60),"#
                + #""prefix":{"tools_tok":10,"system_tok":10},"calls":[\#(calls)]}"#
        }
        return ([header] + rows).joined(separator: "\n") + "\n"
    }
}
