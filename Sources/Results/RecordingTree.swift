import Audio
import Files

/// Where the files of single recordings go in an output folder: the recordings' own folders, mirrored.
///
/// A recording's file has the recording's name without its extension (`site/a.wav` gives `site/a.txt`) if no other clip of the
/// manifest would get the same name; otherwise the name includes the extension (`site/a.wav.txt`). That of a clip that is a
/// part or a channel says which (`site/a_0.5-2.25.txt`, `site/a_90-end_ch2.txt`), with the extension if need be. What is not
/// alone even then has the start of the digest of the clip's name as well. This depends only on the manifest, never on which
/// clips are selected, so the next export replaces the files of this one.
package struct RecordingTree: Sendable {
    /// Most bytes of a component, so that an extension and `.partial` fit within 255.
    private static let longest = 180

    /// The folder that contains all recordings, absolute.
    package let root: String
    // Names as `SafeName.key` gives them: a million full names take too much memory.
    private var stems = Uses()
    private var wholes = Uses()
    private var partStems = Uses()
    private var partWholes = Uses()
    private var folders: Set<UInt64> = []

    /// How many clips would get a name.
    private struct Uses: Sendable {
        private var counts: [UInt64: Bool] = [:]

        /// Whether exactly one clip would get it.
        func isOnly(_ name: String) -> Bool { counts[SafeName.key(name)] == true }
        func has(_ name: String) -> Bool { counts[SafeName.key(name)] != nil }

        mutating func add(_ name: String) {
            let key = SafeName.key(name)
            counts[key] = counts[key] == nil
        }
    }

    /// A recording's safe place below the root.
    private struct Place {
        /// Empty, or ending in a slash.
        let folder: String
        let stem: String
        let whole: String
        /// The same with what the part is; nil for a whole recording.
        let part: (stem: String, whole: String)?

        init(_ path: String, _ part: RecordingPart?, root: String) {
            let parts = FileSystem.relative(path, to: root).unicodeScalars.split(separator: "/").map(String.init)
            let folders = parts.dropLast().map { SafeName.component($0, limit: RecordingTree.longest) }
            folder = folders.map { $0 + "/" }.joined()
            let name = parts.last ?? ""
            let scalars = name.unicodeScalars
            // If the only dot in a name comes first, the whole name is the stem.
            let dot = scalars.lastIndex(of: ".").flatMap { $0 == scalars.startIndex ? nil : $0 } ?? scalars.endIndex
            let folder = folder
            func named(_ name: String) -> String { folder + SafeName.component(name, limit: RecordingTree.longest) }
            // As a `String`: a slice of scalars would be interpolated as a description of itself.
            let bare = String(scalars[..<dot])
            stem = named(bare)
            whole = named(name)
            self.part = part.map { (named("\(bare)_\($0.nameText)"), named("\(name)_\($0.nameText)")) }
        }
    }

    /// Finds only the root.
    ///
    /// - Parameter forEachPath: passes on every clip's absolute path.
    /// - Throws: anything `forEachPath` throws.
    package static func root(_ forEachPath: ((String) -> Void) throws -> Void) rethrows -> String {
        var common = CommonFolder()
        try forEachPath { common.add($0) }
        return common.path
    }

    /// The deepest folder that contains all paths so far.
    private struct CommonFolder {
        private var parts: [String]?
        private var last = ""

        mutating func add(_ path: String) {
            let folder = FileSystem.folder(of: path)
            // Clips of one folder are mostly consecutive.
            if folder.utf8.elementsEqual(last.utf8) { return }
            last = folder
            let own = folder.unicodeScalars.split(separator: "/").map(String.init)
            // Compared as bytes: a composed and a decomposed name are two folders.
            let same = zip(parts ?? own, own).prefix { $0.utf8.elementsEqual($1.utf8) }.count
            parts = Array(own.prefix(same))
        }

        var path: String { "/" + (parts ?? []).joined(separator: "/") }
    }

    /// - Parameter forEachClip: passes on every clip's absolute path and its part of the recording; it is called twice.
    /// - Throws: anything `forEachClip` throws.
    package init(_ forEachClip: ((String, RecordingPart?) -> Void) throws -> Void) rethrows {
        var common = CommonFolder()
        try forEachClip { path, _ in common.add(path) }
        let root = common.path
        var (stems, wholes, partStems, partWholes) = (Uses(), Uses(), Uses(), Uses())
        var folders: Set<UInt64> = []
        try forEachClip { path, part in
            let place = Place(path, part, root: root)
            if let part = place.part {
                partStems.add(part.stem)
                partWholes.add(part.whole)
            } else {
                stems.add(place.stem)
                wholes.add(place.whole)
            }
            var above = ""
            for part in place.folder.split(separator: "/") {
                above += above.isEmpty ? String(part) : "/" + part
                folders.insert(SafeName.key(above))
            }
        }
        self.root = root
        (self.stems, self.wholes, self.folders) = (stems, wholes, folders)
        (self.partStems, self.partWholes) = (partStems, partWholes)
    }

    /// The place of a clip's file, relative to the output folder; never absolute, and without `..`.
    ///
    /// - Parameters:
    ///   - part: the clip's part of the recording; nil for all of it.
    ///   - ending: the file extension, without its dot.
    package func file(clip: String, path: String, part: RecordingPart? = nil, ending: String) -> String {
        let place = Place(path, part, root: root)
        let kinds = [stems, wholes, partStems, partWholes]
        let choices = place.part.map { [($0.stem, 2), ($0.whole, 3)] } ?? [(place.stem, 0), (place.whole, 1)]
        // A name that only one clip of its kind would have may be one that clips of other kinds would.
        let others = [[2, 3], [0, 2, 3], [0, 1], [0, 1, 2]]
        let free = choices.first { name, kind in
            kinds[kind].isOnly(name) && !others[kind].contains { kinds[$0].has(name) }
                && !folders.contains(SafeName.key(name + "." + ending))
        }
        if let free { return free.0 + "." + ending }
        return "\(place.part?.whole ?? place.whole)-\(SafeName.digest(clip)).\(ending)"
    }
}

extension RecordingPart {
    /// The part in a file's name: `0.5-2.25`, `90-end`, `ch2`, `0.5-2.25_ch2`.
    fileprivate var nameText: String {
        var words: [String] = []
        if start > 0 || end != nil {
            words.append("\(Self.decimal(start))-\(end.map(Self.decimal) ?? "end")")
        }
        if let channel { words.append("ch\(channel)") }
        return words.joined(separator: "_")
    }
}
