// swift-tools-version: 6.0
import PackageDescription

let nio = ["NIOCore", "NIOHTTP1", "NIOPosix"].map { Target.Dependency.product(name: $0, package: "swift-nio") }
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")

let cSystem: [(String, String)] = [
    ("CSndfile", "libsndfile1-dev"), ("CSamplerate", "libsamplerate0-dev"), ("CSoxr", "libsoxr-dev"),
    ("CFFTW", "libfftw3-dev"), ("CXXHash", "libxxhash-dev"), ("CNettle", "nettle-dev"),
    ("CMpg123", "libmpg123-dev"), ("CPNG", "libpng-dev"), ("CFFmpeg", "libavformat-dev"), ("CZlib", "zlib1g-dev"),
    ("CMalloc", "libc6-dev"),
]

/// Makes an import bring in only that module's own members, so that every file and target states what it uses.
let settings: [SwiftSetting] = [.enableUpcomingFeature("MemberImportVisibility")]

/// The modules, each listed after those that it depends on; ARCHITECTURE.md says what each is for.
let modules: [(String, [Target.Dependency])] = [
    ("Errors", []),
    ("Wording", []),
    ("Random", []),
    ("Timing", []),
    ("Files", ["CNettle", "CXXHash", "Errors"]),
    ("Tables", ["Errors", "Files"]),
    ("YAML", ["Errors", "Yams"]),
    ("Archives", ["CKernels", "CZlib", "Errors", "Files"]),
    ("Audio", ["Archives", "CFFmpeg", "CSndfile", "CMpg123", "CSamplerate", "CSoxr", "Errors", "Files"]),
    ("Features", ["CFFTW", "CKernels", "Errors"]),
    ("Models", ["Archives", "Errors", "Features", "Files", "Tables", "Wording", "YAML"]),
    (
        "Engines",
        [
            "CKernels", "CLiteRT", "COnnxRuntime", "COpenVINO", "Errors", "Features", "Files", "Models", "Random",
            "Wording",
        ]
    ),
    ("Shards", ["Files", "Timing"]),
    ("Ledger", ["Errors", "Files", "Wording", grdb]),
    ("Corpora", ["Archives", "Audio", "Errors", "Files", "Tables", "Wording"]),
    ("Synth", ["Corpora", "Errors", "Files", "Random", "Tables"]),
    ("Evaluation", ["Errors", "Random", "Tables", "Wording"]),
    ("Pipeline", ["Errors", "Files", "Timing", "Wording", "YAML"]),
    ("Cache", ["Archives", "Audio", "Errors", "Files", "Ledger", "Models", "Pipeline", "Shards", "Tables", "Wording"]),
    (
        "Stages",
        [
            "Audio", "Cache", "Engines", "Errors", "Evaluation", "Features", "Files", "Ledger", "Models", "Pipeline",
            "Shards", "Timing",
        ]
    ),
    (
        "Sessions",
        [
            "Audio", "Cache", "Corpora", "Engines", "Errors", "Features", "Files", "Ledger", "Models", "Pipeline",
            "Stages", "Tables", "Wording",
        ]
    ),
    (
        "Results",
        [
            "Audio", "Cache", "CKernels", "Corpora", "CPNG", "Engines", "Errors", "Evaluation", "Features", "Files",
            "Ledger", "Models", "Pipeline", "Sessions", "Shards", "Stages", "Tables", "Wording", grdb,
        ]
    ),
    (
        "Review",
        ["Audio", "Cache", "CMalloc", "Corpora", "Errors", "Evaluation", "Files", "Ledger", "Random", "Results"] + nio
    ),
    (
        "Training",
        [
            "Cache", "Corpora", "Engines", "Errors", "Evaluation", "Features", "Files", "Ledger", "Models", "Pipeline",
            "Random",
            "Shards", "Tables", "Wording",
        ]
    ),
]

/// Modules that a module's tests use in addition to the module itself and its dependencies.
let testDependencies: [String: [Target.Dependency]] = [
    "Archives": ["Random"],
    "Corpora": ["Random"],
    // For the test of all error types.
    "Errors": [
        "Archives", "Audio", "Cache", "Engines", "Evaluation", "Features", "Files", "Ledger", "Models", "Pipeline",
        "Results",
        "Review",
        "Tables", "Training", "YAML",
    ],
    "Ledger": [grdb],
    "Results": ["Random"],
    "Sessions": ["Evaluation", "Results"],
    "Training": ["Results", "Sessions", "Stages"],
]

/// Files that are put into the program itself, so that it needs none beside it.
let resources: [String: [Resource]] = [
    "Review": ["index.html", "review.css", "review.js"].map { .embedInCode("Page/" + $0) }
]

/// Modules without a test target of their own; the tests of the modules above cover them.
let untested: Set = ["Cache", "YAML"]

let package = Package(
    name: "earmark",
    products: [
        .executable(name: "earmark", targets: ["earmark"]), .library(name: "EarmarkKit", targets: ["EarmarkKit"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    ],
    targets: cSystem.map { .systemLibrary(name: $0.0, providers: [.apt([$0.1])]) } + [
        .target(name: "CKernels"),
        .target(name: "CLiteRT"),
        .target(name: "COnnxRuntime"),
        .target(name: "COpenVINO"),
        .target(name: "CBuildCommit"),
        .executableTarget(
            name: "earmark",
            dependencies: [
                "Audio", "Cache", "CBuildCommit", "Corpora", "Engines", "Errors", "Evaluation", "Features", "Files",
                "Ledger", "Models", "Pipeline", "Random", "Results", "Review", "Sessions", "Shards", "Stages", "Synth",
                "Tables",
                "Timing", "Training",
                "Wording",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ], swiftSettings: settings),
        .target(
            name: "EarmarkKit",
            dependencies: [
                "Audio", "Cache", "Corpora", "Engines", "Errors", "Evaluation", "Features", "Files", "Ledger", "Models",
                "Pipeline", "Sessions", "Shards", "Stages", "Tables", "Wording",
            ],
            // Imports are internal by default, so that callers do not see the modules that it uses.
            swiftSettings: settings + [.enableUpcomingFeature("InternalImportsByDefault")]),
        // The program of the package Examples/TagFiles, also built here so that a test can run it without building all
        // of Earmark a second time. Its own package has a target called TagFiles, so it needs another name here.
        .executableTarget(
            name: "ExampleTagFiles", dependencies: ["EarmarkKit"], path: "Examples/TagFiles/Sources/TagFiles",
            swiftSettings: settings),
        .target(
            name: "TestSupport", dependencies: ["CZlib", "Engines", "Features", "Models", "Random"],
            path: "Tests/TestSupport"),
    ]
        + modules.map {
            .target(name: $0.0, dependencies: $0.1, resources: resources[$0.0] ?? [], swiftSettings: settings)
        }
        + modules.filter { !untested.contains($0.0) }.map {
            .testTarget(
                name: "\($0.0)Tests",
                dependencies: $0.1 + [.init(stringLiteral: $0.0), "TestSupport"] + (testDependencies[$0.0] ?? []))
        }
        + [
            .testTarget(name: "CommandTests", dependencies: ["Engines", "Random", "TestSupport"]),
            .testTarget(
                name: "EarmarkKitTests",
                dependencies: [
                    "Audio", "Cache", "Corpora", "EarmarkKit", "Ledger", "Results", "Synth", "Tables", "TestSupport",
                ]),
            .testTarget(
                name: "ParserTests",
                dependencies: ["Corpora", "Engines", "Errors", "Ledger", "Models", "Pipeline", "Shards", "TestSupport"]),
        ],
    swiftLanguageModes: [.v6]
)
