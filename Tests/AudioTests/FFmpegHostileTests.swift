import Audio
import Errors
import Foundation
import Random
import TestSupport
import Testing

/// Files for FFmpeg's libraries that are cut, damaged, encrypted or without sound, or that point to other files.
@Suite(.enabled(if: FFmpegCommand.isThere, FFmpegCommand.notice)) struct FFmpegHostileTests {
    private static func bytes(_ name: String, _ folder: TemporaryFolder, frames: Int = MediaFile.frames) throws
        -> [UInt8]
    {
        let file = try #require(MediaFile.all.first { $0.name == name })
        return try folder.bytes(try file.make(in: folder, frames: frames).path)
    }

    /// Enough for several blocks of WavPack and TTA.
    private static let many = 400_000

    /// The places of a text in a file.
    private static func places(of text: String, in bytes: [UInt8]) -> [Int] {
        let wanted = Array(text.utf8)
        guard let last = wanted.last else { return [] }
        return bytes.indices.dropFirst(wanted.count - 1).filter {
            bytes[$0] == last && bytes[($0 + 1 - wanted.count)...$0].elementsEqual(wanted)
        }.map { $0 + 1 - wanted.count }
    }

    /// Cut at two thirds, each is said to be cut, and `accept` takes what there is.
    @Test(arguments: [
        "a.m4a", "alac.m4a", "mp3.mp4", "opus.webm", "flac.mkv", "a.wv", "a.tta", "a.ac3", "a.dts", "a.aac", "v2.wma",
        "a.avi", "aac.mka",
    ]) func cut(name: String) throws {
        let folder = try TemporaryFolder()
        var bytes = try Self.bytes(name, folder, frames: Self.many)
        if name.hasSuffix("m4a") || name.hasSuffix("mp4") {
            // With the index in front, so that what is left of the sound can be read.
            try FFmpegCommand.run([
                "-i", folder.path + "/" + name, "-c", "copy", "-movflags", "faststart", folder.path + "/front.mp4",
            ])
            bytes = try folder.bytes(folder.path + "/front.mp4")
        }
        let whole = try DecodedAudio(try folder.put("whole", bytes)).samples.count
        let path = try folder.put("cut", Array(bytes.prefix(bytes.count * 2 / 3 + 1)))
        let error = try #require(DecodedAudio.fault(path))
        #expect(error.failureClass == .truncated, "\(error)")
        let heard = try DecodedAudio(path, truncation: .accept).samples.count
        #expect(heard > whole / 2 && heard < whole * 3 / 4, "\(heard) of \(whole)")
    }

    @Test func cutBeforeTheIndex() throws {
        let folder = try TemporaryFolder()
        let bytes = try Self.bytes("a.m4a", folder)
        let error = try #require(DecodedAudio.fault(try folder.put("cut.m4a", Array(bytes.prefix(bytes.count / 2)))))
        #expect(error.failureClass == .truncated && error.reason.hasPrefix("cut short: the box at byte "), "\(error)")
    }

    /// A byte changed in the sound of a coding with checksums.
    @Test(arguments: ["a.wv", "a.tta", "flac.mkv", "a.ac3"]) func damagedInside(name: String) throws {
        let folder = try TemporaryFolder()
        var bytes = try Self.bytes(name, folder, frames: Self.many)
        bytes[bytes.count / 2] ^= 0x10
        let path = try folder.put("damaged", bytes)
        #expect(DecodedAudio.fault(path)?.failureClass == .truncated)
        // What is lost is silent: what follows keeps its place.
        let (whole, heard) = (
            try DecodedAudio(folder.path + "/" + name).samples, try DecodedAudio(path, truncation: .accept).samples
        )
        #expect(heard.count == whole.count)
        if name == "a.ac3" {
            // AC-3 fills bands with noise of a generator that goes on from frame to frame, so only the place is compared.
            let sums = zip(heard, whole).suffix(5000).reduce(into: (0.0, 0.0, 0.0)) {
                $0 = ($0.0 + Double($1.0 * $1.1), $0.1 + Double($1.0 * $1.0), $0.2 + Double($1.1 * $1.1))
            }
            #expect(sums.0 > 0.8 * (sums.1 * sums.2).squareRoot(), "\(sums)")
        } else {
            #expect(heard.suffix(5000) == whole.suffix(5000))
        }
        #expect(heard != whole)
    }

    @Test(arguments: ["mp4", "mkv", "avi", "mov"]) func filmWithoutSound(ending: String) throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/silent." + ending
        try FFmpegCommand.run(["-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=1", "-c:v", "mpeg4", path])
        let error = try #require(DecodedAudio.fault(path))
        #expect(error.failureClass == .unsupported)
        #expect(error.reason == "no audio stream: its one stream is of another kind")
    }

    @Test(arguments: ["drms", "enca", "aavd"]) func encrypted(tag: String) throws {
        let folder = try TemporaryFolder()
        var bytes = try Self.bytes("a.m4a", folder)
        let place = try #require(Self.places(of: "mp4a", in: bytes).first)
        bytes.replaceSubrange(place..<place + 4, with: tag.utf8)
        let error = try #require(DecodedAudio.fault(try folder.put("encrypted.m4a", bytes)))
        #expect(error.failureClass == .unsupported)
        #expect(error.reason == "no audio that can be read: it is encrypted (its coding is '\(tag)')")
    }

    @Test func encryptedASF() throws {
        let folder = try TemporaryFolder()
        var bytes = try Self.bytes("v2.wma", folder)
        // The first object of the header becomes one of encryption.
        bytes.replaceSubrange(30..<34, with: [0xFB, 0xB3, 0x11, 0x22])
        let error = try #require(DecodedAudio.fault(try folder.put("encrypted.wma", bytes)))
        #expect(error.failureClass == .unsupported && error.reason.contains("it is encrypted"), "\(error)")
    }

    /// Lengths of centuries are not believed, and not waited for.
    @Test func absurdLength() throws {
        let folder = try TemporaryFolder()
        var bytes = try Self.bytes("alac.m4a", folder)
        // The first entry of the table of times: a count and a length.
        let place = try #require(Self.places(of: "stts", in: bytes).first) + 12
        bytes.replaceSubrange(place + 4..<place + 8, with: [0x7F, 0xFF, 0xFF, 0xFF])
        let path = try folder.put("long.m4a", bytes)
        #expect(DecodedAudio.fault(path)?.failureClass == .truncated)
        #expect(DecodedAudio.fault(path)?.reason.contains("its index contradicts itself: 15 packets") == true)
        // What is stated is the edit list's, which is in milliseconds.
        let file = try AudioFile(path: path, truncation: .accept)
        #expect(file.declaredFrames ?? 0 <= Int64(MediaFile.frames + 45))
        bytes.replaceSubrange(place..<place + 4, with: [0x7F, 0xFF, 0xFF, 0xFF])
        #expect(DecodedAudio.fault(try folder.put("longer.m4a", bytes)) != nil)
    }

    @Test func indexOfMorePacketsThanBytes() throws {
        let folder = try TemporaryFolder()
        var bytes = try Self.bytes("a.m4a", folder)
        let place = try #require(Self.places(of: "stsz", in: bytes).first) + 12
        bytes.replaceSubrange(place..<place + 4, with: [0x7F, 0xFF, 0xFF, 0xFF])
        let error = try #require(DecodedAudio.fault(try folder.put("index.m4a", bytes)))
        #expect(
            error.failureClass == .invalid && error.reason.hasPrefix("its index lists 2147483647 packets"), "\(error)")
    }

    /// An index that points to other places gives what is there, a failure, but never more than the file has.
    @Test func damagedIndex() throws {
        let folder = try TemporaryFolder()
        let bytes = try Self.bytes("a.m4a", folder)
        for table in ["stco", "stsc", "stsz", "stts", "mdhd", "esds"] {
            var damaged = bytes
            let place = try #require(Self.places(of: table, in: bytes).first) + 8
            for offset in 0..<24 { damaged[place + offset] = 0xFF }
            let path = try folder.put(table + ".m4a", damaged)
            let count = (try? DecodedAudio(path, truncation: .accept).samples.count) ?? 0
            #expect(DecodedAudio.fault(path) != nil || count == MediaFile.frames, "\(table)")
            #expect(count <= 70_000, "\(table)")
        }
    }

    @Test(arguments: [8, 64, 255]) func manyChannels(channels: Int) throws {
        let folder = try TemporaryFolder()
        let wav = folder.path + "/source.wav"
        let samples = Sound.noise(seed: 3, count: 200 * channels)
        try AudioWriter.write(wav, rate: 8000, channels: channels, format: .wav16, samples: samples)
        let path = folder.path + "/many.mka"
        do {
            try FFmpegCommand.run(["-i", wav, "-c:a", "pcm_s16le", path])
        } catch is FFmpegCommand.Failure where channels > 64 {
            // Newer commands refuse to make such a file.
            return
        }
        #expect(try DecodedAudio(path).samples == DecodedAudio(wav).samples)
    }

    /// Lists of other files, in every form that FFmpeg knows: none of them is followed.
    @Test func playlists() throws {
        let folder = try TemporaryFolder()
        let path = try #require(MediaFile.all.first { $0.name == "a.ts" }).make(in: folder).path
        let lists = [
            "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.36,\n\(path)\n#EXT-X-ENDLIST\n",
            "list.ffconcat": "ffconcat version 1.0\nfile a.ts\n", "list.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=-\n",
            "list.mpd": "<?xml version=\"1.0\"?><MPD xmlns=\"urn:mpeg:dash:schema:mpd:2011\" type=\"static\"></MPD>",
            "list.m4a": "#EXTM3U\n\(path)\n",
        ]
        for (name, text) in lists {
            #expect(DecodedAudio.fault(try folder.put(name, text))?.failureClass == .unsupported, "\(name)")
        }
    }

    @Test(arguments: MediaFile.all) func mutations(file: MediaFile) throws {
        let folder = try TemporaryFolder()
        let bytes = try folder.bytes(try file.make(in: folder).path)
        var random = SplitMix64(seed: 11)
        for turn in 0..<12 {
            var mutant = Array(bytes.prefix(turn % 3 == 2 ? random.below(bytes.count) + 1 : bytes.count))
            for _ in 0...random.below(5) {
                // The structure lies at one of the ends.
                let near = min(mutant.count, 600)
                let place = [random.below(near), mutant.count - 1 - random.below(near), random.below(mutant.count)][
                    random.below(3)]
                let value = [0, 0xFF, 0x7F, 0x80, UInt8(random.below(256))][random.below(5)]
                for offset in place..<min(mutant.count, place + 1 + random.below(8)) { mutant[offset] = value }
            }
            let path = try folder.put("mutant", mutant)
            for truncation in [Truncation.fail, .accept] {
                do throws(AudioError) {
                    let heard = try DecodedAudio(path, truncation: truncation, nonFinite: .zero).samples
                    #expect(!heard.isEmpty, "turn \(turn)")
                } catch {
                    let isNamed = error.path == path && !error.reason.isEmpty && !error.reason.contains("\n")
                    #expect(error.failureClass != .internal && isNamed, "turn \(turn): \(error)")
                }
            }
        }
    }
}
