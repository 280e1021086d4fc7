import CSndfile
import Errors
import Foundation
import Random
import TestSupport
import Testing

import Audio

/// A recording inside an archive is decoded to the same bits as the same file unpacked, and fails with the same reason.
@Suite struct MemberTests {
    /// What decoding comes to, with the paths left out.
    private struct Outcome: Equatable {
        var rate = 0
        var channels = 0
        var samples: [UInt32] = []
        var whole: [UInt64] = []
        var fault = ""

        init(_ path: String) {
            do throws(AudioError) {
                // Even lengths: of VOX, libsndfile returns one frame more than an odd number asked for.
                let heard = try DecodedAudio(path, blocks: [4096, 778])
                (rate, channels, samples) = (heard.rate, heard.channels, heard.samples.map(\.bitPattern))
                let recording = try Recording(path: path)
                recording.skip(to: Int64(samples.count / 3))
                let buffer = UnsafeMutableBufferPointer<Double>.allocate(capacity: 1000 * recording.channels)
                defer { buffer.deallocate() }
                while true {
                    let count = recording.read(into: buffer)
                    if count == 0 { break }
                    whole += buffer[..<(count * recording.channels)].map(\.bitPattern)
                }
                fault = recording.fault ?? ""
            } catch {
                fault = "\(error.failureClass) \(error.reason)"
            }
        }
    }

    /// Compares a file with itself stored in a zip, deflated in a zip, and in a tar.
    ///
    /// - Returns: whether it can be decoded.
    @discardableResult
    private func compare(_ path: String, _ folder: TemporaryFolder) throws -> Bool {
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let name = "some folder/" + (path as NSString).lastPathComponent
        let plain = Outcome(path)
        let lead = ("before.bin", [UInt8](repeating: 7, count: 333))
        var tar = MadeTar(.gnu)
        tar.add(lead.0, lead.1)
        tar.add(name, bytes)
        let archives = [
            try folder.put("stored.zip", MadeZip([.init(lead.0, lead.1), .init(name, bytes)]).data),
            try folder.put("deflated.zip", MadeZip([.init(name, bytes, deflated: true), .init(lead.0, lead.1)]).data),
            try folder.put("a.tar", tar.data),
        ]
        for archive in archives {
            let member = Outcome(archive + "!/" + name)
            // An empty member is called a member.
            if bytes.isEmpty {
                #expect(member.fault == "empty the member is empty")
            } else {
                let isSame = member == plain
                #expect(isSame, "\(archive)!/\(name): \(member.fault) instead of \(plain.fault)")
            }
        }
        for archive in archives { unlink(archive) }
        return plain.fault.isEmpty
    }

