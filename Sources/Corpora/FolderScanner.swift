import Archives
import Errors
import Files
import Glibc

/// Finds the audio files under a folder.
///
/// A file is listed if its name ends like a format that can be decoded, or otherwise if its first bytes are those of
/// one; files left out are counted by kind (`LeftOut`). Folders are walked in the order of their names' bytes. Links to
/// files are followed; links to folders too, after everything else, and no folder is entered twice, so loops end.
/// Hidden files and folders (a leading dot) are left out. A clip's name is its path below the folder, with the ending,
/// so names cannot collide; its labels are the folders on that path (with control characters replaced by blanks).
/// Archives whose names end in .zip or .tar are listed member by member (`ArchiveScanner`).
package struct FolderScanner {
    /// Called with each file and folder that is left out, by its path.
    package typealias Witness = (_ path: String, LeftOut.Reason) -> Void

    private struct Folder {
        var path: String
        var below: String
    }

    private struct Identity: Hashable {
        var device: UInt64
        var inode: UInt64
    }

    private var seen: Set<Identity> = []
    private var links: [Folder] = []
    private var scan = Scan()
    private let witness: Witness?
    private let listsArchives: Bool

    private init(listsArchives: Bool, witness: Witness?) {
        self.listsArchives = listsArchives
        self.witness = witness
    }

    /// Scans a folder, or one archive. Folders and files below it that cannot be reached lead to warnings.
    ///
    /// - Parameter listsArchives: whether recordings inside archives are listed too.
    /// - Throws: `FileError` if the folder cannot be listed or holds no audio file; `ArchiveError` if the archive cannot be
    ///   read.
    package static func scan(
        _ folder: String, listsArchives: Bool = true, leavingOut witness: Witness? = nil
    ) throws -> Scan {
        let root = FileSystem.absolute(folder)
        var scanner = FolderScanner(listsArchives: listsArchives, witness: witness)
        if FileSystem.kind(root) == .file, ArchiveName.isReadable(root) || ArchiveName.isSequential(root) {
            let archive = try Archive(root)
            ArchiveScanner(prefix: "", labels: [], witness: witness).list(archive, path: root, into: &scanner.scan)
        } else {
            guard FileSystem.kind(root) == .folder else {
                let found = FileSystem.kind(root) == nil ? "nothing there" : "a file"
                throw FileError(
                    path: folder, found: found, expected: "a folder of audio files, or a .zip or .tar archive")
            }
            _ = try FileSystem.list(root)
            scanner.walk(Folder(path: root, below: ""))
            while !scanner.links.isEmpty {
                scanner.links.sort { Self.precedes($0.below, $1.below) }
                scanner.walk(scanner.links.removeFirst())
            }
        }
        if scanner.scan.entries.isEmpty {
            let lines = scanner.scan.leftOut.lines
            throw FileError(
                path: folder,
                found: "no audio file that can be read" + (lines.isEmpty ? "" : " (\(lines.joined(separator: "; ")))"),
                expected: "files such as .wav, .flac, .ogg, .opus, .mp3 or .aiff")
        }
        scanner.scan.entries.sort { Self.precedes($0.clip, $1.clip) }
        return scanner.scan
    }

    private mutating func walk(_ start: Folder) {
        var open = [start]
        while let folder = open.popLast() {
            guard enter(folder) else { continue }
            let entries: [FileSystem.Entry]
            do {
                entries = try FileSystem.list(folder.path)
            } catch {
                scan.warnings.append("\(error)")
                continue
            }
            var inner: [Folder] = []
            for entry in entries {
                let path = folder.path == "/" ? "/" + entry.name : folder.path + "/" + entry.name
                let below = folder.below.isEmpty ? entry.name : folder.below + "/" + entry.name
                let kind = entry.kind ?? FileSystem.kind(path)
                if entry.name.utf8.first == UInt8(ascii: ".") {
                    leave(path, entry.name, kind == .folder ? .hiddenFolder : .hiddenFile)
                } else if kind == .folder {
                    if entry.isLink {
                        links.append(Folder(path: path, below: below))
                    } else {
                        inner.append(Folder(path: path, below: below))
                    }
                } else {
                    consider(path: path, name: entry.name, below: below, in: folder, kind: kind)
                }
            }
            open.append(contentsOf: inner.reversed())
        }
    }

    /// Enters a folder. Returns false, with a warning, if it cannot be reached or was entered before.
    private mutating func enter(_ folder: Folder) -> Bool {
        guard let status = FileSystem.status(folder.path) else {
            scan.warnings.append("\(folder.path): cannot be reached, left out")
            return false
        }
        if seen.insert(Identity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))).inserted { return true }
        scan.warnings.append("\(folder.path): a link to a folder that was scanned already, left out")
        return false
    }

    private mutating func leave(_ path: String, _ name: String, _ reason: LeftOut.Reason) {
        scan.leftOut.add(reason, name: name)
        witness?(path, reason)
    }

    /// Lists a file, or counts it among those that are left out.
    private mutating func consider(path: String, name: String, below: String, in folder: Folder, kind: FileSystem.Kind?)
    {
        guard kind == .file else {
            guard AudioKind.of(name: name) != nil else { return leave(path, name, .special) }
            scan.warnings.append("\(path): \(kind == nil ? "a link to nothing" : "not a regular file"), left out")
            return
        }
        if ArchiveName.isSequential(name) { return leave(path, name, .sequentialArchive) }
        if ArchiveName.isReadable(name) {
            if !listsArchives { return leave(path, name, .archive) }
            do {
                let archive = try Archive(path)
                ArchiveScanner(prefix: below + "!/", labels: Self.labels(folder.below), witness: witness)
                    .list(archive, path: path, into: &scan)
            } catch {
                scan.warnings.append("\(error); left out")
            }
            return
        }
        do {
            switch try AudioKind.of(path: path, name: name) {
            case .readable(let byContents):
                if byContents { scan.leftOut.noteTakenByContents(name: name) }
            case .foreign: return leave(path, name, .foreign)
            case .other: return leave(path, name, .notAudio)
            }
        } catch {
            scan.warnings.append("\(error), so it is not known whether it is audio; left out")
            return
        }
        scan.entries.append(Manifest.Entry(clip: below, path: path, labels: Self.labels(folder.below)))
    }

    /// The folders on a path as labels, each once.
    private static func labels(_ below: String) -> [String] {
        var labels: [String] = []
        // By scalars: a slash and a combining accent after it are one `Character`.
        for part in below.unicodeScalars.split(separator: "/") {
            let label = LabelText.cleaned(String(part))
            if !label.isEmpty && !labels.contains(label) { labels.append(label) }
        }
        return labels
    }

    /// Whether a file's name ends like audio that can be decoded.
    package static func isAudio(_ name: String) -> Bool { AudioKind.of(name: name) == .readable(byContents: false) }

    private static func precedes(_ a: String, _ b: String) -> Bool {
        PathText.bytes(a).lexicographicallyPrecedes(PathText.bytes(b))
    }
}
