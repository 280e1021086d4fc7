import Archives
import Wording

/// What a scan of a folder left out, by kind and ending, and what it listed because of its contents alone.
package struct LeftOut: Sendable, Equatable {
    /// How many endings are named, those of most files first; the others are counted together.
    private static let shown = 12

    /// Why one file or folder is not listed.
    package enum Reason: Sendable, Equatable {
        case notAudio, foreign, special, hiddenFile, hiddenFolder
        /// An archive while archives are not to be listed.
        case archive
        /// An archive whose members cannot be read one by one.
        case sequentialArchive
        /// An archive inside an archive.
        case nestedArchive
        /// A member of an archive that is not read.
        case refusedMember(MemberRefusal)

        /// The reason as shown to the user.
        package var text: String {
            switch self {
            case .notAudio: "not audio"
            case .foreign: "audio or video that Earmark cannot read yet"
            case .special: "not a regular file"
            case .hiddenFile: "a hidden file"
            case .hiddenFolder: "a hidden folder"
            case .archive: "an archive"
            case .sequentialArchive: "an archive whose members cannot be read one by one; \(Archive.advice)"
            case .nestedArchive: "an archive inside an archive"
            case .refusedMember(let reason): "a member of an archive that is not read: \(reason)"
            }
        }
    }

    /// Files that are not audio, by their endings in lower case; empty for a name without one.
    package private(set) var notAudio: [String: Int] = [:]
    /// Audio or video files that Earmark cannot read yet, by ending.
    package private(set) var foreign: [String: Int] = [:]
    /// Files that were listed although their endings do not indicate a readable format, by ending.
    package private(set) var takenByContents: [String: Int] = [:]
    /// Links to nothing, pipes and devices, if their names do not end like audio.
    package private(set) var special = 0
    /// Files whose names begin with a dot.
    package private(set) var hiddenFiles = 0
    /// Folders whose names begin with a dot; their contents were not looked at.
    package private(set) var hiddenFolders = 0
    /// Archives that were not to be listed, by ending.
    package private(set) var archives: [String: Int] = [:]
    /// Archives that must be unpacked first, by ending.
    package private(set) var sequentialArchives: [String: Int] = [:]
    /// Archives inside archives.
    package private(set) var nestedArchives = 0
    /// Members of archives that are not read, by reason.
    package private(set) var refusedMembers: [MemberRefusal: Int] = [:]

    mutating func add(_ reason: Reason, name: String) {
        switch reason {
        case .notAudio: notAudio[AudioKind.ending(of: name), default: 0] += 1
        case .foreign: foreign[AudioKind.ending(of: name), default: 0] += 1
        case .special: special += 1
        case .hiddenFile: hiddenFiles += 1
        case .hiddenFolder: hiddenFolders += 1
        case .archive: archives[AudioKind.ending(of: name), default: 0] += 1
        case .sequentialArchive: sequentialArchives[AudioKind.ending(of: name), default: 0] += 1
        case .nestedArchive: nestedArchives += 1
        case .refusedMember(let reason): refusedMembers[reason, default: 0] += 1
        }
    }

    mutating func noteTakenByContents(name: String) { takenByContents[AudioKind.ending(of: name), default: 0] += 1 }

    /// One line for each kind that occurs.
    package var lines: [String] {
        var lines: [String] = []
        func add(_ counts: [String: Int], _ words: (Int) -> String) {
            let all = counts.values.reduce(0, +)
            if all > 0 { lines.append("\(words(all)): \(Self.list(counts))") }
        }
        add(foreign) { "left out: \(Self.files($0, "audio or video")) that Earmark cannot read yet" }
        add(notAudio) { "left out: \(Self.files($0)) that \($0 == 1 ? "is" : "are") not audio" }
        if special > 0 {
            lines.append(
                "left out: \(special) that \(special == 1 ? "is not a regular file" : "are not regular files")")
        }
        if hiddenFiles + hiddenFolders > 0 {
            let folders = hiddenFolders == 1 ? "1 hidden folder" : "\(hiddenFolders) hidden folders"
            let parts =
                (hiddenFiles > 0 ? [Self.files(hiddenFiles, "hidden")] : []) + (hiddenFolders > 0 ? [folders] : [])
            lines.append("left out: \(parts.joined(separator: " and "))")
        }
        add(archives) { "left out: \(counted($0, "archive"))" }
        add(sequentialArchives) {
            "left out: \(counted($0, "archive")) whose members cannot be read one by one (\(Archive.advice))"
        }
        if nestedArchives > 0 { lines.append("left out: \(counted(nestedArchives, "archive")) inside an archive") }
        for (reason, count) in refusedMembers.sorted(by: { "\($0.key)" < "\($1.key)" }) {
            lines.append("left out: \(counted(count, "member")) of archives: \(reason)")
        }
        add(takenByContents) { "listed for their contents, not their names: \(Self.files($0))" }
        return lines
    }

    private static func files(_ count: Int, _ kind: String = "") -> String {
        "\(count)\(kind.isEmpty ? "" : " " + kind) \(count == 1 ? "file" : "files")"
    }

    private static func list(_ counts: [String: Int]) -> String {
        let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        var parts = sorted.prefix(shown).map { "\($0.value) \($0.key.isEmpty ? "without an ending" : "." + $0.key)" }
        let rest = sorted.dropFirst(shown)
        if !rest.isEmpty {
            parts.append("\(rest.reduce(0) { $0 + $1.value }) with \(rest.count) other endings")
        }
        return parts.joined(separator: ", ")
    }
}
