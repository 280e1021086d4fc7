import Audio

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

    /// Whether a file may be a cut that an export wrote.
    ///
    /// - Parameters:
    ///   - name: the file's name, with its extension.
    ///   - folder: the name of its folder.
    static func isCut(_ name: String, in folder: String) -> Bool {
        let endings = CutFile.Container.allCases.map { "." + $0.rawValue }
        guard name.hasPrefix(folder + "_"), let ending = endings.first(where: { name.hasSuffix($0) }) else {
            return false
        }
        let parts = name.dropLast(ending.count).dropFirst(folder.count + 1).split(
            separator: "_", omittingEmptySubsequences: false)
        // Score, recording (which may hold underscores), seconds, digest.
        guard parts.count >= 4, let mark = parts.last else { return false }
        func isNumber(_ text: Substring) -> Bool {
            let halves = text.split(separator: ".", omittingEmptySubsequences: false)
            return halves.count == 2 && halves[1].count == 3
                && halves.allSatisfy { half in
                    !half.isEmpty && half.utf8.allSatisfy { (0x30...0x39).contains($0) }
                }
        }
        return mark.utf8.count == 8 && mark.utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) }
            && isNumber(parts[0]) && isNumber(parts[parts.count - 2])
    }
}
