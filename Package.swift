// swift-tools-version: 6.2
import PackageDescription

/// Every target of ours with its direct arrows.
///
/// `LayoutTests` reads this table and refuses an import that does not follow an arrow, or a chain of arrows, drawn here.
let arrows: [(target: String, dependencies: [String])] = [
    ("Quantities", []),
    ("Statistics", ["Quantities"]),
    ("Encodings", ["Quantities", "CJSON", "CLibyaml"]),
    ("Profiles", ["Encodings"]),
    ("Workloads", ["Encodings", "Statistics"]),
    ("Pricing", ["Profiles"]),
    ("Planning", ["Profiles", "Workloads", "Pricing", "Statistics"]),
    ("Scheduling", ["Planning"]),
    ("Credentials", ["Profiles", "CLibcrypto"]),
    ("Dialects", ["Encodings", "Workloads"]),
    ("Driving", ["Scheduling", "Credentials", "Dialects", "Transport", "Records"]),
    ("Rehearsal", ["Dialects", "Workloads", "Pricing", "CNetwork"]),
    ("Transport", ["Quantities", "CNetwork"]),
    ("Records", ["Profiles", "CSQLite"]),
    ("Analysis", ["Records", "Statistics", "Pricing"]),
    ("Ranking", ["Analysis"]),
    ("Reporting", ["Ranking"]),
    ("Commands", ["Driving", "Reporting", "Rehearsal", "CZlib"]),
]

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .strictMemorySafety(),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

/// The targets above that SwiftPM reaches along the arrows, so that an import along a chain of arrows compiles.
func reachable(from target: String) -> [String] {
    var found: [String] = []
    var open = arrows.first { $0.target == target }?.dependencies ?? []
    while let next = open.popLast() {
        guard !found.contains(next) else { continue }
        found.append(next)
        open +=
            arrows.first { $0.target == next }?.dependencies.filter { !$0.hasPrefix("C") || $0 == "Credentials" } ?? []
    }
    return found.sorted()
}

let systemLibraries: [Target] = [
    .systemLibrary(
        name: "CNetwork", pkgConfig: "libcurl libevent",
        providers: [.apt(["libcurl4-openssl-dev", "libevent-dev"])]),
    .systemLibrary(name: "CLibcrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CLibyaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
]

let sources: [Target] = arrows.map { arrow in
    .target(
        name: arrow.target, dependencies: reachable(from: arrow.target).map { .init(stringLiteral: $0) },
        swiftSettings: settings, linkerSettings: [.linkedLibrary("m")])
}

/// What several test targets build their cases with.
let fixtures = Target.target(
    name: "Fixtures", dependencies: (reachable(from: "Records") + ["Records"]).map { .init(stringLiteral: $0) },
    path: "Tests/Fixtures", swiftSettings: settings)

let tests: [Target] = (arrows.map(\.target) + ["Layout", "EndToEnd"]).map { name in
    var own = arrows.contains { $0.target == name } ? [name] + reachable(from: name) : arrows.map(\.target)
    if own.contains("Analysis") { own.append("Fixtures") }
    return .testTarget(
        name: "\(name)Tests", dependencies: own.map { .init(stringLiteral: $0) },
        exclude: name == "Records" ? ["Fixtures"] : [],
        swiftSettings: [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)])
}

/// Only Scripts/fuzz builds this: it needs the sanitizer's runtime.
let fuzzers: [Target] =
    Context.environment["SUBMETER_FUZZ"] == nil
    ? []
    : [
        .executableTarget(
            name: "fuzz", dependencies: (reachable(from: "Dialects") + ["Dialects"]).map { .init(stringLiteral: $0) },
            path: "Tests/Fuzz", swiftSettings: [.unsafeFlags(["-parse-as-library"])])
    ]

let package = Package(
    name: "submeter",
    products: [.executable(name: "submeter", targets: ["submeter"])],
    targets: systemLibraries
        + [
            .target(
                name: "CJSON", cxxSettings: [.unsafeFlags(["-O2"])],
                linkerSettings: [.linkedLibrary("simdjson"), .linkedLibrary("stdc++")]),
            .executableTarget(name: "submeter", dependencies: ["Commands"], swiftSettings: settings),
        ]
        + sources + [fixtures] + fuzzers + tests,
    cxxLanguageStandard: .cxx17
)
