import Synchronization

/// How much audio a run has processed, block by block, for a progress display; can be read safely from any thread.
///
/// The total is known only when every file has been opened. Until then it is estimated: files not yet opened are
/// assumed to have as many seconds per byte as those opened so far, and so is a clip in flight whose header gives no
/// length; any other clip in flight is assumed to be as long as its header says.
package final class RunProgress: Sendable {
    /// How far a run is, in seconds of audio.
    package struct Reading: Sendable, Equatable {
        /// Seconds of audio processed.
        package var heard: Double
        /// nil before the length of any clip is known.
        package var total: Double?

        package init(heard: Double, total: Double?) {
            self.heard = heard
            self.total = total
        }
    }

    private struct Totals {
        /// Seconds processed of clips that have ended, including failed ones.
        var heard = 0.0
        /// Seconds of the clips that were processed whole.
        var wholeSeconds = 0.0
        var wholeBytes = 0.0
        /// File bytes of clips that have not begun.
        var bytesLeft: Double
        var clipsLeft: Int
        var wholeClips = 0
    }

    private let totals: Mutex<Totals>
    private let meters = Mutex<[ClipMeter]>([])

    /// - Parameters:
    ///   - clips: number of clips with work to do.
    ///   - bytes: total size of their files.
    package init(clips: Int, bytes: Int64) {
        totals = Mutex(Totals(bytesLeft: Double(bytes), clipsLeft: clips))
    }

    /// The current progress; can be read from any thread.
    package var reading: Reading {
        let underWay = meters.withLock { $0.map { (bytes: $0.bytes, heard: $0.heard, length: $0.length) } }
        let totals = totals.withLock { $0 }
        var (heard, known) = (totals.heard, totals.heard)
        var (seconds, bytes, clips) = (totals.wholeSeconds, totals.wholeBytes, Double(totals.wholeClips))
        for clip in underWay {
            heard += clip.heard
            // What was heard of a clip of unknown length says nothing of the rest of it.
            guard clip.length > 0 else { continue }
            let length = max(clip.heard, clip.length)
            known += length
            seconds += length
            bytes += clip.bytes
            clips += 1
        }
        guard seconds > 0 else { return Reading(heard: heard, total: nil) }
        for clip in underWay where clip.length == 0 {
            let guess = clip.bytes > 0 && bytes > 0 ? clip.bytes * seconds / bytes : seconds / max(1, clips)
            known += max(clip.heard, guess)
        }
        // Missing files have no size; their clips are replayed from the cache, and each counts as a clip of mean
        // length.
        let left =
            bytes > 0 && totals.bytesLeft > 0
            ? totals.bytesLeft * seconds / bytes : Double(totals.clipsLeft) * seconds / max(1, clips)
        return Reading(heard: heard, total: known + (totals.clipsLeft > 0 ? left : 0))
    }

    /// A worker begins a clip whose file has `bytes` bytes.
    func begin(bytes: Int64) -> ClipMeter {
        let meter = ClipMeter(bytes: Double(bytes))
        totals.withLock {
            $0.bytesLeft = max(0, $0.bytesLeft - meter.bytes)
            $0.clipsLeft -= 1
        }
        meters.withLock { $0.append(meter) }
        return meter
    }

    /// The clip has ended.
    ///
    /// - Parameter isWhole: whether the whole clip was processed, so that its length can be used to estimate others.
    func end(_ meter: ClipMeter, isWhole: Bool) {
        // In this order, the clip is missing for an instant between the two steps, but never counted twice.
        meters.withLock { $0.removeAll { $0 === meter } }
        totals.withLock {
            $0.heard += meter.heard
            guard isWhole else { return }
            $0.wholeSeconds += meter.heard
            $0.wholeBytes += meter.bytes
            $0.wholeClips += 1
        }
    }
}

/// The progress of one clip, written by its worker and read by others.
package final class ClipMeter: Sendable {
    /// Size of the clip's file.
    let bytes: Double
    private let heardMilliseconds = Atomic<Int>(0)
    private let lengthMilliseconds = Atomic<Int>(0)

    init(bytes: Double) { self.bytes = bytes }

    /// Seconds processed so far.
    var heard: Double {
        get { Double(heardMilliseconds.load(ordering: .relaxed)) / 1000 }
        set { heardMilliseconds.store(Self.milliseconds(newValue), ordering: .relaxed) }
    }

    /// The clip's length in seconds according to its header; 0 if unknown.
    var length: Double {
        get { Double(lengthMilliseconds.load(ordering: .relaxed)) / 1000 }
        set { lengthMilliseconds.store(Self.milliseconds(newValue), ordering: .relaxed) }
    }

    private static func milliseconds(_ seconds: Double) -> Int {
        seconds.isFinite ? Int((min(max(seconds, 0), 1e12) * 1000).rounded()) : 0
    }
}
