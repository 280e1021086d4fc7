import Files

/// Where the files of single recordings go in an output folder: the recordings' own folders, mirrored.
///
/// A recording's file has the recording's name without its extension (`site/a.wav` gives `site/a.txt`) if no other clip of the
/// manifest would get the same name; otherwise the name includes the extension (`site/a.wav.txt`); otherwise the start of the
/// digest of the clip's name as well. This depends only on the manifest, never on which clips are selected, so the next export
/// replaces the files of this one.
package struct RecordingTree: Sendable {
    /// Most bytes of a component, so that an extension and `.partial` fit within 255.
    private static let longest = 180

    /// The folder that contains all recordings, absolute.
    package let root: String
    // Names as `SafeName.key` gives them: a million full names take too much memory.
    private var stems = Uses()
    private var wholes = Uses()
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

        init(_ path: String, root: String) {
            let parts = FileSystem.relative(path, to: root).unicodeScalars.split(separator: "/").map(String.init)
            let folders = parts.dropLast().map { SafeName.component($0, limit: RecordingTree.longest) }
            folder = folders.map { $0 + "/" }.joined()
            let name = parts.last ?? ""
            let scalars = name.unicodeScalars
            // If the only dot in a name comes first, the whole name is the stem.
            let dot = scalars.lastIndex(of: ".").flatMap { $0 == scalars.startIndex ? nil : $0 } ?? scalars.endIndex
            stem = folder + SafeName.component(String(scalars[..<dot]), limit: RecordingTree.longest)
            whole = folder + SafeName.component(name, limit: RecordingTree.longest)
        }
    }

    /// Finds only the root.
    ///
    /// - Parameter forEachPath: passes on every clip's absolute path.
    /// - Throws: anything `forEachPath` throws.
    package static func root(_ forEachPath: ((String) -> Void) throws -> Void) rethrows -> String {
        var common: [String]?
        var last = ""
        try forEachPath { path in
            let folder = FileSystem.folder(of: path)
            // Clips of one folder are mostly consecutive.
            if folder.utf8.elementsEqual(last.utf8) { return }
            last = folder
            let parts = folder.unicodeScalars.split(separator: "/").map(String.init)
            // Compared as bytes: a composed and a decomposed name are two folders.
            let same = zip(common ?? parts, parts).prefix { $0.utf8.elementsEqual($1.utf8) }.count
            common = Array(parts.prefix(same))
        }
        return "/" + (common ?? []).joined(separator: "/")
    }

    /// - Parameter forEachPath: passes on every clip's absolute path; it is called twice.
    /// - Throws: anything `forEachPath` throws.
    package init(_ forEachPath: ((String) -> Void) throws -> Void) rethrows {
        let root = try Self.root(forEachPath)
        var (stems, wholes) = (Uses(), Uses())
        var folders: Set<UInt64> = []
        try forEachPath { path in
            let place = Place(path, root: root)
            stems.add(place.stem)
            wholes.add(place.whole)
            var above = ""
            for part in place.folder.split(separator: "/") {
                above += above.isEmpty ? String(part) : "/" + part
                folders.insert(SafeName.key(above))
            }
        }
        self.root = root
        (self.stems, self.wholes, self.folders) = (stems, wholes, folders)
    }

    /// The place of a clip's file, relative to the output folder; never absolute, and without `..`.
    ///
    /// - Parameter ending: the file extension, without its dot.
    package func file(clip: String, path: String, ending: String) -> String {
        let place = Place(path, root: root)
        let names = [
            stems.isOnly(place.stem) ? place.stem : nil,
            wholes.isOnly(place.whole) && !stems.has(place.whole) ? place.whole : nil,
        ].compactMap { $0.map { $0 + "." + ending } }
        // A folder may already have the file's name.
        if let free = names.first(where: { !folders.contains(SafeName.key($0)) }) { return free }
        return "\(place.whole)-\(SafeName.digest(clip)).\(ending)"
    }
}
