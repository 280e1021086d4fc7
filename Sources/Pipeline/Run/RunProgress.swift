import Synchronization

/// How much audio a run has been through, block by block, for whoever shows it; safe to ask from any thread.
///
/// How much there is in all is known only when every file has been opened. Until then it is estimated: what lies before the
/// run is taken to have as many seconds a byte as what was opened so far, and a clip under way is as long as its header says.
package final class RunProgress: Sendable {
    /// How far a run is, in seconds of audio.
    package struct Reading: Sendable, Equatable {
        /// Seconds of audio that were worked on.
        package var heard: Double
        /// nil before the first clip was opened.
        package var total: Double?

        package init(heard: Double, total: Double?) {
            self.heard = heard
            self.total = total
        }
    }

    private struct Totals {
        /// Of clips that ended, failed ones included: what was heard of them.
        var heard = 0.0
        /// Of those that were heard whole.
        var wholeSeconds = 0.0
        var wholeBytes = 0.0
        /// Of clips that have not begun.
        var bytesLeft: Double
        var clipsLeft: Int
        var wholeClips = 0
    }

    private let totals: Mutex<Totals>
    private let meters = Mutex<[ClipMeter]>([])

    /// - Parameters:
    ///   - clips: with work to do.
    ///   - bytes: the sizes of their files together.
    package init(clips: Int, bytes: Int64) {
        totals = Mutex(Totals(bytesLeft: Double(bytes), clipsLeft: clips))
    }

    /// Where the run is now; asked from any thread.
    package var reading: Reading {
        let underWay = meters.withLock { $0.map { ($0.bytes, $0.heard, $0.length) } }
        let totals = totals.withLock { $0 }
        var (heard, known) = (totals.heard, totals.heard)
        var (seconds, bytes, clips) = (totals.wholeSeconds, totals.wholeBytes, Double(totals.wholeClips))
        for clip in underWay {
            heard += clip.1
            let length = max(clip.1, clip.2)
            known += length
            if length > 0 {
                seconds += length
                bytes += clip.0
                clips += 1
            }
        }
        guard seconds > 0 else { return Reading(heard: heard, total: nil) }
        // Files that are gone have no size; their clips are replayed from the cache, and each counts as the mean one.
        let left =
            bytes > 0 && totals.bytesLeft > 0
            ? totals.bytesLeft * seconds / bytes : Double(totals.clipsLeft) * seconds / max(1, clips)
        return Reading(heard: heard, total: known + (totals.clipsLeft > 0 ? left : 0))
    }

    /// A worker begins a clip whose file has so many bytes.
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
    /// - Parameter isWhole: whether all of it was heard, so that its length tells of others.
    func end(_ meter: ClipMeter, isWhole: Bool) {
        // First the one, then the other: between the two it is for an instant missing, and never counted twice.
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

/// How far one clip is, written by its worker and read by others.
package final class ClipMeter: Sendable {
    /// Of the clip's file.
    let bytes: Double
    private let heardMilliseconds = Atomic<Int>(0)
    private let lengthMilliseconds = Atomic<Int>(0)

    init(bytes: Double) { self.bytes = bytes }

    /// Seconds that went through so far.
    var heard: Double {
        get { Double(heardMilliseconds.load(ordering: .relaxed)) / 1000 }
        set { heardMilliseconds.store(Self.milliseconds(newValue), ordering: .relaxed) }
    }

    /// Seconds that the clip has by its header; 0 where nothing says so.
    var length: Double {
        get { Double(lengthMilliseconds.load(ordering: .relaxed)) / 1000 }
        set { lengthMilliseconds.store(Self.milliseconds(newValue), ordering: .relaxed) }
    }

    private static func milliseconds(_ seconds: Double) -> Int {
        seconds.isFinite ? Int((min(max(seconds, 0), 1e12) * 1000).rounded()) : 0
    }
}
