import Archives
import Audio
import Dispatch
import Files

/// How long clips are, found without decoding any of them.
package struct ClipLengths: Sendable {
    /// Seconds of each clip, in the order in which they were asked for.
    package let seconds: [Double]
    /// How many lengths were known from an earlier run or are given by the manifest's `start` and `end`, how many come
    /// from headers and how many from the file's size.
    package let known: Int
    package let fromHeaders: Int
    package let fromSizes: Int

    /// Reading headers is waiting, above all on a shared file system.
    private static let threads = 16
    /// Clips that a thread takes at a time.
    private static let block = 256
    /// Deflated members whose headers are read, about: enough to learn the seconds per byte of what is packed with them.
    private static let inflated = 64
    /// The most bytes of such a member: all of it is inflated for its header.
    private static let mostInflated: Int64 = 16 << 20

    /// - Parameters:
    ///   - rows: the clips' rows in the manifest.
    ///   - sizes: sizes in bytes of all of the manifest's files, by row; 0 if a file is missing.
    ///   - lengths: what is known of all of them from earlier runs, in seconds, by row; 0 if nothing is.
    ///   - isStopped: asked now and then; true makes the remaining lengths come from sizes.
    package init(
        _ manifest: Manifest, rows: [Int], sizes: [Int64], lengths: [Float],
        isStopped: @escaping @Sendable () -> Bool = { false }
    ) {
        var found = [Double](repeating: 0, count: rows.count)
        let stride = max(1, rows.count / Self.inflated)
        let blocks = (rows.count + Self.block - 1) / Self.block
        found.withUnsafeMutableBufferPointer { buffer in
            nonisolated(unsafe) let target = buffer
            Self.forEach(blocks) { number in
                if isStopped() { return }
                for index in number * Self.block..<min(rows.count, (number + 1) * Self.block) {
                    let row = rows[index]
                    let part = manifest.part(row)
                    if let seconds = Self.known(row, part, lengths) {
                        target[index] = seconds
                    } else if sizes[row] > 0 {
                        let mayInflate = index % stride == 0 && sizes[row] <= Self.mostInflated
                        target[index] =
                            Self.declared(manifest.path(row), mayInflate: mayInflate).map { Self.rest(of: $0, part) }
                            ?? 0
                    }
                }
            }
        }
        let isKnown = rows.map { Self.known($0, manifest.part($0), lengths) != nil }
        known = isKnown.count { $0 }
        fromHeaders = rows.indices.count { !isKnown[$0] && found[$0] > 0 }
        fromSizes = rows.count - known - fromHeaders
        let rates = Rates(manifest, rows, sizes, found)
        for index in rows.indices where found[index] == 0 {
            let row = rows[index]
            let whole = rates.seconds(manifest.path(row), size: sizes[row])
            found[index] = Self.rest(of: whole, manifest.part(row))
        }
        seconds = found
    }

    /// A clip's length without looking at its file, in seconds; nil if it is not known.
    private static func known(_ row: Int, _ part: RecordingPart?, _ lengths: [Float]) -> Double? {
        part?.seconds ?? (lengths[row] > 0 ? Double(lengths[row]) : nil)
    }

    /// A file's length as its header gives it, in seconds.
    ///
    /// - Parameter mayInflate: whether a deflated member of an archive is inflated to read its header; its size does as well
    ///   once others of its kind are known.
    private static func declared(_ path: String, mayInflate: Bool) -> Double? {
        if let member = ArchivePath(path), !mayInflate, !ArchiveMember.isStored(member) { return nil }
        return DeclaredLength.seconds(path, bytes: PathText.bytes(path))
    }

    /// What is left of a recording from a part's start on, in seconds.
    private static func rest(of whole: Double, _ part: RecordingPart?) -> Double {
        max(0, whole - (part?.startSeconds ?? 0))
    }

    private static func forEach(_ count: Int, _ body: @Sendable (Int) -> Void) {
        let workers = min(threads, count)
        DispatchQueue.concurrentPerform(iterations: workers) { worker in
            for item in stride(from: worker, to: count, by: workers) { body(item) }
        }
    }

    /// How long files are whose headers do not say it, by the endings of their names.
    private struct Rates {
        private struct Sum {
            var seconds = 0.0
            var bytes = 0.0
            var clips = 0.0
        }

        private var sums: [String: Sum] = [:]
        private var films = Sum()
        private var all = Sum()

        init(_ manifest: Manifest, _ rows: [Int], _ sizes: [Int64], _ seconds: [Double]) {
            for index in rows.indices where seconds[index] > 0 && sizes[rows[index]] > 0 {
                // Of a stretch of a recording, the size is that of the whole.
                if let part = manifest.part(rows[index]), part.start > 0 || part.end != nil { continue }
                let ending = Self.ending(manifest.path(rows[index]))
                func add(_ sum: inout Sum) {
                    sum.seconds += seconds[index]
                    sum.bytes += Double(sizes[rows[index]])
                    sum.clips += 1
                }
                add(&sums[ending, default: Sum()])
                if TypicalRate(ending: ending) == .film { add(&films) }
                add(&all)
            }
        }

        /// A file's length in seconds: by the seconds per byte of the others with its ending, else by what is typical of the
        /// ending. A film's size says nothing of its length, as the pictures take most of it: it counts as long as the other
        /// films, or as the other clips.
        func seconds(_ path: String, size: Int64) -> Double {
            guard size > 0 else { return 0 }
            let ending = Self.ending(path)
            if let sum = sums[ending] { return Double(size) * sum.seconds / sum.bytes }
            if let rate = TypicalRate(ending: ending).bytesPerSecond { return Double(size) / rate }
            let others = films.clips > 0 ? films : all
            return others.clips > 0 ? others.seconds / others.clips : TypicalRate.film.secondsOfFile
        }

        /// The last dot of a path and up to five bytes after it, in lower case; empty if the last six bytes have no dot.
        private static func ending(_ path: String) -> String {
            let tail = path.utf8.suffix(6)
            guard let dot = tail.lastIndex(of: UInt8(ascii: ".")) else { return "" }
            return String(decoding: tail[dot...], as: UTF8.self).lowercased()
        }
    }
}

/// What a second of sound usually takes in files of an ending, where no such file says more.
private enum TypicalRate {
    /// 16 bits at 44.1 kHz, one channel.
    case samples
    /// The same, compressed without loss.
    case lossless
    /// 128 kbit/s.
    case compressed
    /// Codings of speech, of 16 kbit/s or so.
    case speech
    /// Pictures, of any size.
    case film

    init(ending: String) {
        switch ending {
        case ".wav", ".wave", ".rf64", ".bwf", ".w64", ".aif", ".aiff", ".aifc", ".au", ".snd", ".caf", ".sph", ".raw":
            self = .samples
        case ".flac", ".wv", ".ape", ".tta", ".tak", ".shn", ".alac": self = .lossless
        case ".amr", ".awb", ".3ga", ".gsm", ".qcp", ".spx": self = .speech
        case ".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".wmv", ".asf", ".flv", ".f4v", ".ts", ".mts", ".m2ts",
            ".mpg", ".mpeg", ".vob", ".3gp", ".3g2", ".ogv", ".rm", ".rmvb":
            self = .film
        default: self = .compressed
        }
    }

    /// nil where the size says nothing.
    var bytesPerSecond: Double? {
        switch self {
        case .samples: 88_200
        case .lossless: 50_000
        case .compressed: 16_000
        case .speech: 2_000
        case .film: nil
        }
    }

    /// What a file counts whose size says nothing, if no other's length is known, in seconds: all count the same.
    var secondsOfFile: Double { 60 }
}
