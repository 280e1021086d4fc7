import Sessions
import Wording

/// Describes in words what the work of a plan would take.
enum EstimateText {
    static func lines(_ estimate: WorkEstimate) -> [String] {
        guard let audio = estimate.audio else { return ["estimate: none, as no clip's length is known"] }
        var line = "estimate: \(Figures.audio(audio)) of audio"
        if let seconds = estimate.seconds {
            line += ", \(Figures.duration(seconds)) with \(counted(estimate.workers, "worker"))"
        } else {
            line += ", time not known"
        }
        if let bytes = estimate.bytes { line += ", \(Figures.bytes(bytes)) of rows" }
        var lines = [line]
        let guessed = estimate.lengths.estimated + estimate.lengths.unknown
        if guessed > 0 {
            lines.append("  \(counted(guessed, "clip")) of unknown length, estimated from file size")
        }
        if let speed = estimate.speed {
            lines.append(
                "  \(Figures.fixed(speed, 0)) x real time, by " + estimate.bases.map(text).joined(separator: " and "))
        }
        if let free = estimate.free {
            lines.append("  \(Figures.bytes(free)) free on the disk of the cache")
            if estimate.isShortOfSpace, let bytes = estimate.bytes {
                lines.append(
                    "note: the free space looks too small: about \(Figures.bytes(bytes - free)) are missing")
            }
        }
        return lines
    }

    private static func text(_ basis: WorkEstimate.Basis) -> String {
        switch basis {
        case .runs(let count): "\(counted(count, "earlier run")) of the same work"
        case .probe(let clips, let seconds): "a trial of \(counted(clips, "clip")) in \(Figures.fixed(seconds, 1)) s"
        }
    }

    /// One JSON object; what is not known is null.
    static func json(_ estimate: WorkEstimate) -> String {
        let bases = estimate.bases.map { basis in
            switch basis {
            case .runs(let count): #"{"runs":\#(count)}"#
            case .probe(let clips, let seconds): #"{"probe_clips":\#(clips),"seconds":\#(Figures.fixed(seconds, 3))}"#
            }
        }
        let fields: [(String, String?)] = [
            ("audio_seconds", estimate.audio.map { Figures.fixed($0, 1) }),
            ("clips_of_known_length", "\(estimate.lengths.known)"),
            ("clips_of_estimated_length", "\(estimate.lengths.estimated)"),
            ("clips_of_unknown_length", "\(estimate.lengths.unknown)"),
            ("seconds", estimate.seconds.map { Figures.fixed($0, 1) }),
            ("speed", estimate.speed.map { Figures.fixed($0, 1) }), ("workers", "\(estimate.workers)"),
            ("bases", "[\(bases.joined(separator: ","))]"), ("bytes", estimate.bytes.map { "\($0)" }),
            ("free_bytes", estimate.free.map { "\($0)" }), ("short_of_space", "\(estimate.isShortOfSpace)"),
        ]
        return "{" + fields.map { "\"\($0)\":\($1 ?? "null")" }.joined(separator: ",") + "}"
    }
}
