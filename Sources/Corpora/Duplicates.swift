import Errors
import Files

/// The clips of a list whose files have the same content, byte for byte.
///
/// Empty files are not compared. Only files of equal size are read: their first bytes, and if these are equal too, the whole of them.
package struct Duplicates: Sendable {
    /// The places in the list of clips with one content, at least two each: those that are preferred, then the others, each
    /// ascending. The groups are in the order of their first clip in the list.
    package private(set) var groups: [[Int]] = []
    /// One line for each file that could not be read.
    package private(set) var warnings: [String] = []

    /// Finds the duplicates in a list.
    ///
    /// - Parameters:
    ///   - preferred: the places of clips that come first among those with their content.
    ///   - progress: called after each file of which more than its size was asked, with how many these are so far and at
    ///     most.
    package init(
        in entries: [Manifest.Entry], preferring preferred: Set<Int> = [],
        progress: (_ done: Int, _ total: Int) -> Void = { _, _ in }
    ) {
        var places: [Int64: [ListedFile.Identity: [Int]]] = [:]
        for (place, entry) in entries.enumerated() {
            guard let file = ListedFile(entry.path) else {
                warn(entry.path, "cannot be reached")
                continue
            }
            // An empty file holds no recording: it has nothing in common with another.
            if file.size == 0 { continue }
            places[file.size, default: [:]][file.identity, default: []].append(place)
        }
        let total = places.values.reduce(0) { $0 + ($1.count > 1 ? $1.count : 0) }
        var done = 0
        for (size, places) in places.sorted(by: { $0.key < $1.key }) {
            // In the list's order, so that warnings come in the same order every time.
            let own = places.sorted { $0.value[0] < $1.value[0] }
            guard own.count > 1 else {
                if own[0].value.count > 1 { groups.append(own[0].value) }
                continue
            }
            let alike = divide(
                own.map(\.value),
                { places in
                    done += 1
                    progress(done, total)
                    return try Self.file(places, entries).headDigest()
                }, entries)
            for some in alike {
                let isWhole = some.count < 2 || size <= Int64(ListedFile.headSize)
                groups += (isWhole ? [some] : divide(some, { try Self.file($0, entries).digest() }, entries))
                    .map { $0.flatMap(\.self).sorted() }.filter { $0.count > 1 }
            }
        }
        groups.sort { $0[0] < $1[0] }
        groups = groups.map { $0.filter(preferred.contains) + $0.filter { !preferred.contains($0) } }
    }

    private static func file(_ places: [Int], _ entries: [Manifest.Entry]) throws -> ListedFile {
        guard let file = ListedFile(entries[places[0]].path) else {
            throw FileError(path: entries[places[0]].path, "cannot be reached any more", category: .badInput)
        }
        return file
    }

    /// Divides files, each given by its places in the list, by what a digest says of them. One that cannot be read is told
    /// of, and stays apart.
    private mutating func divide(
        _ files: [[Int]], _ digest: ([Int]) throws -> String, _ entries: [Manifest.Entry]
    ) -> [[[Int]]] {
        var found: [String: [[Int]]] = [:]
        var apart: [[[Int]]] = []
        for places in files {
            do { found[try digest(places), default: []].append(places) } catch {
                warn(entries[places[0]].path, "cannot be read (\(error))")
                apart.append([places])
            }
        }
        return Array(found.values) + apart
    }

    private mutating func warn(_ path: String, _ what: String) {
        warnings.append("\(path): \(what), so it is not known whether another file has its content")
    }

    /// Clips whose content another clip of the list has, which comes first in its group.
    package var count: Int { groups.reduce(0) { $0 + $1.count - 1 } }

    /// The groups whose clips have different labels.
    package func differingInLabels(_ entries: [Manifest.Entry]) -> [[Int]] {
        groups.filter { group in Set(group.map { Set(entries[$0].labels) }).count > 1 }
    }

    /// The groups whose clips are in different splits.
    package func differingInSplit(_ entries: [Manifest.Entry]) -> [[Int]] {
        groups.filter { group in Set(group.map { entries[$0].split }).count > 1 }
    }

    /// The list with each content once: of a group the first clip stays, with the labels of all, its own first.
    package func once(_ entries: [Manifest.Entry]) -> [Manifest.Entry] {
        var kept = entries
        var isLeftOut = [Bool](repeating: false, count: entries.count)
        for group in groups {
            for place in group.dropFirst() {
                isLeftOut[place] = true
                for label in entries[place].labels where !kept[group[0]].labels.contains(label) {
                    kept[group[0]].labels.append(label)
                }
            }
        }
        return zip(kept, isLeftOut).filter { !$0.1 }.map(\.0)
    }

    /// The clips that `once` leaves out, in the order of the groups, each with the one that stays.
    package func leftOut(_ entries: [Manifest.Entry]) -> [(copy: Manifest.Entry, kept: Manifest.Entry)] {
        groups.flatMap { group in group.dropFirst().map { (entries[$0], entries[group[0]]) } }
    }
}
