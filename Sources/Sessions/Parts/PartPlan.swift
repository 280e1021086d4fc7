import Cache
import Corpora
import Errors
import Files
import Foundation
import Pipeline
import Wording

/// Which part of a manifest does which clips, as the cache keeps it in `parts/plan.json`.
///
/// The plan is made once and then only read, so that every part's process divides the manifest in the same way, on any
/// machine. When parts were merged, a plan of what is left takes its place.
package struct PartPlan: Sendable, Equatable {
    /// What a plan was made for. Parts of different jobs are never merged.
    package struct Job: Sendable, Equatable, Codable {
        /// Version of the program.
        package let earmark: String
        /// The manifest's folder and the digest of its bytes.
        package let manifest: String
        /// Rows of the manifest.
        package let rows: Int
        /// Name of the pipeline.
        package let pipeline: String
        /// Fingerprint of the pipeline, which covers its settings, code versions and models.
        package let fingerprint: String
        /// Number of parts.
        package let parts: Int

        /// The job of running a pipeline over a manifest in so many parts.
        package init(_ graph: Graph, _ manifest: Manifest, parts: Int) {
            earmark = ProgramVersion.number
            self.manifest = "\(manifest.folder) \(manifest.digest)"
            rows = manifest.rows
            pipeline = graph.name
            fingerprint = graph.fingerprint.hex
            self.parts = parts
        }

        /// What differs from a job whose parts are there, in words; nil if nothing does.
        package func difference(from found: Job) -> String? {
            if found.manifest != manifest || found.rows != rows { return "another manifest" }
            if found.pipeline != pipeline { return "pipeline '\(found.pipeline)', expected '\(pipeline)'" }
            if found.fingerprint != fingerprint {
                return "pipeline '\(pipeline)' with other settings, another model or another version of a stage"
            }
            if found.parts != parts { return "\(counted(found.parts, "part")), expected \(parts)" }
            if found.earmark != earmark { return "version \(found.earmark) of Earmark, expected \(earmark)" }
            return nil
        }
    }

    /// A part's share of the clips.
    package struct Share: Sendable, Equatable, Codable {
        package var clips: Int
        /// Length of the clips in seconds, as far as it was known without decoding them.
        package var seconds: Double
    }

    /// How the clips' lengths became known.
    package struct Lengths: Sendable, Equatable, Codable {
        /// From an earlier run, from headers, and from files' sizes.
        package var known: Int
        package var fromHeaders: Int
        package var fromSizes: Int

        package init(known: Int = 0, fromHeaders: Int = 0, fromSizes: Int = 0) {
            self.known = known
            self.fromHeaders = fromHeaders
            self.fromSizes = fromSizes
        }
    }

    package let job: Job
    /// By part.
    package let shares: [Share]
    package let lengths: Lengths
    /// How many clips each row of the manifest stands for, as its file had channels when the plan was made; nil if every row
    /// is a clip. Kept, so that no machine has to look into the files to know what the clips are, and all agree.
    package let clipsOfRows: [Int32]?
    /// The part of each of the manifest's clips; -1 for a clip that no part has to do.
    package let partOfClip: [Int32]
    /// Tags of earlier plans of this job whose parts were merged: what is left of those parts can be removed.
    package let merged: [String]
    /// Identifies the plan; lower-case hexadecimal digits. Names of parts' shards contain it.
    package let tag: String

    /// - Parameter seconds: lengths of the clips that some part has, in the order of their rows.
    package init(
        job: Job, clipsOfRows: [Int32]? = nil, partOfClip: [Int32], seconds: [Double], lengths: Lengths,
        merged: [String] = []
    ) {
        var shares = [Share](repeating: Share(clips: 0, seconds: 0), count: job.parts)
        var next = 0
        for part in partOfClip where part >= 0 {
            shares[Int(part)].clips += 1
            shares[Int(part)].seconds += seconds[next]
            next += 1
        }
        // Rounded, so that a plan is the same once it was written and read.
        for part in shares.indices { shares[part].seconds = (shares[part].seconds * 1000).rounded() / 1000 }
        self.init(
            job: job, shares: shares, lengths: lengths, clipsOfRows: clipsOfRows, partOfClip: partOfClip, merged: merged
        )
    }

    private init(
        job: Job, shares: [Share], lengths: Lengths, clipsOfRows: [Int32]?, partOfClip: [Int32], merged: [String]
    ) {
        (self.job, self.shares, self.lengths, self.clipsOfRows) = (job, shares, lengths, clipsOfRows)
        (self.partOfClip, self.merged) = (partOfClip, merged)
        tag = Self.tag(job, clipsOfRows, partOfClip, merged)
    }

    private static func tag(
        _ job: Job, _ clipsOfRows: [Int32]?, _ partOfClip: [Int32], _ merged: [String]
    ) -> String {
        let checksum = Checksum()
        let words = [job.earmark, job.manifest, job.pipeline, job.fingerprint, "\(job.parts)"] + merged
        Array(words.joined(separator: "\n").utf8).withUnsafeBytes { checksum.update($0) }
        clipsOfRows?.withUnsafeBytes { checksum.update($0) }
        partOfClip.withUnsafeBytes { checksum.update($0) }
        return String(checksum.digest.description.prefix(12))
    }

    /// Whether no part has a clip to do.
    package var isFinished: Bool { !shares.contains { $0.clips > 0 } }
    /// Clips of all parts.
    package var clips: Int { shares.reduce(0) { $0 + $1.clips } }
    /// Seconds of audio of all parts.
    package var seconds: Double { shares.reduce(0) { $0 + $1.seconds } }

    /// The clips that the plan was made for.
    ///
    /// - Parameter manifest: the manifest of the plan's job.
    /// - Throws: `TableError` if it is another one.
    package func clips(of manifest: Manifest) throws -> Manifest {
        try clipsOfRows.map { try manifest.withChannels(clipsOfRows: $0) } ?? manifest
    }

    /// The manifest's rows that a part has, in ascending order.
    package func rows(of part: Int) -> [Int] { partOfClip.indices.filter { partOfClip[$0] == Int32(part) } }

    /// The rows of every part; cheaper than asking for each.
    package func rowsOfParts() -> [[Int32]] {
        var rows = shares.map { share -> [Int32] in
            var list: [Int32] = []
            list.reserveCapacity(share.clips)
            return list
        }
        for (row, part) in partOfClip.enumerated() where part >= 0 { rows[Int(part)].append(Int32(row)) }
        return rows
    }

    /// The plan of what is left once the parts were merged: the same parts, with only the given rows of the manifest.
    package func left(_ rows: Set<Int32>) -> PartPlan {
        var parts = partOfClip
        var before = shares
        for row in parts.indices where !rows.contains(Int32(row)) { parts[row] = -1 }
        for part in before.indices {
            // Lengths are not kept clip by clip: a part's seconds shrink with its clips.
            let left = parts.count { $0 == Int32(part) }
            let share = before[part].clips > 0 ? Double(left) / Double(before[part].clips) : 0
            before[part] = Share(clips: left, seconds: (before[part].seconds * share * 1000).rounded() / 1000)
        }
        return PartPlan(
            job: job, shares: before, lengths: lengths, clipsOfRows: clipsOfRows, partOfClip: parts,
            merged: merged + [tag])
    }
}

