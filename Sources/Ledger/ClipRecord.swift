/// A clip of the manifest.
package struct ClipRecord: Sendable, Equatable {
    package let id: Int64
    /// Position in the last run's manifest.
    package let position: Int64
    package let name: String
    package let path: String
    /// The part of the recording that the clip is, as `RecordingPart` writes it; nil if it is the whole recording.
    package let part: String?
    /// What else the manifest says of the clip: a JSON object of its further columns; nil if it has none.
    package let metadata: String?

    package init(
        id: Int64, position: Int64, name: String, path: String, part: String? = nil, metadata: String? = nil
    ) {
        self.id = id
        self.position = position
        self.name = name
        self.path = path
        self.part = part
        self.metadata = metadata
    }

    /// - Parameter entry: what the manifest says of the clip; its name and path only in ledgers of version 5 and before,
    ///   whose checks stay valid because nil does not count.
    static func check(_ entry: Ledger.ManifestRow, _ position: Int64?) -> Int64 {
        var check = RowCheck()
        check.add(entry.name)
        check.add(entry.path)
        check.add(position)
        if entry.part != nil || entry.metadata != nil {
            check.add(entry.part)
            check.add(entry.metadata)
        }
        return check.value
    }
}
