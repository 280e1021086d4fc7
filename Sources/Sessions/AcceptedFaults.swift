import Pipeline
import Synchronization
import Wording

/// The faults that `decode` accepted in one run because it was told to: `truncated: accept` and `non-finite: zero`.
package struct AcceptedFaults: Sendable, Equatable {
    /// Clips whose files are cut short or damaged.
    package var damagedClips = 0
    /// Samples that were not finite and were replaced by 0, and the number of clips that have any.
    package var zeroed: Int64 = 0
    package var zeroedClips = 0

    package init() {}

    /// Lines for the end of a run; empty if nothing was accepted.
    package var lines: [String] {
        var lines: [String] = []
        if damagedClips > 0 {
            lines.append(
                "truncated accept: \(counted(damagedClips, "clip is", "clips are")) cut or damaged; what was readable was used"
            )
        }
        if zeroed > 0 {
            lines.append(
                "non-finite zero: \(grouped(zeroed)) samples in \(counted(zeroedClips, "clip")) were not finite and are 0"
            )
        }
        return lines
    }

    /// Adds up what was accepted in committed clips, on any thread.
    final class Counter: Sendable {
        private let sum = Mutex(AcceptedFaults())

        func add(_ outcomes: [Outcome]) {
            sum.withLock { sum in
                for outcome in outcomes {
                    if outcome.accepted.isDamaged { sum.damagedClips += 1 }
                    sum.zeroed += outcome.accepted.zeroed
                    if outcome.accepted.zeroed > 0 { sum.zeroedClips += 1 }
                }
            }
        }

        var total: AcceptedFaults { sum.withLock { $0 } }
    }
}
