import Foundation

/// Every clip's cached bytes, wherever they lie: what must not hang on workers or interruptions.
struct CacheContents: Equatable {
    /// By "clip kind": a digest of the rows' bytes.
    let digests: [String: UInt64]

    struct Unreadable: Error { let what: String }

    init(_ scratch: Scratch, cache: String) throws {
        let folder = scratch.path(cache)
        let index = scratch.path("index-\(UUID().uuidString).csv")
        let result = try Tool.run("export", "index", "--cache", folder, "--out", index)
        // 3: of clips that failed there is nothing.
        guard [0, 3].contains(result.status) else { throw Unreadable(what: result.errors) }
        var shards: [String: (data: Data, start: Int, rowSize: Int)] = [:]
        var digests: [String: UInt64] = [:]
        let text = String(decoding: try Data(contentsOf: URL(fileURLWithPath: index)), as: UTF8.self)
        for line in text.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
            guard fields.count >= 5, let first = Int(fields[3]), let count = Int(fields[4]) else {
                throw Unreadable(what: String(line))
            }
            if shards[fields[2]] == nil { shards[fields[2]] = try Self.open(folder + "/" + fields[2]) }
            guard let shard = shards[fields[2]] else { continue }
            let start = shard.start + first * shard.rowSize
            digests["\(fields[0]) \(fields[1])"] = shard.data[start..<start + count * shard.rowSize].reduce(
                0xcbf2_9ce4_8422_2325 as UInt64
            ) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        }
        self.digests = digests
    }

    /// Maps a `.npy` file and reads its header's type and shape.
    private static func open(_ path: String) throws -> (Data, Int, Int) {
        let data = try Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped)
        guard data.count > 10, data[0] == 0x93 else { throw Unreadable(what: path) }
        let start = 10 + Int(data[8]) + 256 * Int(data[9])
        let header = String(decoding: data[10..<start], as: UTF8.self)
        guard let open = header.lastIndex(of: "("), let close = header.lastIndex(of: ")") else {
            throw Unreadable(what: header)
        }
        let shape = header[header.index(after: open)..<close].split(separator: ",").compactMap {
            Int($0.trimmingCharacters(in: .whitespaces))
        }
        let size = header.contains("f4") ? 4 : 2
        return (data, start, size * (shape.count > 1 ? shape[1] : 1))
    }
}
