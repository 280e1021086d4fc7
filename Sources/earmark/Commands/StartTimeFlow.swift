import Corpora

/// Finds when the clips of a folder began, for the further columns of its manifest.
struct StartTimeFlow {
    let zone: ZoneRule?
    let patterns: [NamePattern]

    /// What is kept of a clip until the manifest is written.
    private struct Row {
        let began: StartTime?
        let source: StartTimeFinder.Source?
        let latitude: String
        let longitude: String
        /// An index into the recorders, of which there are few.
        let recorder: Int?
    }

    /// - Parameter copies: files with the content of an entry, by its path, whose names may have the time that its own
    ///   lacks.
    /// - Returns: the columns `began` and `began_source`, and of `latitude`, `longitude` and `recorder` those that a
    ///   header says something about; and lines for the user.
    func columns(
        of entries: [Manifest.Entry], copies: [String: [Manifest.Entry]] = [:]
    ) -> (Manifest.FurtherColumns, [String]) {
        var finder = StartTimeFinder(zone: zone, patterns: patterns)
        var recorders: [String] = []
        var places: [String: Int] = [:]
        let rows = entries.map { entry in
            let found = finder.find(
                clip: entry.clip, path: entry.path, copies: (copies[entry.path] ?? []).map { ($0.clip, $0.path) })
            let recorder = found.recorder.map { name in
                if let place = places[name] { return place }
                places[name] = recorders.count
                recorders.append(name)
                return recorders.count - 1
            }
            return Row(
                began: found.began, source: found.source, latitude: found.position?.latitude ?? "",
                longitude: found.position?.longitude ?? "", recorder: recorder)
        }
        let (hasPosition, hasRecorder) = (rows.contains { !$0.latitude.isEmpty }, !recorders.isEmpty)
        let names =
            [ClipMetadata.began, "began_source"] + (hasPosition ? ["latitude", "longitude"] : [])
            + (hasRecorder ? ["recorder"] : [])
        let further = Manifest.FurtherColumns(names: names) { [recorders] place in
            let row = rows[place]
            return [row.began?.text() ?? "", row.source?.rawValue ?? ""]
                + (hasPosition ? [row.latitude, row.longitude] : [])
                + (hasRecorder ? [row.recorder.map { recorders[$0] } ?? ""] : [])
        }
        return (further, finder.summary.lines)
    }

    /// The titles of what `values` has.
    static let copyTitles = [ClipMetadata.began, "began_source"]

    /// The start time that a clip's own header or name has, and where it is from.
    func values(of clip: Manifest.Entry) -> [String] {
        var finder = StartTimeFinder(zone: zone, patterns: patterns)
        let found = finder.find(clip: clip.clip, path: clip.path)
        return [found.began?.text() ?? "", found.source?.rawValue ?? ""]
    }
}
