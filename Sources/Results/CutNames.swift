/// Names of cut clips: `Dog/Dog_0.873_rec_12.340_1f0c22ab.wav` is class, score, recording, start in seconds, and the start of a
/// digest of these and the end. So a name says what the file is wherever the file goes, it is the same at every export, and no
/// two events share one, even though characters that a file system rejects are left out.
enum CutNames {
    private static let longestLabel = 60
    private static let longestClip = 100

    /// - Returns: the name relative to the export's folder, without an extension.
    static func stem(_ event: Event) -> String {
        let label = SafeName.component(event.label, limit: longestLabel)
        let clip = SafeName.component(event.clip, limit: longestClip)
        var text: [UInt8] = []
        NumberText.append(event.score, digits: 3, to: &text)
        text += "_\(clip)_".utf8
        NumberText.append(event.start, digits: 3, to: &text)
        // Rounded to the microsecond, as times are in tables, so that an event that was written and read back keeps its name.
        let times = [event.start, event.end].map { Int(($0 * 1e6).rounded()) }
        let mark = SafeName.digest("\(event.clip)\0\(event.label)\0\(times[0])\0\(times[1])")
        return "\(label)/\(label)_\(String(decoding: text, as: UTF8.self))_\(mark)"
    }
}
