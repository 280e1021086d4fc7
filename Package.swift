// swift-tools-version: 6.0
import PackageDescription

let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")

let cSystem: [(String, String)] = [
    ("CSndfile", "libsndfile1-dev"), ("CSamplerate", "libsamplerate0-dev"), ("CSoxr", "libsoxr-dev"),
    ("CFFTW", "libfftw3-dev"), ("CXXHash", "libxxhash-dev"), ("CNettle", "nettle-dev"),
    ("CMpg123", "libmpg123-dev"),
]

/// An import brings in a module's own members only, so that every file and target says what it uses.
let settings: [SwiftSetting] = [.enableUpcomingFeature("MemberImportVisibility")]

/// The modules, each above those that it depends on; ARCHITECTURE.md says what each is for.
let modules: [(String, [Target.Dependency])] = [
    ("Wording", []),
    ("Random", []),
    ("Files", ["CNettle", "CXXHash"]),
    ("Tables", ["Files"]),
    ("Audio", ["CSndfile", "CMpg123", "CSamplerate", "CSoxr"]),
    ("Features", ["CFFTW", "CKernels"]),
    ("Models", ["Features", "Files", "Wording"]),
    ("Engines", ["CKernels", "Features", "Models"]),
    ("Shards", ["Files"]),
    ("Ledger", ["Wording", grdb]),
    ("Corpora", ["Files", "Tables", "Wording"]),
    ("Synth", ["Corpora", "Files", "Random", "Tables"]),
    ("Evaluation", ["Random", "Tables", "Wording"]),
    ("Pipeline", ["Files", "Wording", "Yams"]),
    ("Cache", ["Audio", "Files", "Ledger", "Models", "Pipeline", "Shards", "Tables", "Wording"]),
    (
        "Stages",
        [
            "Audio", "Cache", "Engines", "Evaluation", "Features", "Files", "Ledger", "Models", "Pipeline", "Shards",
        ]
    ),
    ("Sessions", ["Cache", "Corpora", "Files", "Ledger", "Pipeline", "Stages", "Wording"]),
    (
        "Results",
        ["Cache", "Corpora", "Evaluation", "Files", "Ledger", "Pipeline", "Sessions", "Shards", "Tables"]
    ),
    (
        "Training",
        [
            "Cache", "Corpora", "Engines", "Evaluation", "Features", "Files", "Ledger", "Models", "Pipeline", "Random",
            "Shards", "Tables", "Wording",
        ]
    ),
]

/// What a module's tests use beside the module itself.
let testDependencies: [String: [Target.Dependency]] = [
    "Ledger": [grdb],
    "Sessions": ["Evaluation", "Results", "Tables"],
    "Training": ["Sessions", "Stages"],
]

/// Held by the tests of the modules above them.
let untested: Set = ["Cache", "Results"]

let package = Package(
    name: "earmark",
    products: [.executable(name: "earmark", targets: ["earmark"])],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: cSystem.map { .systemLibrary(name: $0.0, providers: [.apt([$0.1])]) } + [
        .target(name: "CKernels"),
        .target(name: "CBuildCommit"),
        .executableTarget(
            name: "earmark",
            dependencies: [
                "Audio", "Cache", "CBuildCommit", "Corpora", "Engines", "Evaluation", "Features", "Files", "Ledger",
                "Models", "Pipeline", "Results", "Sessions", "Stages", "Synth", "Tables", "Training", "Wording",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: settings),
        .target(name: "TestSupport", dependencies: ["Engines", "Models", "Random"], path: "Tests/TestSupport"),
    ]
        + modules.map { .target(name: $0.0, dependencies: $0.1, swiftSettings: settings) }
        + modules.filter { !untested.contains($0.0) }.map {
            .testTarget(
                name: "\($0.0)Tests",
                dependencies: $0.1 + [.init(stringLiteral: $0.0), "TestSupport"] + (testDependencies[$0.0] ?? []))
        }
        + [
            .testTarget(name: "CommandTests", dependencies: ["TestSupport"]),
            .testTarget(
                name: "ParserTests",
                dependencies: ["Corpora", "Engines", "Ledger", "Models", "Pipeline", "Shards", "TestSupport"]),
        ],
    swiftLanguageModes: [.v6]
)
