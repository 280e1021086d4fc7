// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "TagFiles",
    dependencies: [.package(name: "earmark", path: "../..")],
    targets: [
        .executableTarget(name: "TagFiles", dependencies: [.product(name: "EarmarkKit", package: "earmark")])
    ],
    swiftLanguageModes: [.v6]
)
