import Audio
import Ledger

extension ClipRecord {
    /// The part of the recording that the clip is; nil if it is the whole recording.
    ///
    /// - Throws: `LedgerError` of kind corrupt if a later version of Earmark wrote what this one cannot read.
    package func recordingPart() throws(LedgerError) -> RecordingPart? {
        guard let part else { return nil }
        guard let found = RecordingPart(part) else {
            throw LedgerError(
                .corrupt, path: "",
                "clip '\(name)' is the part '\(part)' of its recording, expected start, end or channel")
        }
        return found
    }
}
