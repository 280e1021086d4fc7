import Cache
import Errors
import Files
import Foundation

/// What `submit` leaves in a cache for its user and for `status`: `slurm/work.sh`, `slurm/merge.sh`, the logs of the jobs,
/// and which jobs were submitted.
struct SlurmFolder {
    /// One submission.
    struct Submission: Codable {
        /// Tag of the plan.
        let plan: String
        /// Id of the array job; nil if only the merge was submitted.
        let array: String?
        /// The parts of the array.
        let parts: [Int]
        /// Id of the job that merges.
        let merge: String
    }

    private struct Stored: Codable { var submissions: [Submission] = [] }

    let path: String

    init(_ cache: CacheFolder) { path = FileSystem.absolute(cache.folder) + "/slurm" }

    var logs: String { path + "/logs" }
    var workScript: String { path + "/work.sh" }
    var mergeScript: String { path + "/merge.sh" }
    private var jobs: String { path + "/jobs.json" }

    /// The log of a part, as Slurm names it after the options in the script.
    func log(array: String, part: Int) -> String { "\(logs)/\(array)_\(part).log" }

    /// What was submitted, the oldest first; empty if nothing was.
    ///
    /// - Throws: `FileError` or `CommandError` if the record cannot be read.
    func submissions() throws -> [Submission] {
        guard FileSystem.exists(jobs) else { return [] }
        do { return try JSONDecoder().decode(Stored.self, from: Data(FileSystem.read(jobs))).submissions } catch let
            error
            as DecodingError
        {
            throw CommandError(.badInput, at: jobs, "\(error.reason), expected the jobs that 'submit' sent; remove it")
        }
    }

    /// Adds a submission to the record.
    ///
    /// - Throws: `FileError` or `CommandError` if it cannot be read or written.
    func add(_ submission: Submission) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
        let bytes = Array(try encoder.encode(Stored(submissions: submissions() + [submission]))) + [UInt8(ascii: "\n")]
        try FileSystem.replace(jobs) { try $0(bytes[...]) }
    }

    /// Writes a script.
    ///
    /// - Throws: `FileError`.
    func write(_ script: BatchScript, to path: String) throws {
        let bytes = PathText.bytes(script.text)
        try FileSystem.replace(path) { try $0(bytes[...]) }
    }
}

/// The commands of Slurm.
enum Slurm {
    /// Submits a script.
    ///
    /// - Returns: the job's id.
    /// - Throws: `CommandError` with Slurm's own words if it is refused.
    static func submit(_ options: [String], script: String) throws -> String {
        let words = ["sbatch", "--parsable"] + options + [script]
        let ended = try ProgramRun(words)
        // A cluster's name may follow the id.
        let id = ended.output.split(separator: "\n").last?.split(separator: ";").first.map(String.init) ?? ""
        guard ended.status == 0, !id.isEmpty, id.allSatisfy(\.isNumber) else {
            throw CommandError(.usage, at: script, "sbatch refused it: \(ended.words)")
        }
        return id
    }

    /// The tasks of an array job that wait or run; empty for a job that Slurm does not know any more.
    ///
    /// - Throws: `CommandError` if `squeue` cannot be run.
    static func queued(array: String) throws -> Set<Int> {
        let ended = try ProgramRun(["squeue", "--noheader", "--array", "--jobs=" + array, "--format=%K"])
        guard ended.status == 0 else { return [] }
        return Set(ended.output.split(separator: "\n").compactMap { Int($0.drop { $0 == " " }.prefix { $0 != " " }) })
    }

    /// Whether the cluster begins a job anew that ended with an exit status; nil if it does not say.
    static func requeues(status: Int32) -> Bool? {
        guard let ended = try? ProgramRun(["scontrol", "show", "config"]), ended.status == 0 else { return nil }
        let lines = ended.output.split(separator: "\n").filter { $0.hasPrefix("RequeueExit ") }
        guard let value = lines.first?.split(separator: "=").last else { return nil }
        return value.split { !$0.isNumber && $0 != "-" }.contains { range in
            let ends = range.split(separator: "-").compactMap { Int32($0) }
            return ends.first.map { $0 <= status && status <= ends.last ?? $0 } ?? false
        }
    }
}