// MARK: - The file

extension PartPlan {
    private static let format = 1

    /// The file's members.
    private struct Stored: Codable {
        let format: Int
        let tag: String
        let job: Job
        let lengths: Lengths
        let merged: [String]
        let parts: [Share]
        /// The numbers of `clipsOfRows` and `partOfClip`, with commas between them: a list in JSON takes ten times as long
        /// to read.
        let clipsOfRows: String?
        let partOfClip: String

        enum CodingKeys: String, CodingKey {
            case format, tag, job, lengths, merged, parts
            case clipsOfRows = "clips_of_row"
            case partOfClip = "part_of_clip"
        }
    }

    /// Reads a plan; nil if there is none.
    ///
    /// - Throws: `FileError` if it cannot be read; `CacheError` if it is not what was written.
    package static func read(_ path: String) throws -> PartPlan? {
        guard FileSystem.exists(path) else { return nil }
        func broken(_ reason: String) -> CacheError {
            CacheError(.badInput, path: path, "\(reason), expected a plan of parts; remove \(path) to make it anew")
        }
        let stored: Stored
        do { stored = try JSONDecoder().decode(Stored.self, from: Data(FileSystem.read(path))) } catch let error
            as DecodingError
        { throw broken(error.reason) }
        guard stored.format == format else { throw broken("found format \(stored.format)") }
        let counts = stored.clipsOfRows.map { numbers($0) ?? [] }
        guard let parts = numbers(stored.partOfClip),
            counts.map({ $0.count == stored.job.rows && $0.allSatisfy { $0 > 0 } }) ?? true,
            parts.count == counts.map({ $0.reduce(0) { $0 + Int($1) } }) ?? stored.job.rows,
            stored.parts.count == stored.job.parts,
            parts.allSatisfy({ (-1..<Int32(stored.job.parts)).contains($0) })
        else { throw broken("its clips and parts do not match their numbers") }
        let plan = PartPlan(
            job: stored.job, shares: stored.parts, lengths: stored.lengths, clipsOfRows: counts, partOfClip: parts,
            merged: stored.merged)
        guard plan.tag == stored.tag else { throw broken("it is not what was written") }
        return plan
    }

    /// The whole numbers of a text with commas between them; nil if there is anything else in it.
    private static func numbers(_ text: String) -> [Int32]? {
        if text.isEmpty { return [] }
        var found: [Int32] = []
        var (number, digits, sign) = (Int32(0), 0, Int32(1))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                number = number * 10 + Int32(byte - UInt8(ascii: "0"))
                digits += 1
                if digits > 8 { return nil }
            case UInt8(ascii: "-") where digits == 0 && sign == 1: sign = -1
            case UInt8(ascii: ",") where digits > 0:
                found.append(sign * number)
                (number, digits, sign) = (0, 0, 1)
            default: return nil
            }
        }
        guard digits > 0 else { return nil }
        found.append(sign * number)
        return found
    }

    private static func text(_ numbers: [Int32]) -> String { numbers.map(String.init).joined(separator: ",") }

    /// Writes the plan, replacing any other in one step.
    ///
    /// - Throws: `FileError`.
    package func write(_ path: String) throws {
        try FileSystem.makeFolder(FileSystem.folder(of: path))
        let stored = Stored(
            format: Self.format, tag: tag, job: job, lengths: lengths, merged: merged, parts: shares,
            clipsOfRows: clipsOfRows.map(Self.text), partOfClip: Self.text(partOfClip))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let bytes = Array(try encoder.encode(stored)) + [UInt8(ascii: "\n")]
        try FileSystem.replace(path) { try $0(bytes[...]) }
    }
}
