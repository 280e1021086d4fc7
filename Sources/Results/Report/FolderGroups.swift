import Evaluation
import Files

/// Divides clips by the first folder in which their paths differ. Each folder's name is stored once, and the last
/// folder is remembered because consecutive clips are mostly in the same folder.
struct FolderGroups {
    private var folders: [String] = []
    private var numbers: [String: Int32] = [:]
    private var folderOf: [Int32] = []
    private var last: (folder: String, number: Int32)?

    /// Adds the next clip.
    ///
    /// - Parameter path: absolute.
    mutating func add(path: String) {
        let folder = FileSystem.folder(of: path)
        if let last, last.folder.utf8.elementsEqual(folder.utf8) {
            folderOf.append(last.number)
            return
        }
        let number = numbers[folder] ?? Int32(folders.count)
        if number == Int32(folders.count) {
            folders.append(folder)
            numbers[folder] = number
        }
        last = (folder, number)
        folderOf.append(number)
    }

    /// The groups, named after the folders directly below the folder that contains all clips.
    func groups() -> ClipGroups {
        let root = RecordingTree.root { pass in for folder in folders { pass(folder + "/clip") } }
        var names: [String] = []
        var places: [String: Int32] = [:]
        let groupOf = folders.map { folder -> Int32 in
            let inner = FileSystem.relative(folder, to: root)
            let first = inner.unicodeScalars.split(separator: "/").first.map(String.init) ?? ""
            let name = folder.utf8.elementsEqual(root.utf8) ? "(in the folder itself)" : first
            if let known = places[name] { return known }
            places[name] = Int32(names.count)
            names.append(name)
            return Int32(names.count - 1)
        }
        return ClipGroups(kind: "folder", within: root, names: names, groupOf: folderOf.map { groupOf[Int($0)] })
    }
}

/// Divides clips by their split in a manifest.
struct SplitGroups {
    private var names: [String] = []
    private var places: [String: Int32] = [:]
    private var groupOf: [Int32] = []

    /// Adds the next clip.
    mutating func add(split: String) {
        let name = split.isEmpty ? "(none)" : split
        let place = places[name] ?? Int32(names.count)
        if place == Int32(names.count) {
            names.append(name)
            places[name] = place
        }
        groupOf.append(place)
    }

    func groups() -> ClipGroups { ClipGroups(kind: "split", names: names, groupOf: groupOf) }
}

extension [ClipGroups] {
    /// The divisions of a manifest's clips, by folder and by split.
    ///
    /// - Parameter clips: absolute path and split of each clip, in the order of the scores.
    package static func of(_ clips: some Sequence<(path: String, split: String)>) -> [ClipGroups] {
        var (folders, splits) = (FolderGroups(), SplitGroups())
        for clip in clips {
            folders.add(path: clip.path)
            splits.add(split: clip.split)
        }
        return [folders.groups(), splits.groups()]
    }
}
