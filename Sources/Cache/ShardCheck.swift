import Files
import Foundation
import Ledger
import Shards
import Wording

/// Checks one shard's file against the ledger, row by row and as a whole.
struct ShardCheck {
    let cache: CacheFolder
    let ledger: Ledger
    let record: ShardRecord

    private var finalPath: String { cache.folder + "/" + record.path }

    /// - Parameter repair: whether to withdraw the results of damaged rows, and mend or remove the file.
    func run(repair: Bool, _ report: inout Verifier.Report) throws {
        report.shards += 1
        guard let dtype = ShardDType(rawValue: record.dtype), record.columns > 0 else {
            throw FileError(path: record.path, "the ledger says \(record.dtype), \(record.columns) columns")
        }
        let isSealed = record.isSealed || access(finalPath, F_OK) == 0
        let path = isSealed ? finalPath : ShardWriter.partial(finalPath)
        let rows = record.isSealed ? Int(record.rows) : try ledger.committedRows(shard: record.id)
        // A run that was killed between the ledger's row and the file left nothing that could be missed.
        if !isSealed, rows == 0, access(path, F_OK) != 0 { return }
        let header = NumpyHeader(dtype: dtype, rows: rows, columns: Int(record.columns))
        var damaged: [ResultRecord] = []
        var faults: [String] = []
        var needed = 0
        do {
            let shard = try MappedShard(path: path, salvagedBy: header)
            try ledger.forEachResult(shard: record.id) { result in
                report.results += 1
                report.bytes += result.rowCount * Int64(header.rowSize)
                let digest = try? shard.digest(Int(result.firstRow), Int(result.rowCount))
                if digest?.description == result.digest {
                    needed = max(needed, Int(result.firstRow + result.rowCount))
                } else {
                    damaged.append(result)
                }
            }
            faults = try self.faults(shard, header, path, hasDamagedRows: !damaged.isEmpty)
        } catch let error as FileError {
            // Running out of memory is not the shard's fault, and a repair would withdraw all its clips.
            if error.isShortage { throw error }
            faults = ["\(error)"]
            damaged = []
            needed = 0
            try ledger.forEachResult(shard: record.id) { damaged.append($0) }
        }
        if faults.isEmpty, damaged.isEmpty { return }
        if !damaged.isEmpty {
            faults.insert("\(record.path): rows of \(counted(damaged.count, "clip")) are not what was written", at: 0)
        }
        report.findings.append(
            Verifier.Finding(
                what: faults.joined(separator: "; "), clips: damaged.map(name),
                isMended: repair))
        guard repair else { return }
        try ledger.deleteResults(damaged.map { ($0.clip, $0.stage) })
        report.repaired += damaged.count
        try mend(path, header, needed: needed)
    }

    private func name(_ result: ResultRecord) -> String {
        (try? ledger.name(of: result.clip)) ?? "#\(result.clip)"
    }

    private func faults(
        _ shard: MappedShard, _ header: NumpyHeader, _ path: String, hasDamagedRows: Bool
    ) throws -> [String] {
        guard record.isSealed else {
            // The header of a shard that is still growing gives the number of rows it had when it was opened.
            let found = try? shard.headerBytes.withUnsafeBytes { try NumpyHeader($0, path: path) }
            let isRight = found.map { $0.dtype == header.dtype && $0.columns == header.columns } ?? false
            return isRight ? [] : ["\(path): its header is not what was written"]
        }
        var faults: [String] = []
        if shard.headerBytes != header.bytes { faults.append("\(record.path): its header is not what was written") }
        let size = NumpyHeader.size + header.rows * header.rowSize
        if shard.fileSize != size {
            faults.append("\(record.path): found \(shard.fileSize) bytes, expected \(size)")
        }
        if faults.isEmpty, !hasDamagedRows,
            try Checksum.ofFile(path, from: NumpyHeader.size).description != record.digest
        {
            faults.append("\(record.path): rows of no clip are not what was written")
        }
        return faults
    }

    private func mend(_ path: String, _ header: NumpyHeader, needed: Int) throws {
        guard needed > 0 else {
            // What cannot be removed, such as a folder in a shard's place, is left: no other shard gets its name, and
            // the rest of the cache should be repaired anyway.
            for name in [finalPath, ShardWriter.partial(finalPath)] where unlink(name) != 0 && errno != ENOENT {
                guard errno == EISDIR || errno == EPERM else {
                    throw FileError(path: name, "cannot remove", code: errno)
                }
            }
            return try ledger.removeShard(id: record.id)
        }
        var status = stat()
        let isWhole = stat(path, &status) == 0 && Int(status.st_size) >= NumpyHeader.size + header.rows * header.rowSize
        let rows = record.isSealed && isWhole ? header.rows : needed
        let right = NumpyHeader(dtype: header.dtype, rows: rows, columns: header.columns)
        let digest = try ShardMender.mend(path: path, header: right)
        guard record.isSealed else { return }
        try ledger.markSealed(
            id: record.id, rows: rows, bytes: NumpyHeader.size + rows * right.rowSize, digest: digest.description)
    }
}
