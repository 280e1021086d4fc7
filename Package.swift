// swift-tools-version: 6.0
import PackageDescription

let cSystem: [(String, String)] = [
    ("CSndfile", "libsndfile1-dev"), ("CSamplerate", "libsamplerate0-dev"), ("CSoxr", "libsoxr-dev"),
    ("CFFTW", "libfftw3-dev"), ("CXXHash", "libxxhash-dev"), ("CNettle", "nettle-dev"),
    ("CMpg123", "libmpg123-dev"),
]

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
        .target(name: "CMel"),
        .target(name: "CBuildCommit"),
        .target(name: "Audio", dependencies: ["CSndfile", "CMpg123", "CSamplerate", "CSoxr"]),
        .target(name: "Features", dependencies: ["CFFTW", "CMel"]),
        .target(name: "Shards", dependencies: ["CXXHash"]),
        .target(name: "Files", dependencies: ["CNettle"]),
        .target(name: "Wording"),
        .target(name: "Network", dependencies: ["CKernels", "Features", "Files", "Wording"]),
        .target(name: "Evaluation", dependencies: ["Wording"]),
        .target(name: "Corpus", dependencies: ["Files", "Wording"]),
        .target(name: "Ledger", dependencies: ["Wording", .product(name: "GRDB", package: "GRDB.swift")]),
        .target(name: "Pipeline", dependencies: ["Yams", "Files", "Wording"]),
        .target(
            name: "Stages",
            dependencies: [
                "Audio", "Features", "Shards", "Network", "Evaluation", "Ledger", "Pipeline", "Corpus", "Wording",
            ]),
        .target(
            name: "Training",
            dependencies: [
                "Stages", "Features", "Shards", "Network", "Evaluation", "Ledger", "Pipeline", "Corpus", "Wording",
            ]),
        .executableTarget(
            name: "earmark",
            dependencies: [
                "Stages", "Training", "Features", "Network", "Files", "Wording", "CBuildCommit",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),
    ]
        + [
            .testTarget(name: "CommandTests"),
            .testTarget(name: "ParserTests", dependencies: ["Corpus", "Ledger", "Network", "Pipeline", "Shards"]),
            .testTarget(
                name: "LedgerTests", dependencies: ["Ledger", .product(name: "GRDB", package: "GRDB.swift")]),
        ]
        + [
            "Audio", "Features", "Files", "Shards", "Network", "Evaluation", "Corpus", "Pipeline", "Stages", "Training",
            "Wording",
        ].map {
            .testTarget(name: "\($0)Tests", dependencies: [.byName(name: $0)])
        },
    swiftLanguageModes: [.v6]
)
