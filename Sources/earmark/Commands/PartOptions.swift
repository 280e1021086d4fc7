import ArgumentParser
import Wording

/// How many parts a manifest is divided into.
struct PartCountOption: ParsableArguments {
    /// The most parts: each takes a file descriptor while they are merged.
    static let most = 10_000

    @Option(help: "Number of parts that the manifest is divided into.") var of: Int

    func validate() throws {
        guard (1...Self.most).contains(of) else {
            throw ValidationError("--of is \(of), expected 1 to \(Self.most)")
        }
    }
}
