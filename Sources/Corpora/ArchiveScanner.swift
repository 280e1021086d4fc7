import Archives
import Files
import Wording

/// Lists the recordings inside one archive. Nothing is unpacked.
struct ArchiveScanner {
    /// What comes before a member's name in a clip's name; empty if the archive itself is what is listed.
    let prefix: String
    /// The labels of the folder that the archive is in.
    let labels: [String]
    let witness: FolderScanner.Witness?

    /// A recording, and the key under which the members beside it are found.
    private struct Found {
        let entry: ArchiveEntry
        let name: String
        let key: ClipName?
    }

    /// A `.json` or `.cls` member of a key.
    private struct Sidecar {
        var json: ArchiveEntry?
        var text: ArchiveEntry?
        var captions = 0
    }

    /// Adds the recordings of an archive to a scan.
    func list(_ archive: Archive, path: String, into scan: inout Scan) {
        var found: [Found] = []
        var beside: [(key: ClipName, ending: String, entry: ArchiveEntry, name: String)] = []
        var unknown: (count: Int, first: String)?
        for place in 0..<archive.index.count {
            guard let entry = archive.index.entry(place) else { continue }
            let name = PathText.text(entry.name)
            let split = SidecarLabels.split(name)
            if let reason = refusal(entry, name) {
                leave(archive, entry, name, reason, &scan)
            } else if let split, ["json", "cls", "txt"].contains(split.ending) {
                beside.append((split.key, split.ending, entry, name))
            } else {
                do {
                    switch try AudioKind.of(name: name, head: { try archive.head(entry, AudioKind.headSize) }) {
                    case .readable(let byContents):
                        if byContents { scan.leftOut.noteTakenByContents(name: name) }
                        found.append(Found(entry: entry, name: name, key: split?.key))
                    case .foreign: leave(archive, entry, name, .foreign, &scan)
                    case .other: leave(archive, entry, name, .notAudio, &scan)
                    }
                } catch {
                    unknown = ((unknown?.count ?? 0) + 1, unknown?.first ?? "\(error)")
                }
            }
        }
        if let unknown {
            scan.warnings.append(
                "\(unknown.first); left out: \(counted(unknown.count, "member")) of \(path), of which it is not known "
                    + "whether they are audio")
        }
        if let damage = archive.index.damage {
            scan.warnings.append(
                "\(path): byte \(damage.byte): the archive is damaged, and only the \(counted(archive.index.count, "member")) "
                    + "listed before are found: \(damage.reason)")
        }
        scan.archives.replaced += archive.index.replaced
        scan.archives.archives += found.isEmpty ? 0 : 1
        scan.archives.recordings += found.count
        let sidecars = sidecars(of: found, in: beside, archive, &scan)
        for one in found {
            let path = archive.path(one.entry)
            let own = one.key.flatMap { sidecars[$0] }.flatMap { labels(of: $0, archive, &scan) }
            scan.entries.append(
                Manifest.Entry(clip: prefix + one.name, path: path, labels: own ?? folderLabels(one.name)))
        }
    }

    /// Why a member is left out, whatever is in it; nil if it is not.
    private func refusal(_ entry: ArchiveEntry, _ name: String) -> LeftOut.Reason? {
        if entry.content == .refused(.escapes) { return .refusedMember(.escapes) }
        if name.utf8.first == UInt8(ascii: ".") || name.contains("/.") { return .hiddenFile }
        if case .refused(let reason) = entry.content { return .refusedMember(reason) }
        return ArchiveName.isReadable(name) || ArchiveName.isSequential(name) ? .nestedArchive : nil
    }

    private func leave(
        _ archive: Archive, _ entry: ArchiveEntry, _ name: String, _ reason: LeftOut.Reason, _ scan: inout Scan
    ) {
        scan.leftOut.add(reason, name: name)
        witness?(archive.path(entry), reason)
    }

    /// The members beside recordings, by their keys; the others are left out like any file that is not audio.
    private func sidecars(
        of found: [Found], in beside: [(key: ClipName, ending: String, entry: ArchiveEntry, name: String)],
        _ archive: Archive, _ scan: inout Scan
    ) -> [ClipName: Sidecar] {
        if beside.isEmpty { return [:] }
        let keys = Set(found.compactMap(\.key))
        var sidecars: [ClipName: Sidecar] = [:]
        for one in beside {
            guard keys.contains(one.key) else {
                leave(archive, one.entry, one.name, .notAudio, &scan)
                continue
            }
            switch one.ending {
            case "json": sidecars[one.key, default: Sidecar()].json = one.entry
            case "cls": sidecars[one.key, default: Sidecar()].text = one.entry
            default: scan.archives.captions += 1
            }
        }
        return sidecars
    }

    /// The labels that the members beside a recording name; nil if they name none, and then the folders do.
    private func labels(of sidecar: Sidecar, _ archive: Archive, _ scan: inout Scan) -> [String]? {
        func bytes(_ entry: ArchiveEntry) -> [UInt8]? {
            entry.size <= SidecarLabels.mostBytes ? try? archive.head(entry, entry.size) : nil
        }
        if let json = sidecar.json {
            let found = bytes(json).map(SidecarLabels.ofJSON) ?? []
            if !found.isEmpty {
                scan.archives.labelled += 1
                return found
            }
            scan.archives.withoutLabel += 1
        }
        guard let text = sidecar.text, let found = bytes(text).map(SidecarLabels.ofText), !found.isEmpty else {
            return nil
        }
        scan.archives.labelled += 1
        return found
    }

    /// The labels of the folders around the archive and inside it.
    private func folderLabels(_ name: String) -> [String] {
        var all = labels
        // By scalars: a slash and a combining accent after it are one `Character`.
        for part in name.unicodeScalars.split(separator: "/").dropLast() {
            let label = LabelText.cleaned(String(part))
            if !label.isEmpty && !all.contains(label) { all.append(label) }
        }
        return all
    }
}
