import Corpora
import Foundation
import TestSupport
import Testing

/// Clips with the same content, held against a comparison of every file with every other.
@Suite struct DuplicatesTests {
    private func entries(_ folder: TemporaryFolder, _ names: [String]) -> [Manifest.Entry] {
        names.map { Manifest.Entry(clip: $0, path: folder.path + "/" + $0) }
    }

    @Test(arguments: 0..<20) func groupsAreThoseOfEqualBytes(seed: Int) throws {
        var state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 &+ 5
        func draw(_ limit: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(limit))
        }
        let folder = try TemporaryFolder()
        var names: [String] = []
        for number in 0..<30 {
            // Few contents of few sizes; some are as long as what is compared first, or longer and differ only behind it.
            let size = [0, 1, 5, 65_536, 65_537, 70_000][draw(6)]
            var bytes = [UInt8](repeating: UInt8(draw(2)), count: size)
            if size > 1 { bytes[size - 1] = UInt8(draw(3)) }
            names.append("\(number)")
            try folder.put(names[number], bytes)
        }
        let list = entries(folder, names)
        let found = Duplicates(in: list)
        let contents = try list.map { try folder.bytes($0.path) }
        var expected: [[Int]] = []
        for place in list.indices where !expected.joined().contains(place) {
            let group = list.indices.filter {
                $0 >= place && contents[$0] == contents[place] && !contents[place].isEmpty
            }
            if group.count > 1 { expected.append(group) }
        }
        #expect(found.groups == expected && found.warnings.isEmpty)
        #expect(found.count == expected.reduce(0) { $0 + $1.count - 1 })
        let once = found.once(list)
        #expect(once.count == list.count - found.count && Duplicates(in: once).groups.isEmpty)
        let left = Set(expected.flatMap { $0.dropFirst() })
        #expect(once == list.indices.filter { !left.contains($0) }.map { list[$0] })
    }

    @Test func linksToOneFileHaveItsContent() throws {
        let folder = try TemporaryFolder()
        try folder.put("a", "sound")
        try folder.link("b", to: "a")
        try FileManager.default.linkItem(atPath: folder.path + "/a", toPath: folder.path + "/c")
        try folder.put("d", "other")
        try folder.put("e", "sound")
        #expect(Duplicates(in: entries(folder, ["a", "b", "c", "d", "e"])).groups == [[0, 1, 2, 4]])
        // Without a copy of it, nothing of the file is read.
        var asked = 0
        let linked = Duplicates(in: entries(folder, ["a", "b", "c"])) { _, _ in asked += 1 }
        #expect(linked.groups == [[0, 1, 2]] && asked == 0)
    }

    @Test func filesThatAreGoneAreToldOfAndStay() throws {
        let folder = try TemporaryFolder()
        try folder.put("a", "sound")
        try folder.put("b", "sound")
        let found = Duplicates(in: entries(folder, ["gone", "a", "b"]))
        #expect(found.groups == [[1, 2]])
        #expect(
            found.warnings == [
                "\(folder.path)/gone: cannot be reached, so it is not known whether another file has its content"
            ])
    }

    /// Names of an earlier list stay, as judgements and results go by them; whatever the order, the same groups are found.
    @Test func aPreferredNameStays() throws {
        let folder = try TemporaryFolder()
        for name in ["a", "b", "c"] { try folder.put(name, "sound") }
        for name in ["d", "e"] { try folder.put(name, "noise") }
        let list = entries(folder, ["a", "b", "c", "d", "e"])
        let found = Duplicates(in: list, preferring: [1, 2])
        #expect(found.groups == [[1, 2, 0], [3, 4]])
        #expect(found.once(list).map(\.clip) == ["b", "d"])
        #expect(found.leftOut(list).map { [$0.copy.clip, $0.kept.clip] } == [["c", "b"], ["a", "b"], ["e", "d"]])
    }

    @Test func theClipThatStaysHasTheLabelsOfAll() throws {
        let folder = try TemporaryFolder()
        for name in ["a", "b", "c"] { try folder.put(name, "sound") }
        try folder.put("d", "noise")
        var list = entries(folder, ["a", "b", "c", "d"])
        (list[0].labels, list[1].labels, list[2].labels) = (["Rain"], ["Wind", "Rain"], ["Rain"])
        (list[0].split, list[1].split, list[2].split) = ("train", "train", "eval")
        let found = Duplicates(in: list)
        #expect(found.differingInLabels(list) == [[0, 1, 2]] && found.differingInSplit(list) == [[0, 1, 2]])
        let once = found.once(list)
        #expect(once.map(\.clip) == ["a", "d"] && once[0].labels == ["Rain", "Wind"] && once[0].split == "train")
        (list[1].labels, list[2].split) = (["Rain"], "train")
        #expect(found.differingInLabels(list).isEmpty && found.differingInSplit(list).isEmpty)
    }
}
