import Cache
import Corpora
import Evaluation
import Files
import Foundation
import Ledger
import Results

/// All events of a cache as found at one time, in compact arrays: 38 bytes per event, plus the name, path and ends of
/// each clip that has events. An SQLite file was rejected: sorting a million rows by score for one page took longer
/// than scanning these arrays.
package struct EventIndex: Sendable {
    /// A clip that has events.
    package struct Clip: Sendable, Equatable {
        package let name: String
        /// Absolute path.
        package let path: String
        /// Where the clip begins, in seconds from the recording's start; 0 unless it is a part of the recording.
        package let start: Double
        /// Where the clip ends, in seconds from the recording's start; nil if unknown.
        package let end: Double?
    }

    package let classes: [String]
    /// The threshold of each class.
    package let thresholds: [Float]
    /// The clip index of each event. Events are in manifest order, then by start.
    package private(set) var clips: ContiguousArray<Int32> = []
    /// The class index of each event.
    package private(set) var places: ContiguousArray<UInt16> = []
    /// The start of each event, in seconds from the start of the recording.
    package private(set) var starts: ContiguousArray<Double> = []
    package private(set) var ends: ContiguousArray<Double> = []
    /// The mean of the class's curve over each event; `peaks` has the maximum.
    package private(set) var scores: ContiguousArray<Float> = []
    package private(set) var peaks: ContiguousArray<Float> = []
    /// The number of events of each class.
    package private(set) var counts: [Int]
    /// Event indices by descending score. `byDoubt` orders them by how far the peak lies above the threshold, the most
    /// doubtful first.
    private(set) var byScore: ContiguousArray<Int32> = []
    private(set) var byDoubt: ContiguousArray<Int32> = []
    private(set) var names = ClipNames()
    /// Where each clip begins and ends; NaN for an unknown end.
    private var clipStarts: ContiguousArray<Double> = []
    private var clipEnds: ContiguousArray<Double> = []

    /// Creates an index without events.
    package init(classes: [String], thresholds: [Float]) {
        self.classes = classes
        self.thresholds = thresholds
        counts = [Int](repeating: 0, count: classes.count)
    }

    /// Reserves memory for about as many events as `before` has. Growing by doubling would take up to twice as much,
    /// while the previous index is still in use.
    mutating func expect(_ before: EventIndex) {
        clips.reserveCapacity(before.count + before.count / 50)
        places.reserveCapacity(before.count + before.count / 50)
        starts.reserveCapacity(before.count + before.count / 50)
        ends.reserveCapacity(before.count + before.count / 50)
        scores.reserveCapacity(before.count + before.count / 50)
        peaks.reserveCapacity(before.count + before.count / 50)
        clipStarts.reserveCapacity(before.clipCount + before.clipCount / 50)
        clipEnds.reserveCapacity(before.clipCount + before.clipCount / 50)
        names.expect(before.names)
    }

    package var count: Int { clips.count }
    package var clipCount: Int { names.count }

    /// - Parameter index: the index of a clip that has events.
    package func clip(_ index: Int) -> Clip {
        Clip(
            name: names.name(index), path: names.path(index), start: clipStarts[index],
            end: clipEnds[index].isNaN ? nil : clipEnds[index])
    }

    /// The indices of a clip's events, which are contiguous.
    package func events(of clip: Int) -> Range<Int> {
        let wanted = Int32(clip)
        func bound(_ isBefore: (Int32) -> Bool) -> Int {
            var (low, high) = (0, clips.count)
            while low < high {
                let middle = (low + high) / 2
                if isBefore(clips[middle]) { low = middle + 1 } else { high = middle }
            }
            return low
        }
        return bound { $0 < wanted }..<bound { $0 <= wanted }
    }

    /// An event in the form in which it is exported.
    package func event(_ index: Int) -> Event {
        let clip = clip(Int(clips[index]))
        return Event(
            clip: clip.name, path: clip.path, start: starts[index], end: ends[index],
            label: classes[Int(places[index])], score: Self.number(scores[index]), peak: Self.number(peaks[index]))
    }

    /// The threshold of an event's class.
    package func threshold(ofEvent index: Int) -> Double { Self.number(thresholds[Int(places[index])]) }

    /// The float64 with the same decimal text as the float32: 0.6 rather than 0.60000002384.
    static func number(_ value: Float) -> Double { Double(value.description) ?? Double(value) }

    /// The indices of the named clips, keyed by the UTF-8 bytes of their names. Clips without events are absent.
    package func clips(named wanted: [String]) -> [[UInt8]: Int] {
        names.indices(of: Set(wanted.map { Array($0.utf8) }))
    }

    // MARK: - Building

    /// Starts a clip; its events follow.
    package mutating func begin(_ clip: EventClip) {
        // Clips without events are not stored: the clip is added with its first event.
        pending = clip
    }

    /// Adds an event of the clip begun last.
    ///
    /// - Parameter place: the index of the event's class.
    package mutating func add(_ event: Event, place: Int) {
        if let clip = pending {
            names.add(name: clip.name, path: clip.path)
            clipStarts.append(clip.start)
            clipEnds.append(clip.end ?? .nan)
            pending = nil
        }
        clips.append(Int32(names.count - 1))
        places.append(UInt16(place))
        starts.append(event.start)
        ends.append(event.end)
        scores.append(Float(event.score))
        peaks.append(Float(event.peak))
        counts[place] += 1
    }

    private var pending: EventClip?

    /// Sorts the events. Call once, after the last event.
    package mutating func finish() {
        pending = nil
        names.finish()
        clips.shrink()
        places.shrink()
        starts.shrink()
        ends.shrink()
        scores.shrink()
        peaks.shrink()
        clipStarts.shrink()
        clipEnds.shrink()
        byScore = Self.order(count) { ~UInt32(0) - scores[$0].bitPattern }
        byDoubt = Self.order(count) { max(0, peaks[$0] - thresholds[Int(places[$0])]).bitPattern }
    }

    /// Indices by ascending key; equal keys are ordered by index. Scores are never negative, so their bit patterns sort
    /// in the same order as the scores.
    private static func order(_ count: Int, _ key: (Int) -> UInt32) -> ContiguousArray<Int32> {
        var words = ContiguousArray<UInt64>(unsafeUninitializedCapacity: count) { buffer, made in
            for index in 0..<count { buffer.initializeElement(at: index, to: UInt64(key(index)) << 32 | UInt64(index)) }
            made = count
        }
        words.sort()
        return ContiguousArray(words.lazy.map { Int32(truncatingIfNeeded: $0 & 0xFFFF_FFFF) })
    }
}

