import Engines
import Errors
import Files
import Foundation
import TestSupport
import Testing

/// Libraries that are not whole, or are none. None of them is opened but through the check.
struct ELFCheckTests {
    /// The mathematical library of this machine, which this process uses.
    private static let library: String? = {
        let lines = String(decoding: (try? FileSystem.read("/proc/self/maps")) ?? [], as: UTF8.self).split(
            separator: "\n")
        return lines.compactMap { line in line.firstIndex(of: "/").map { String(line[$0...]) } }.first {
            $0.contains("/libm.so") || $0.contains("/libm-")
        }
    }()

    private func check(_ folder: TemporaryFolder, _ bytes: [UInt8]) throws -> String? {
        let path = try folder.put("lib.so", bytes)
        do {
            try ELFCheck.run(path)
            return nil
        } catch {
            let text = "\(error)"
            #expect(error is ForeignEngineError && text.hasPrefix("\(path): cannot be opened: "), "\(text)")
            return text
        }
    }

    private func number(_ bytes: [UInt8], _ place: Int, _ size: Int) -> Int {
        (0..<size).reversed().reduce(0) { $0 << 8 | Int(bytes[place + $1]) }
    }

    private func put(_ number: Int, _ bytes: inout [UInt8], _ place: Int, _ size: Int) {
        for index in 0..<size { bytes[place + index] = UInt8(truncatingIfNeeded: number >> (8 * index)) }
    }

    @Test("A library that is whole passes; cut short anywhere it does not")
    func cut() throws {
        let folder = try TemporaryFolder()
        let path = try #require(Self.library)
        try ELFCheck.run(path)
        let bytes = try FileSystem.read(path)
        #expect(try check(folder, bytes) == nil)
        #expect(try check(folder, bytes + [0]) == nil)
        for size in Array(stride(from: 0, to: bytes.count, by: bytes.count / 60)) + [1, 63, 64, 65, bytes.count - 1] {
            let text = try #require(try check(folder, Array(bytes[..<size])), "\(size) bytes passed")
            #expect(text.contains(size < 64 ? "is no library" : "found \(size) bytes, expected"), "\(text)")
        }
    }

    @Test("A library without a table of sections passes; without the end of its last segment it does not")
    func stripped() throws {
        let folder = try TemporaryFolder()
        var bytes = try FileSystem.read(try #require(Self.library))
        put(0, &bytes, 40, 8)
        put(0, &bytes, 60, 2)
        let (table, count) = (number(bytes, 32, 8), number(bytes, 56, 2))
        let ends = (0..<count).map { number(bytes, table + $0 * 56 + 8, 8) + number(bytes, table + $0 * 56 + 32, 8) }
        let end = try #require(ends.max())
        #expect(try check(folder, Array(bytes[..<end])) == nil)
        #expect(try check(folder, Array(bytes[..<(end - 1)]))?.contains("cut short") == true)
        // A segment that is not used may say anything.
        var unused = bytes
        put(0, &unused, table, 4)
        put(Int.max, &unused, table + 32, 8)
        #expect(try check(folder, unused) == nil)
    }

    @Test("Other kinds of files, and numbers beyond all files, are refused")
    func others() throws {
        let folder = try TemporaryFolder()
        let bytes = try FileSystem.read(try #require(Self.library))
        // The mark, 32 bits, the higher byte first, and the size of a segment's entry.
        for (place, value) in [(0, 0), (4, 1), (5, 2), (54, 32)] as [(Int, UInt8)] {
            var changed = bytes
            changed[place] = value
            #expect(try check(folder, changed)?.contains("is no library") == true, "byte \(place)")
        }
        // The tables' places, and the first segment's place and length.
        let table = number(bytes, 32, 8)
        for place in [32, 40, table + 8, table + 32] {
            for value in [-1, Int.max, bytes.count + 1] {
                var changed = bytes
                put(value, &changed, place, 8)
                #expect(try check(folder, changed)?.contains("cut short") == true, "byte \(place): \(value)")
            }
        }
        #expect(try check(folder, Array("#!/bin/sh\n".utf8))?.contains("is no library") == true)
        for path in [folder.path, "/dev/null", folder.path + "/gone.so"] {
            #expect(throws: ForeignEngineError.self, "\(path)") { try ELFCheck.run(path) }
        }
    }

    @Test(
        "An engine's library that was cut short is passed over, and the next one is used",
        .enabled(if: StubEngine.compiler != nil, StubEngine.noCompiler))
    func engine() throws {
        let folder = try TemporaryFolder()
        try folder.put("a/readme.txt")
        let sound = folder.path + "/a/libonnxruntime.so.1.99.0"
        try StubEngine.make(sound)
        let bytes = try FileSystem.read(sound)
        for size in [bytes.count / 8, bytes.count / 2, bytes.count - 1] {
            let cut = FileSystem.resolved(try folder.put("b\(size)/libonnxruntime.so.2.0.0", Array(bytes[..<size])))
            let list = "\(folder.path)/b\(size):\(folder.path)/a"
            let found = ForeignEngines(EngineSearch(variables: ["EARMARK_ENGINES": list], root: folder.path)).finding(
                .onnxRuntime)
            #expect(found.engine?.version == "1.99.0")
            #expect(found.passedOver.map(\.path) == [cut])
            #expect(found.passedOver.first?.reason.contains("cut short") == true, "\(found.passedOver)")
        }
    }

    @Test("A part of OpenVINO that was cut short is named")
    func part() throws {
        let folder = try TemporaryFolder()
        let bytes = try FileSystem.read(try #require(Self.library))
        try folder.put("libopenvino_c.so", bytes)
        try folder.put("libopenvino.so.2641-gdb.py", "no library")
        try folder.put("libopenvino.so.2641", Array(bytes[..<(bytes.count / 2)]))
        let found = ForeignEngines(
            EngineSearch(variables: ["EARMARK_ENGINES": folder.path], root: folder.path)
        ).finding(.openVINO)
        let reason = try #require(found.passedOver.first?.reason)
        #expect(reason.hasPrefix("needs libopenvino.so.2641, which cannot be opened: found "), "\(reason)")
    }

    @Test("A named pipe and a folder with an engine's name are passed over at once", .timeLimit(.minutes(1)))
    func pipe() throws {
        let folder = try TemporaryFolder()
        try folder.put("libonnxruntime.so.1/readme.txt")
        try #require(mkfifo(folder.path + "/libonnxruntime.so.2", 0o600) == 0)
        for named in [folder.path, folder.path + "/libonnxruntime.so.2"] {
            let search = EngineSearch(variables: ["EARMARK_ENGINES": named], root: folder.path)
            let found = ForeignEngines(search).finding(.onnxRuntime)
            #expect(found.engine == nil)
            #expect(
                found.passedOver.allSatisfy { $0.reason.contains("a folder, a pipe or a device") },
                "\(found.passedOver)")
            #expect(found.passedOver.count == (named == folder.path ? 2 : 0), "\(found.passedOver)")
        }
    }
}
