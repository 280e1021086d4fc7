import Errors
import Ledger
import Pipeline

/// Finds the pipeline that a command refers to.
package enum PipelineChoice {
    /// - Parameter name: nil for the pipeline that ran last on this cache.
    /// - Throws: `CacheError` if the cache has no such pipeline.
    package static func find(_ ledger: Ledger, name: String?) throws -> PipelineRecord {
        let known = try ledger.pipelines()
        if let name {
            guard let found = known.first(where: { $0.name == name }) else {
                let names = known.map(\.name).sorted().joined(separator: ", ")
                throw CacheError(
                    .usage, path: ledger.path,
                    "no pipeline '\(name)' was run on this cache, expected \(names.isEmpty ? "a run first" : names)")
            }
            return found
        }
        guard let last = known.first else {
            throw CacheError(.badInput, path: ledger.path, "no pipeline was run on this cache yet")
        }
        return last
    }
}
