import Audio
import CSndfile
import Corpora
import Foundation
import Testing

/// Every format that the decoder itself can write is found in a folder: by its ending, and without one by its contents.
@Suite struct ScannerFormatTests {
    private struct Major {
        let code: Int32
        let name: String
        let ending: String
    }

    private func majors() -> [Major] {
        var count: Int32 = 0
        sf_command(nil, Int32(SFC_GET_FORMAT_MAJOR_COUNT), &count, Int32(MemoryLayout<Int32>.size))
        return (0..<count).map { index in
            var info = SF_FORMAT_INFO()
            info.format = index
            sf_command(nil, Int32(SFC_GET_FORMAT_MAJOR), &info, Int32(MemoryLayout<SF_FORMAT_INFO>.size))
            return Major(code: info.format, name: String(cString: info.name), ending: String(cString: info.extension))
        }
    }

    /// Writes half a second in the first encoding that the format takes.
    private func write(_ path: String, _ major: Major) -> Bool {
        let samples = (0..<8000).map { Float(sin(Double($0) * 0.05)) * 0.5 }
        for subtype in 1...0x82 {
            var info = SF_INFO()
            (info.samplerate, info.channels, info.format) = (16_000, 1, major.code | Int32(subtype))
            guard sf_format_check(&info) != 0, let handle = sf_open(path, Int32(SFM_WRITE), &info) else {
                info.samplerate = 8000
                guard sf_format_check(&info) != 0, let handle = sf_open(path, Int32(SFM_WRITE), &info) else { continue }
                defer { sf_close(handle) }
                return sf_writef_float(handle, samples, 8000) == 8000
            }
            defer { sf_close(handle) }
            return sf_writef_float(handle, samples, 8000) == 8000
        }
        return false
    }

    @Test func allAreFound() throws {
        let files = try PipelineFixture()
        var expected: [String: String] = [:]
        for (number, major) in majors().enumerated() {
            let named = "\(number).\(major.ending)"
            guard write(files.folder + "/" + named, major) else { continue }
            // Headerless and resource-fork formats need their names; a sample dump of the decoder's own may fail it too.
            if (try? AudioFile(path: files.folder + "/" + named)) != nil { expected[named] = major.name }
            let unnamed = "\(number)-without"
            try FileManager.default.copyItem(atPath: files.folder + "/" + named, toPath: files.folder + "/" + unnamed)
            // Two bytes that anything may begin with, and none at all: these two are told by their endings only.
            let isTold = [SF_FORMAT_MPC2K, SF_FORMAT_HTK].contains(Int(major.code))
            if !isTold, (try? AudioFile(path: files.folder + "/" + unnamed)) != nil { expected[unnamed] = major.name }
        }
        #expect(expected.count >= 40)
        let found = Set(try FolderScanner.scan(files.folder).entries.map(\.clip))
        for (file, format) in expected { #expect(found.contains(file), "\(file): \(format)") }
    }
}
