import Cache
import Errors
import Files
import Foundation

/// Where the parts of a cache are: `parts/plan.json`, and for each part a cache of its own, `parts/I-of-N`.
package struct PartFolder: Sendable {
    package let cache: CacheFolder

    package init(_ cache: CacheFolder) { self.cache = cache }

    package var path: String { cache.folder + "/parts" }
    package var planPath: String { path + "/plan.json" }

    /// The cache of one part.
    package func part(_ part: Int, of parts: Int) -> CacheFolder { CacheFolder(folder: "\(path)/\(part)-of-\(parts)") }

    /// What goes into the names of a part's shards: no other part, and no part of another plan, has the same.
    package static func tag(part: Int, plan: PartPlan) -> String { "p\(part)of\(plan.job.parts)x\(plan.tag)" }

    /// Removes what merging left of parts that it had taken over, should it have been killed at that moment.
    ///
    /// - Parameter parts: only these parts; nil for all.
    /// - Throws: `FileError` if something cannot be removed.
    package func removeMerged(_ plan: PartPlan, parts: [Int]? = nil) throws {
        for part in parts ?? Array(0..<plan.job.parts) {
            let folder = self.part(part, of: plan.job.parts)
            if FileSystem.exists(Self.discarded(folder)) { try FileSystem.remove(Self.discarded(folder)) }
            guard let state = try PartState.read(folder), plan.merged.contains(state.plan) else { continue }
            try Self.discard(folder)
        }
    }

    /// Removes a part's cache. It gets another name first: half removed, it could not be told from one that was not merged.
    ///
    /// - Throws: `FileError` if something cannot be removed.
    static func discard(_ part: CacheFolder) throws {
        let path = discarded(part)
        if FileSystem.exists(path) { try FileSystem.remove(path) }
        guard rename(part.folder, path) == 0 else {
            throw FileError(path: part.folder, "cannot rename to \(path)", code: errno)
        }
        CrashPoint.hit("merge.in-removal")
        try FileSystem.remove(path)
    }

    private static func discarded(_ part: CacheFolder) -> String { part.folder + ".merged" }
}

/// What a part's process last said of itself, in `part.json` of the part's cache.
///
/// `status` reads this file instead of the ledger while a process works on the part: a ledger must not be open on two machines
/// that share a file system.
package struct PartState: Sendable, Equatable, Codable {
    /// How far a part is.
    package enum Phase: String, Sendable, Codable {
        /// A process was working on it when this was written; if none holds the cache's lock, it was killed.
        case running
        case interrupted
        /// Every clip is done or failed.
        case done
        /// The process ended with an error.
        case fault
    }

    package let job: PartPlan.Job
    /// The plan's tag.
    package let plan: String
    package let part: Int
    package var phase: Phase
    /// Clips of the part, and how many of them are done and failed.
    package var clips: Int
    package var done = 0
    package var failed = 0
    /// Machine and process that wrote this.
    package var host: String
    package var process: Int32
    /// Seconds since 1970 by that machine's clock when it was written.
    package var written: Double
    /// The error that ended the process.
    package var fault: String?

    /// The state of a part on which this process begins to work.
    package init(plan: PartPlan, part: Int) {
        job = plan.job
        self.plan = plan.tag
        self.part = part
        phase = .running
        clips = plan.shares[part].clips
        host = ProcessInfo.processInfo.hostName
        process = getpid()
        written = ClockCheck.now
    }

    /// Reads the state of a part; nil if it was never begun.
    ///
    /// - Throws: `FileError` if it cannot be read; `CacheError` if it is not what was written.
    package static func read(_ folder: CacheFolder) throws -> PartState? {
        let path = path(folder)
        guard FileSystem.exists(path) else { return nil }
        do { return try JSONDecoder().decode(Self.self, from: Data(FileSystem.read(path))) } catch let error
            as DecodingError
        {
            throw CacheError(
                .badInput, path: path,
                "\(error.reason), expected the state of a part; remove \(folder.folder) to do the part anew")
        }
    }

    /// Replaces the state of a part in one step.
    ///
    /// - Throws: `FileError`.
    package func write(_ folder: CacheFolder) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        var state = self
        state.written = ClockCheck.now
        let bytes = Array(try encoder.encode(state)) + [UInt8(ascii: "\n")]
        try FileSystem.replace(Self.path(folder)) { try $0(bytes[...]) }
    }

    private static func path(_ folder: CacheFolder) -> String { folder.folder + "/part.json" }

    /// Checks that the part belongs to a plan.
    ///
    /// - Throws: `CacheError` saying what differs.
    package func require(_ plan: PartPlan, in folder: CacheFolder) throws {
        if job == plan.job, self.plan == plan.tag { return }
        let found = plan.job.difference(from: job) ?? "another plan"
        throw CacheError(
            .badInput, path: folder.folder,
            "this part was computed from \(found); remove the folder to do the part anew, or use what it was made with")
    }
}