extension ContiguousArray {
    /// Frees the unused capacity that growing by doubling left after the last element.
    fileprivate mutating func shrink() {
        guard capacity > count + count / 8 else { return }
        self = ContiguousArray(unsafeUninitializedCapacity: count) { buffer, made in
            made = count
            _ = buffer.initialize(fromContentsOf: self)
        }
    }
}

/// The names and paths of clips in one block of bytes, with a second, lowercase copy for searching.
struct ClipNames: Sendable {
    private var bytes: ContiguousArray<UInt8> = []
    private var folded: ContiguousArray<UInt8> = []
    /// The offsets at which each clip's name and path begin, and the end of the last path.
    private var offsets: ContiguousArray<UInt32> = []
    /// The offset at which each clip begins in `folded`.
    private var foldedOffsets: ContiguousArray<UInt32> = []

    var count: Int { foldedOffsets.count }

    mutating func add(name: String, path: String) {
        offsets.append(UInt32(bytes.count))
        bytes += name.utf8
        offsets.append(UInt32(bytes.count))
        bytes += path.utf8
        foldedOffsets.append(UInt32(folded.count))
        folded += Self.folded(name)
        // Search text never contains this byte, so no match can span two names.
        folded.append(0)
        folded += Self.folded(path)
        folded.append(0)
    }

    mutating func finish() {
        offsets.append(UInt32(bytes.count))
        bytes.shrink()
        folded.shrink()
        offsets.shrink()
        foldedOffsets.shrink()
    }

    mutating func expect(_ before: ClipNames) {
        bytes.reserveCapacity(before.bytes.count + before.bytes.count / 50)
        folded.reserveCapacity(before.folded.count + before.folded.count / 50)
        offsets.reserveCapacity(before.offsets.count + before.offsets.count / 50)
        foldedOffsets.reserveCapacity(before.count + before.count / 50)
    }

    func name(_ index: Int) -> String { text(2 * index) }
    func path(_ index: Int) -> String { text(2 * index + 1) }

    private func text(_ place: Int) -> String {
        String(decoding: bytes[Int(offsets[place])..<Int(offsets[place + 1])], as: UTF8.self)
    }

    /// The indices of the names in `wanted`, keyed by their UTF-8 bytes.
    func indices(of wanted: Set<[UInt8]>) -> [[UInt8]: Int] {
        var found: [[UInt8]: Int] = [:]
        guard !wanted.isEmpty else { return found }
        for index in 0..<count {
            let name = Array(bytes[Int(offsets[2 * index])..<Int(offsets[2 * index + 1])])
            if wanted.contains(name) { found[name] = index }
        }
        return found
    }

    /// Whether each clip has the text in its name or path, ignoring case.
    func containing(_ text: String) -> [Bool] {
        var found = [Bool](repeating: false, count: count)
        let needle = Self.folded(text).filter { $0 != 0 }
        guard !needle.isEmpty else { return [Bool](repeating: true, count: count) }
        folded.withUnsafeBytes { hay in
            let search = ByteSearch(needle, in: hay)
            var (place, clip) = (0, 0)
            while let hit = search.first(from: place) {
                place = hit
                // Finds the clip that contains the hit; hits come in ascending order.
                var (low, high) = (clip, count)
                while high - low > 1 {
                    let middle = (low + high) / 2
                    if Int(foldedOffsets[middle]) <= place { low = middle } else { high = middle }
                }
                clip = low
                found[clip] = true
                guard clip + 1 < count else { break }
                // Further hits in the same clip add nothing: skip to the next clip.
                place = Int(foldedOffsets[clip + 1])
            }
        }
        return found
    }

    static func folded(_ text: String) -> [UInt8] {
        let utf8 = Array(text.utf8)
        // Most names are ASCII; Unicode's rules would be forty times slower for them.
        if utf8.allSatisfy({ $0 < 0x80 }) {
            return utf8.map { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") ? $0 | 0x20 : $0 }
        }
        return Array(text.lowercased().utf8)
    }
}
