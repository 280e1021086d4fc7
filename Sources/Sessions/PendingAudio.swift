import Audio
import Corpora
import Files
import Foundation
import Pipeline

/// How long the clips are that a plan has work for, by route, found without decoding them.
///
/// The ledger has the length of every clip that was read before. Any other clip is assumed to have as many seconds per
/// byte as the clips of known length with the same file name ending; if there are none, the headers of a few such files
/// are read. The length of a part of a recording is what its manifest says, or else what is left of the recording.
struct PendingAudio {
    /// How many headers are read for one ending.
    private static let headersRead = 12

    private(set) var lengths = WorkEstimate.Lengths()
    /// Seconds by route, in the plan's order.
    private(set) var seconds: [Double]

    /// - Parameters:
    ///   - readsHeaders: whether to read headers if lengths are not known otherwise.
    ///   - isOver: returns true once no further header may be read.
    init(plan: Plan, manifest: Manifest, known: Reconciler, readsHeaders: Bool, isOver: () -> Bool) {
        seconds = [Double](repeating: 0, count: plan.routes.count)
        var kinds: Kinds?
        var unknown = [Int](repeating: 0, count: plan.routes.count)
        for (row, route) in plan.assignments.enumerated() where route >= 0 {
            if known.seconds[row] > 0, !known.facts[row].hasChanged {
                lengths.known += 1
                seconds[Int(route)] += Double(known.seconds[row])
                continue
            }
            let part = manifest.part(row)
            if let length = part?.seconds {
                lengths.known += 1
                seconds[Int(route)] += length
                continue
            }
            // Computed when the first clip needs it.
            let rates = kinds ?? Kinds(plan, manifest, known, headers: readsHeaders ? Self.headersRead : 0, isOver)
            kinds = rates
            if let rate = rates.secondsPerByte(row), known.sizes[row] > 0 {
                lengths.estimated += 1
                seconds[Int(route)] += max(0, rate * Double(known.sizes[row]) - (part?.startSeconds ?? 0))
            } else {
                lengths.unknown += 1
                unknown[Int(route)] += 1
            }
        }
        // A clip of unknown length is counted with the mean length of the others.
        let told = lengths.known + lengths.estimated
        guard told > 0 else { return }
        let mean = seconds.reduce(0, +) / Double(told)
        for route in unknown.indices { seconds[route] += mean * Double(unknown[route]) }
    }

    /// Seconds of all routes; nil if no clip's length is known or estimated.
    var total: Double? { lengths.known + lengths.estimated > 0 ? seconds.reduce(0, +) : nil }

    /// At most `count` items of a list, spread evenly over it.
    static func spread(_ list: [Int], _ count: Int) -> [Int] {
        if list.count <= count { return list }
        return (0..<count).map { list[$0 * list.count / count] }
    }
}

/// Seconds per byte of a manifest's files, by the ending of their names.
private struct Kinds {
    /// The number of each clip's ending, by row.
    private var endingOfRow: [UInt16] = []
    private var sums: [(seconds: Double, bytes: Double)] = []

    init(_ plan: Plan, _ manifest: Manifest, _ known: Reconciler, headers: Int, _ isOver: () -> Bool) {
        var numbers: [String: UInt16] = [:]
        endingOfRow.reserveCapacity(manifest.count)
        for row in 0..<manifest.count {
            let ending = Self.ending(manifest.path(row))
            // Irregular names can have more endings than there are numbers; the excess endings share the first number.
            let number = numbers[ending] ?? (numbers.count < Int(UInt16.max) ? UInt16(numbers.count) : 0)
            numbers[ending] = number
            endingOfRow.append(number)
        }
        sums = [(seconds: Double, bytes: Double)](repeating: (0, 0), count: numbers.count)
        for row in 0..<manifest.count where known.seconds[row] > 0 && !known.facts[row].hasChanged {
            // The length of a part says nothing of its file's size.
            if let part = manifest.part(row), part.start > 0 || part.end != nil { continue }
            add(Double(known.seconds[row]), row, known)
        }
        if headers > 0 { readHeaders(plan, manifest, known, headers, isOver) }
    }

    func secondsPerByte(_ row: Int) -> Double? {
        let sum = sums[Int(endingOfRow[row])]
        return sum.bytes > 0 ? sum.seconds / sum.bytes : nil
    }

    private mutating func add(_ seconds: Double, _ row: Int, _ known: Reconciler) {
        guard known.sizes[row] > 0 else { return }
        sums[Int(endingOfRow[row])].seconds += seconds
        sums[Int(endingOfRow[row])].bytes += Double(known.sizes[row])
    }

    private mutating func readHeaders(
        _ plan: Plan, _ manifest: Manifest, _ known: Reconciler, _ limit: Int, _ isOver: () -> Bool
    ) {
        var rows = [[Int]](repeating: [], count: sums.count)
        for (row, route) in plan.assignments.enumerated() where route >= 0 && known.sizes[row] > 0 {
            let ending = Int(endingOfRow[row])
            if sums[ending].bytes == 0 { rows[ending].append(row) }
        }
        for list in rows.sorted(by: { $0.count > $1.count }) {
            for row in PendingAudio.spread(list, limit) {
                if isOver() { return }
                let path = manifest.path(row)
                guard let file = try? AudioFile(path: path, bytes: PathText.bytes(path), truncation: .accept),
                    let frames = file.declaredFrames, frames > 0
                else { continue }
                add(Double(frames) / Double(file.rate), row, known)
            }
        }
    }

    /// The last dot of a path and up to five bytes after it, in lower case; empty if the last six bytes have no dot.
    private static func ending(_ path: String) -> String {
        let tail = path.utf8.suffix(6)
        guard let dot = tail.lastIndex(of: UInt8(ascii: ".")) else { return "" }
        return String(decoding: tail[dot...], as: UTF8.self).lowercased()
    }
}
