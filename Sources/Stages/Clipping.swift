import Pipeline
import Synchronization

/// What int16 cost the samples of one run: of those that it stored, how many were beyond full scale and clipped.
///
/// A resampler overshoots where the recording itself was limited: by up to a sixteenth of full scale on ESC-10.
package struct Clipping: Sendable, Equatable {
    /// Samples that were stored as int16.
    package var stored = 0
    /// Those of them that were clipped.
    package var samples = 0
    /// Clips that have one.
    package var clips = 0
    /// The stage that the rows came from, for what to change.
    package var stage = ""
    /// Clips whose files are cut or damaged and were accepted.
    package var damagedClips = 0
    /// Samples that were not finite and were taken as 0, and the clips that have one.
    package var zeroed: Int64 = 0
    package var zeroedClips = 0

    package init(stored: Int = 0, samples: Int = 0, clips: Int = 0) {
        self.stored = stored
        self.samples = samples
        self.clips = clips
    }

    /// One line for the end of a run.
    package var text: String {
        "int16 raw: \(Self.grouped(samples)) of \(Self.grouped(stored)) samples, in \(clips) \(clips == 1 ? "clip" : "clips"), were beyond full scale and "
            + "were clipped (--set \(stage).dtype=float32 keeps them)"
    }

    /// Lines on what the settings of `decode` let pass; none where there is nothing.
    package var acceptedLines: [String] {
        var lines: [String] = []
        if damagedClips > 0 {
            lines.append(
                "truncated accept: \(damagedClips) \(damagedClips == 1 ? "clip is" : "clips are") cut or damaged, and done with "
                    + "what there is")
        }
        if zeroed > 0 {
            lines.append(
                "non-finite zero: \(Self.grouped(Int(zeroed))) samples in \(zeroedClips) "
                    + "\(zeroedClips == 1 ? "clip" : "clips") were not finite and are 0")
        }
        return lines
    }

    /// A number with commas between its thousands.
    private static func grouped(_ number: Int) -> String {
        var text = ""
        for (place, digit) in String(number).reversed().enumerated() {
            if place > 0, place % 3 == 0 { text = "," + text }
            text = String(digit) + text
        }
        return text
    }

    /// Adds up what is committed, on whichever thread.
    final class Counter: Sendable {
        private let sum = Mutex(Clipping())
        /// Nodes that store int16, by index.
        private let nodes: Set<Int>

        init(graph: Graph) {
            let found = graph.nodes.filter { $0.parameters["dtype"] == "int16" }
            nodes = Set(found.map(\.index))
            sum.withLock { $0.stage = found.first?.name ?? "" }
        }

        func add(_ outcomes: [Outcome]) {
            sum.withLock { sum in
                for outcome in outcomes {
                    let products = outcome.products.filter { nodes.contains($0.node) }
                    let clipped = products.reduce(0) { $0 + $1.clipped }
                    sum.stored += products.reduce(0) { $0 + $1.rowCount }
                    sum.samples += clipped
                    if clipped > 0 { sum.clips += 1 }
                    if outcome.accepted.isDamaged { sum.damagedClips += 1 }
                    sum.zeroed += outcome.accepted.zeroed
                    if outcome.accepted.zeroed > 0 { sum.zeroedClips += 1 }
                }
            }
        }

        var total: Clipping { sum.withLock { $0 } }
    }
}
