import Foundation

/// A manifest that is run in parts, and what is made of its cache.
struct PartCache {
    let scratch: Scratch
    var cache = "cache"
    var manifest = "corpus.csv"
    var pipeline = "label.yaml"
    var parts = 4

    var folder: String { scratch.path(cache) }

    private var common: [String] {
        [Tool.pipeline(pipeline), "--manifest", scratch.path(manifest), "--cache", folder]
    }

    func work(_ part: Int, workers: Int = 1, sets: [String] = []) -> [String] {
        ["work"] + common + ["--part", "\(part)", "--of", "\(parts)", "--workers", "\(workers)", "--quiet"]
            + sets.flatMap { ["--set", $0] }
    }

    func merge(_ flags: String...) -> [String] { ["merge"] + common + ["--of", "\(parts)"] + flags }

    func submit(_ flags: String...) -> [String] { ["submit"] + common + ["--parts", "\(parts)"] + flags }

    /// The folder of a part's own cache.
    func path(_ part: Int) -> String { folder + "/parts/\(part)-of-\(parts)" }

    /// Every table that exports of a cache have, by name. 3: some clips failed or are pending.
    static func exports(_ scratch: Scratch, _ cache: String) throws -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        let wanted = [
            ("scores.csv", ["export", "scores"]), ("scores.jsonl", ["export", "scores", "--format", "jsonl"]),
            ("labels.csv", ["export", "labels", "--threshold", "0.01"]),
            ("events.csv", ["export", "events", "--threshold", "0.01"]),
        ]
        for (name, words) in wanted {
            let result = try Tool.run(words + ["--cache", scratch.path(cache), "--out", scratch.path(name)])
            guard [0, 3].contains(result.status) else { throw Refused(what: "\(name): \(result.errors)") }
            found[name] = try scratch.bytes(name)
            try FileManager.default.removeItem(atPath: scratch.path(name))
        }
        let stats = try Tool.run("stats", "--cache", scratch.path(cache), "--out", scratch.path("stats"))
        guard [0, 3].contains(stats.status) else { throw Refused(what: stats.errors) }
        found["classes.csv"] = try scratch.bytes("stats/classes.csv")
        return found
    }

    struct Refused: Error { let what: String }

    /// The state of parts as `status --json` tells it.
    struct Status: Decodable {
        struct Parts: Decodable {
            let of: Int
            let list: [Part]
        }
        struct Part: Decodable {
            let part: Int
            let state: String
            let clips: Int
            let done: Int
            let failed: Int
            let job: String?
            let log: String?
        }
        let clips: Int
        let done: Int
        let failed: Int
        let pending: Int
        let parts: Parts?

        func state(_ part: Int) -> String? { parts?.list.first { $0.part == part }?.state }
    }

    func status() throws -> Status {
        let result = try Tool.run("status", "--cache", folder, "--json")
        return try JSONDecoder().decode(Status.self, from: Data(result.output.utf8))
    }
}