    @Test(arguments: AudioWriter.Format.allCases, [1, 2]) func writtenFormats(
        format: AudioWriter.Format, channels: Int
    ) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/clip." + format.rawValue
        try AudioWriter.write(
            path, rate: FormatTests.rate(format), channels: channels, format: format,
            samples: Sound.noise(seed: 12, count: 30_000 * channels))
        #expect(try compare(path, folder))
        // Cut in the middle: the same failure.
        let bytes = try folder.bytes(path)
        try compare(try folder.put("cut." + format.rawValue, Array(bytes[..<(bytes.count * 2 / 3)])), folder)
    }

    @Test("Every container and coding that libsndfile writes, also those that only a name tells")
    func allOfLibsndfile() throws {
        let folder = try TemporaryFolder()
        var count: Int32 = 0
        sf_command(nil, Int32(SFC_GET_FORMAT_MAJOR_COUNT), &count, Int32(MemoryLayout<Int32>.size))
        let samples = Sound.noise(seed: 4, count: 8000)
        var decoded = 0
        for index in 0..<count {
            var about = SF_FORMAT_INFO()
            about.format = index
            sf_command(nil, Int32(SFC_GET_FORMAT_MAJOR), &about, Int32(MemoryLayout<SF_FORMAT_INFO>.size))
            let ending = String(cString: about.extension)
            for coding in [1, 2, 3, 4, 5, 6, 7, 0x10, 0x11, 0x12, 0x20, 0x21, 0x30, 0x50, 0x51, 0x60, 0x64, 0x70] {
                var info = SF_INFO()
                (info.samplerate, info.channels, info.format) = (8000, 1, about.format | Int32(coding))
                let path = folder.path + "/\(index)-\(coding).\(ending)"
                guard sf_format_check(&info) != 0, let handle = sf_open(path, Int32(SFM_WRITE), &info) else { continue }
                sf_writef_float(handle, samples, sf_count_t(samples.count))
                sf_close(handle)
                // The one format of two files.
                if ending != "sd2", try compare(path, folder) { decoded += 1 }
            }
        }
        #expect(decoded > 60)
        let zip = try folder.put("s.zip", MadeZip([.init("a.sd2", [UInt8](repeating: 1, count: 999))]).data)
        let fault = try #require(DecodedAudio.fault(zip + "!/a.sd2"))
        #expect(fault.failureClass == .unsupported && fault.reason.contains("Sound Designer II"))
    }

    @Test(
        "Formats without a signature are told by their names, as in a folder", arguments: ["gsm", "vox", "VOX", "dat"])
    func toldByName(ending: String) throws {
        let folder = try TemporaryFolder()
        var random = SplitMix64(seed: 6)
        let bytes = (0..<33 * 100).map { place in
            place % 33 == 0 ? 0xD0 | UInt8(random.below(16)) : UInt8(random.below(256))
        }
        let isDecoded = try compare(try folder.put("clip." + ending, bytes), folder)
        #expect(isDecoded == (ending != "dat"))
    }

    @Test("Streams that other decoders are for: MPEG, chained Ogg, FLAC of unknown length, MPEG in WAV")
    func streams() throws {
        let folder = try TemporaryFolder()
        let noise = Sound.noise(seed: 60, count: 6000)
        let mp3 = try MPEGBytes(rate: 16000, channels: 1, mode: 2, samples: noise)
        try compare(try folder.put("a.mp3", mp3.sound.flatMap { $0 }), folder)
        try compare(try folder.put("b.wav", WAVBytes(tag: 0x55, rate: 16000, data: mp3.bytes).bytes), folder)
        for format in [AudioWriter.Format.ogg, .opus] {
            try AudioWriter.write(
                folder.path + "/whole", rate: FormatTests.rate(format), channels: 1, format: format, samples: noise)
            let link = try folder.bytes(folder.path + "/whole")
            #expect(try compare(try folder.put("chained." + format.rawValue, link + link), folder))
        }
        try AudioWriter.write(folder.path + "/whole", rate: 16000, channels: 1, format: .flac, samples: noise)
        var flac = try FLACBytes(try folder.bytes(folder.path + "/whole"))
        flac.total = 0
        #expect(try compare(try folder.put("unknown.flac", flac.bytes), folder))
        try compare(try folder.put("text.wav", "no sound at all"), folder)
        try compare(try folder.put("empty.wav", ""), folder)
    }

    @Test("Mutated files fail as members as they do alone, or give the same samples")
    func mutations() throws {
        let folder = try TemporaryFolder()
        var random = SplitMix64(seed: 99)
        for format in AudioWriter.Format.allCases {
            let path = folder.path + "/whole." + format.rawValue
            try AudioWriter.write(
                path, rate: FormatTests.rate(format), channels: 1, format: format,
                samples: Sound.noise(seed: 3, count: 3000))
            let whole = try folder.bytes(path)
            for turn in 0..<12 {
                var bytes = whole
                for _ in 0...turn % 4 {
                    bytes[random.below(turn % 2 == 0 ? min(96, bytes.count) : bytes.count)] = UInt8(random.below(256))
                }
                try compare(try folder.put("mutant-\(turn)." + format.rawValue, bytes), folder)
            }
        }
    }

    @Test("Odd, old and broken files that other projects made are the same inside archives")
    func foreignFiles() throws {
        let root = "../shared/corpora/foreign"
        guard let files = FileManager.default.enumerator(atPath: root) else {
            print("notice: no foreign files beside the project; they are not compared with themselves in archives")
            return
        }
        let folder = try TemporaryFolder()
        var decoded = 0
        for case let file as String in files where !file.hasSuffix(".csv") && !file.hasSuffix(".md") {
            let path = root + "/" + file
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
                continue
            }
            if try compare(path, folder) { decoded += 1 }
        }
        print("foreign files: \(decoded) decoded alike alone and in archives")
        #expect(decoded > 180)
    }

    @Test("A missing archive, a missing member and a damaged archive are failures that say so")
    func failures() throws {
        let folder = try TemporaryFolder()
        let wav = WAVBytes.shorts([1, 2, 3])
        var member = MadeZip.Member("b.wav", wav)
        member.flags = 1
        let zip = try folder.put("a.zip", MadeZip([.init("a.wav", wav), member]).data)
        #expect(DecodedAudio.fault(zip + "!/a.wav") == nil)
        let gone = try #require(DecodedAudio.fault(folder.path + "/gone.zip!/a.wav"))
        #expect(gone.failureClass == .unreadable && gone.reason == "no such archive: \(folder.path)/gone.zip")
        let none = try #require(DecodedAudio.fault(zip + "!/c.wav"))
        #expect(none.failureClass == .unreadable && none.reason == "the archive has no member of this name")
        let encrypted = try #require(DecodedAudio.fault(zip + "!/b.wav"))
        #expect(encrypted.failureClass == .unsupported && encrypted.reason.contains("encrypted"))
        #expect(encrypted.description.hasPrefix(zip + "!/b.wav: "))
    }
}
