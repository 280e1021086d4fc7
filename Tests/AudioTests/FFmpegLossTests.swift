import Audio
import Errors
import Files
import Foundation
import TestSupport
import Testing

/// What is missing in a file for FFmpeg's libraries is silence, and what follows keeps its time; so does the sound of a film
/// that begins later than its pictures.
@Suite(.enabled(if: FFmpegCommand.isThere, FFmpegCommand.notice)) struct FFmpegLossTests {
    private let folder = try? TemporaryFolder()

    /// ALAC in an M4A file, and where each of its packets lies.
    private func lossless(frames: Int = 60_001) throws -> (bytes: [UInt8], packets: [Range<Int>], samples: [Float]) {
        let folder = try #require(folder)
        let file = MediaFile("alac.m4a", "-c:a alac", .lossless)
        let (path, samples) = try file.make(in: folder, frames: frames)
        let bytes = try folder.bytes(path)
        func number(_ place: Int) -> Int { bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) } }
        func box(_ name: String) throws -> Int {
            try #require(
                (0..<bytes.count - 4).last { bytes[$0..<$0 + 4].elementsEqual(name.utf8) }) + 8
        }
        let sizes = try box("stsz")
        var place = number(try box("stco") + 4)
        var packets: [Range<Int>] = []
        for index in 0..<number(sizes + 4) {
            let size = number(sizes + 8 + 4 * index)
            packets.append(place..<place + size)
            place += size
        }
        #expect(packets.count == (frames + 4095) / 4096 && packets.allSatisfy { $0.count > 100 })
        return (bytes, packets, samples)
    }

    /// The packet becomes the mark of an end, which the decoder takes for no samples and no fault.
    private func emptied(_ bytes: [UInt8], _ packet: Range<Int>) -> [UInt8] {
        var bytes = bytes
        bytes[packet.lowerBound] = 0xE0
        return bytes
    }

    @Test(arguments: [[0], [7], [14], [4, 5, 6], [0, 1, 9, 14]]) func packetsThatGiveNothing(which: [Int]) throws {
        let folder = try #require(folder)
        let (bytes, packets, samples) = try lossless()
        let path = try folder.put("damaged.m4a", which.reduce(bytes) { emptied($0, packets[$1]) })
        let error = try #require(DecodedAudio.fault(path))
        #expect(error.failureClass == .truncated)
        #expect(
            error.reason.contains("a packet at byte \(packets[which[0]].lowerBound) gives no sound"), "\(error.reason)")
        var wanted = samples
        for packet in which {
            for frame in packet * 4096..<min(samples.count, (packet + 1) * 4096) { wanted[frame] = 0 }
        }
        for blocks in [[65_536], [1000], [4096, 1, 7]] {
            let heard = try DecodedAudio(path, blocks: blocks, truncation: .accept).samples
            #expect(heard.count == wanted.count && heard == wanted, "\(heard.count)")
        }
        // A part behind the damage has the samples of the whole.
        let part = try #require(RecordingPart("start=1.2 end=1.3"))
        let (first, end) = (52_920, 57_330)
        #expect(
            try DecodedAudio(path, truncation: .accept, part: part).samples == Array(wanted[first..<end]))
    }

    /// The clock of Matroska counts in milliseconds, which are no whole samples.
    @Test func packetsThatGiveNothingInMatroska() throws {
        let folder = try #require(folder)
        let (bytes, packets, samples) = try lossless()
        try FFmpegCommand.run(["-i", folder.path + "/alac.m4a", "-c", "copy", folder.path + "/alac.mka"])
        let film = try folder.bytes(folder.path + "/alac.mka")
        let wanted = bytes[packets[5]]
        let place = try #require(
            (0..<film.count - wanted.count).first { film[$0] == wanted.first && film[$0..<$0 + wanted.count] == wanted }
        )
        let path = try folder.put("damaged.mka", emptied(film, place..<place + wanted.count))
        #expect(DecodedAudio.fault(path)?.failureClass == .truncated)
        let heard = try DecodedAudio(path, truncation: .accept).samples
        #expect(heard.count == samples.count && heard[(6 * 4096)...] == samples[(6 * 4096)...])
        #expect(heard[(5 * 4096)..<(6 * 4096)].allSatisfy { $0 == 0 })
    }

    /// The second from 0.5 s on was never written, as when a recorder loses a cluster.
    @Test func aGapInTheTimes() throws {
        let folder = try #require(folder)
        let (path, samples) = try MediaFile("whole.mka", "-c:a pcm_s16le", .lossless).make(in: folder, frames: 149_940)
        let cut = folder.path + "/gap.mka"
        try FFmpegCommand.run([
            "-i", path, "-af", "asetnsamples=441,aselect='not(between(n,50,149))'", "-c:a", "pcm_s16le", cut,
        ])
        let error = try #require(DecodedAudio.fault(cut))
        #expect(error.failureClass == .truncated && error.reason.contains("leave out 1.0 s"), "\(error.reason)")
        let heard = try DecodedAudio(cut, truncation: .accept).samples
        #expect(abs(heard.count - samples.count) <= 45, "\(heard.count) of \(samples.count)")
        #expect(heard[..<22_050] == samples[..<22_050])
        #expect(heard[23_000..<66_000].allSatisfy { $0 == 0 })
        let lag = MediaFile.lag(Array(samples[60_000...]), Array(heard[60_000...]), within: 100)
        #expect(abs(lag) <= 45, "\(lag)")
    }

    private func film(_ name: String, _ codec: String, offset: Double) throws -> (path: String, samples: [Float]) {
        let folder = try #require(folder)
        let path = folder.path + "/" + name
        let samples = MediaFile.sound(rate: 44_100)
        let wav = folder.path + "/source.wav"
        try AudioWriter.write(wav, rate: 44_100, channels: 1, format: .wav16, samples: samples)
        try FFmpegCommand.run(
            ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=10:duration=2.5", "-itsoffset", "\(offset)", "-i", wav]
                + ["-map", "0:v", "-map", "1:a", "-c:v", "mpeg4", "-c:a", codec, path])
        return (path, try DecodedAudio(wav).samples)
    }

    /// A player shows pictures alone for half a second: a time of the sound must be that at which it plays.
    @Test(arguments: [("film.mp4", "alac"), ("film.mov", "pcm_s16le"), ("film.mkv", "flac")])
    func filmsWhoseSoundBeginsLater(name: String, codec: String) throws {
        let (path, samples) = try film(name, codec, offset: 0.5)
        let heard = try DecodedAudio(path).samples
        #expect(heard.count == samples.count + 22_050, "\(heard.count)")
        #expect(heard.prefix(22_050).allSatisfy { $0 == 0 } && heard.dropFirst(22_050).elementsEqual(samples))
        // Matroska states the length of the pictures.
        if !name.hasSuffix("mkv") { #expect(try AudioFile(path: path).declaredFrames == Int64(heard.count)) }
        let part = try #require(RecordingPart("start=0.4 end=1"))
        #expect(try DecodedAudio(path, part: part).samples == Array(heard[17_640..<44_100]))
        let (plain, same) = try film("plain-" + name, codec, offset: 0)
        #expect(try DecodedAudio(plain).samples == same)
    }

    /// Pieces of what a recorder divides, whose clocks run on: each is whole, and has no silence for the pieces before it.
    @Test(arguments: [("mka", "flac"), ("webm", "libopus"), ("wma", "wmav2"), ("mka", "pcm_s16le")])
    func filesWhoseClocksBeginLater(ending: String, codec: String) throws {
        let folder = try #require(folder)
        let wav = folder.path + "/source.wav"
        try AudioWriter.write(
            wav, rate: 48_000, channels: 1, format: .wav16, samples: MediaFile.sound(rate: 48_000))
        let (plain, late) = (folder.path + "/plain." + ending, folder.path + "/late." + ending)
        try FFmpegCommand.run(["-i", wav, "-c:a", codec, plain])
        try FFmpegCommand.run(["-itsoffset", "0.7", "-i", wav, "-c:a", codec, late])
        let heard = try DecodedAudio(late).samples
        #expect(try heard == DecodedAudio(plain).samples)
        // A cut is still found.
        let bytes = try folder.bytes(late)
        let cut = try folder.put("cut." + ending, Array(bytes[..<(bytes.count * 2 / 3)]))
        #expect(DecodedAudio.fault(cut)?.failureClass == .truncated)
    }

    @Test(arguments: ["mkv", "mp4", "mov"]) func piecesOfAFilm(ending: String) throws {
        let folder = try #require(folder)
        let (path, samples) = try film("film.mkv", "flac", offset: 0)
        // The pictures go on when the sound has ended: no piece may have them alone.
        try FFmpegCommand.run([
            "-i", path, "-t", "1.3", "-map", "0", "-c:v", "copy", "-c:a", ending == "mov" ? "pcm_s16le" : "aac", "-f",
            "segment",
            "-segment_time", "1", folder.path + "/piece%d." + ending,
        ])
        var sum = 0
        for piece in FileSystem.names(in: folder.path) where piece.hasPrefix("piece") {
            let heard = try DecodedAudio(folder.path + "/" + piece).samples
            // Pictures, of ten a second, may come before the sound by less than one of them.
            #expect(heard.count <= samples.count && heard.prefix { $0 == 0 }.count < 4410 + 2048, "\(heard.count)")
            sum += heard.count
        }
        #expect(abs(sum - 57_330) < 3 * (4410 + 2048), "\(sum)")
    }

    /// FFmpeg's segments have packets of 1,025 units in their tables of times, where times were rounded.
    @Test func roundedTimesAreNoCut() throws {
        let folder = try #require(folder)
        let (path, _) = try film("film.mkv", "flac", offset: 0)
        let wav = folder.path + "/source.wav"
        try FFmpegCommand.run(["-i", wav, "-c:a", "flac", folder.path + "/long.mka"])
        for source in [path, folder.path + "/long.mka"] {
            try FFmpegCommand.run([
                "-i", source, "-map", "0:a", "-c:a", "aac", "-f", "segment", "-segment_time", "0.7",
                folder.path + "/round%d.m4a",
            ])
            let pieces = FileSystem.names(in: folder.path).filter { $0.hasPrefix("round") }
            #expect(pieces.count > 1)
            for piece in pieces {
                #expect(DecodedAudio.fault(folder.path + "/" + piece) == nil, "\(piece)")
            }
        }
    }

    /// A film may show pictures alone for minutes.
    @Test(arguments: [("mp4", "aac"), ("mkv", "flac")]) func soundThatBeginsMinutesLater(ending: String, codec: String)
        throws
    {
        let folder = try #require(folder)
        let (wav, path) = (folder.path + "/source.wav", folder.path + "/late." + ending)
        try AudioWriter.write(
            wav, rate: 44_100, channels: 1, format: .wav16, samples: MediaFile.sound(rate: 44_100))
        try FFmpegCommand.run(
            ["-f", "lavfi", "-i", "testsrc=size=32x32:rate=1:duration=130", "-itsoffset", "120", "-i", wav]
                + ["-map", "0:v", "-map", "1:a", "-c:v", "mpeg4", "-c:a", codec, path])
        let heard = try DecodedAudio(path).samples
        let first = try #require(heard.firstIndex { abs($0) > 0.01 })
        #expect(abs(first - 120 * 44_100) < 2200, "\(first)")
    }

    /// One packet in four is missing: each gap is shorter than what a coarse clock may leave, all together are not.
    @Test func manyShortGaps() throws {
        let folder = try #require(folder)
        let path = folder.path + "/whole.flv"
        let wav = folder.path + "/source.wav"
        try AudioWriter.write(
            wav, rate: 44_100, channels: 1, format: .wav16, samples: MediaFile.sound(rate: 44_100))
        try FFmpegCommand.run(["-i", wav, "-c:a", "aac", path])
        let bytes = try folder.bytes(path)
        // FLV: a header of 9 bytes and 4, then tags: kind, three bytes of size, seven more, the data, four of its length.
        var kept = Array(bytes[..<13])
        var (place, packets) = (13, 0)
        while place + 11 < bytes.count {
            let size = bytes[place + 1..<place + 4].reduce(0) { $0 << 8 | Int($1) }
            let end = min(bytes.count, place + 15 + size)
            if bytes[place] == 8 { packets += 1 }
            if bytes[place] != 8 || packets < 4 || packets % 4 != 0 { kept += bytes[place..<end] }
            place = end
        }
        #expect(packets > 40 && DecodedAudio.fault(path) == nil)
        let error = try #require(DecodedAudio.fault(try folder.put("lost.flv", kept)))
        #expect(error.failureClass == .truncated && error.reason.contains("the times of its packets last"), "\(error)")
    }

    /// A wrong number in the table of times or the clock's rate must not cut the sound in silence.
    @Test(arguments: ["alac", "aac"]) func contradictoryIndexes(codec: String) throws {
        let folder = try #require(folder)
        let file = MediaFile("a.m4a", "-c:a \(codec)", .lossless)
        let (path, _) = try file.make(in: folder)
        #expect(DecodedAudio.fault(path) == nil)
        let bytes = try folder.bytes(path)
        func box(_ name: String) throws -> Int {
            try #require((0..<bytes.count - 4).last { bytes[$0..<$0 + 4].elementsEqual(name.utf8) }) + 4
        }
        for (place, bit) in [
            (try box("stts") + 11, UInt8(0x20)), (try box("stts") + 14, 4), (try box("mdhd") + 14, 0x40),
            (try box("mdhd") + 13, 1),
        ] {
            var changed = bytes
            changed[place] ^= bit
            let error = try #require(DecodedAudio.fault(try folder.put("changed.m4a", changed)), "\(place)")
            #expect(error.failureClass == .truncated || error.failureClass == .invalid, "\(error)")
        }
    }

    /// Channels are those of the stream that is read.
    @Test func channelsOfAStream() throws {
        let folder = try #require(folder)
        let path = folder.path + "/two.mkv"
        try FFmpegCommand.run(
            ["-f", "lavfi", "-i", "sine=frequency=300:duration=1", "-map", "0:a", "-map", "0:a", "-c:a", "flac"]
                + ["-ac:a:0", "2", "-ac:a:1", "1", "-disposition:a:0", "default", path])
        #expect(AudioFile.channels(path: path) == 2)
        #expect(AudioFile.channels(path: path, stream: 0) == 2 && AudioFile.channels(path: path, stream: 1) == 1)
        #expect(AudioFile.channels(path: path, stream: 2) == nil)
    }

    /// Reasons are words of our own, with FFmpeg's in brackets.
    @Test func silenceOfATelephone() throws {
        let folder = try #require(folder)
        var random = UInt8(17)
        func frame(_ head: UInt8, _ count: Int) -> [UInt8] {
            [head]
                + (0..<count).map { _ in
                    random = random &* 37 &+ 11
                    return random
                }
        }
        let speech = (0..<10).flatMap { _ in frame(0x3C, 31) }
        let path = try folder.put("pause.amr", Array("#!AMR\n".utf8) + speech + frame(0x44, 5) + speech)
        let error = try #require(DecodedAudio.fault(path))
        #expect(error.failureClass == .truncated)
        #expect(error.reason.contains("a frame of AMR that stands for silence (DTX)"), "\(error.reason)")
        #expect(try DecodedAudio(path, truncation: .accept).samples.count == 21 * 160)
        // Words of FFmpeg's alone say nothing to most.
        var bytes = try folder.bytes(try MediaFile("flac.mkv", "-c:a flac", .lossless).make(in: folder).path)
        bytes[bytes.count / 2] ^= 0x10
        let other = try #require(DecodedAudio.fault(try folder.put("broken.mkv", bytes)))
        #expect(other.reason.contains(" (FFmpeg: "), "\(other.reason)")
    }
}
