import Errors
import Audio
import Foundation
import TestSupport
import Testing

/// Hundreds of odd, old and broken files that other projects made, held against what FFmpeg makes of them.
@Suite struct ForeignTests {
    private static let folder = "../shared/corpora/foreign"
    private static let isThere = FileManager.default.fileExists(atPath: folder + "/ffmpeg.csv")

    /// What only FFmpeg reads, by the ends of names: `media` compares their samples.
    private static let others = [
        "m4a", "m4b", "mp4", "wma", "asf", "ape", "mpc", "wv", "dsf", "dff", "aac", "ofr", "ofs", "tak", "tta", "ac3",
        "eac3", "webm",
    ]

    /// Files of which FFmpeg says another length, or nothing where they fail, and why.
    private static let exceptions: [String: String] = [
        "mutagen/data_id3v1v2-combined.mp3": "its last frame is cut; FFmpeg keeps quiet about it",
        "mutagen/data_id3v22-test.mp3": "its last frame is cut; FFmpeg keeps quiet about it",
        "mutagen/data_xing.mp3": "its last frame is cut; FFmpeg keeps quiet about it",
        "scipy/data_test-44100Hz-le-1ch-4bytes-early-eof.wav": "1,024 of 17,720 bytes; FFmpeg keeps quiet about it",
        "tinytag/samples_test.opus": "its last page is cut; FFmpeg keeps quiet about it",
        "tinytag/samples_vbr_xing_header_short.mp3":
            "delay and padding are all of its two frames; FFmpeg keeps the padding",
    ]

    private struct Row {
        let file: String
        let count: Int
        let isQuiet: Bool
        /// Whether FFmpeg read anything.
        let isRead: Bool
    }

    private static func rows() throws -> [Row] {
        try String(contentsOfFile: folder + "/ffmpeg.csv", encoding: .utf8).split(whereSeparator: \.isNewline)
            .dropFirst()
            .compactMap { line in
                let fields = line.split(separator: ",", maxSplits: 3, omittingEmptySubsequences: false)
                guard fields.count == 4, let count = Int(fields[1]) else { return nil }
                return Row(
                    file: String(fields[0]), count: count, isQuiet: fields[2] == "0" && fields[3].isEmpty,
                    isRead: fields[2] == "0" || count > 0)
            }
    }

    /// Samples at 16 kHz, and a codec's frame in them.
    private static func count(_ path: String) throws -> (Int, Int) {
        let heard = try DecodedAudio(path)
        let resampler = try Resampler(from: heard.rate, to: 16000, converter: .soxrHQ)
        var count = 0
        try heard.samples.withUnsafeBufferPointer { try resampler.process($0, end: true) { count += $0.count } }
        return (count, 1152 * 16000 / heard.rate + 1)
    }

    @Test func lengths() throws {
        guard Self.isThere else {
            print("notice: no foreign files beside the project; they are not held against FFmpeg")
            return
        }
        let rows = try Self.rows()
        #expect(rows.count > 400)
        var (agreed, failed) = (0, 0)
        for row in rows where !Self.others.contains(where: { row.file.lowercased().hasSuffix("." + $0) }) {
            let reason = Self.exceptions[row.file]
            do {
                let (count, frame) = try Self.count(Self.folder + "/" + row.file)
                let isNear = abs(count - row.count) <= row.count / 50 + frame
                guard row.isRead else { continue }
                if isNear { agreed += 1 }
                #expect(isNear || reason != nil, "\(row.file): \(count) samples, FFmpeg's \(row.count)")
                #expect(!isNear || reason == nil, "\(row.file) is no exception any more")
            } catch let error as AudioError {
                failed += 1
                let isExpected = !row.isQuiet || row.count == 0 || error.failureClass == .unsupported
                #expect(isExpected || reason != nil, "\(row.file): \(error.failureClass) \(error.reason)")
            }
        }
        print("foreign files: \(agreed) of FFmpeg's length, \(failed) failures")
        #expect(agreed > 180)
    }

    /// Files of which FFmpeg's command reads a part without complaint, and we say that they are cut.
    private static let cutMedia: Set<String> = [
        "tinytag/samples_lossless.wma", "tinytag/samples_mp3_audio.asf", "tinytag/samples_xmp_data.wma",
    ]

    /// Up to where our sound ends, FFmpeg's command gives the same samples; what it reads without complaint, we read.
    @Test(
        .enabled(if: FFmpegCommand.isThere && isThere, "needs the command ffmpeg, and foreign files beside the project")
    )
    func media() throws {
        let folder = try TemporaryFolder()
        var (same, failed) = (0, 0)
        for row in try Self.rows() where Self.others.contains(where: { row.file.lowercased().hasSuffix("." + $0) }) {
            let path = Self.folder + "/" + row.file
            let isCut = Self.cutMedia.contains(row.file)
            if let error = DecodedAudio.fault(path) {
                failed += 1
                #expect(!row.isQuiet || row.count == 0 || isCut, "\(row.file): \(error)")
                guard isCut, error.failureClass == .truncated else { continue }
            } else {
                #expect(!isCut, "\(row.file) is not said to be cut")
            }
            let ours = try DecodedAudio(path, truncation: .accept).samples
            let decoded = folder.path + "/decoded.wav"
            try FFmpegCommand.run([
                "-flags:a", "bitexact", "-i", path, "-map", "0:a", "-bitexact", "-c:a", "pcm_f32le", decoded,
            ])
            let theirs = try DecodedAudio(decoded).samples
            // The command keeps the padding at the end of MP4, up to a frame.
            let isSame = ours.elementsEqual(theirs.prefix(ours.count)) && ours.count > theirs.count - 4096
            #expect(isSame, "\(row.file): \(ours.count) samples, the command's \(theirs.count)")
            same += isSame ? 1 : 0
        }
        print("foreign files for FFmpeg: \(same) with the same samples as its command's, \(failed) failures")
        #expect(same > 60)
    }
}
