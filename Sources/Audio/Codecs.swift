import Errors
import Foundation

/// Chooses a file's decoder by the file's bytes, because an extension is not reliable.
enum Codecs {
    /// The maximum number of foreign bytes before the first MPEG frame.
    private static let mostRubbish = 1 << 20

    /// - Parameters:
    ///   - raw: the path's bytes, zero-terminated.
    ///   - scans: keeps what walking through whole files found; nil to keep nothing.
    ///   - stream: the number of the stream among the file's streams of sound, from 0; nil for FFmpeg's choice.
    /// - Throws: `AudioError` if the file cannot be read or its format is not known.
    static func open(
        _ raw: [CChar], path: String, scans: ScanCache? = nil, stream: Int? = nil
    ) throws(AudioError) -> any Decoder {
        let bytes = try FileBytes(raw, path: path)
        bytes.scans = scans
        let result: Result<any Decoder, AudioError>
        do throws(AudioError) { result = .success(try choose(bytes, raw, path, stream)) } catch {
            result = .failure(error)
        }
        // Whatever was found, it was found in a part of the file.
        if let code = bytes.fault {
            throw AudioError(.unreadable, path: path, "reading it failed: \(String(cString: strerror(code)))")
        }
        return try result.get()
    }

    /// The number of channels of a file, without walking through it where its header tells.
    ///
    /// - Parameter stream: the number of the stream among the file's streams of sound, from 0; nil for FFmpeg's choice.
    /// - Throws: as `open(_:path:scans:stream:)`.
    static func channels(_ raw: [CChar], path: String, stream: Int?) throws(AudioError) -> Int {
        let bytes = try FileBytes(raw, path: path)
        var start = 0
        while start < bytes.size, let length = MPEGFrames.id3(bytes, start) { start += length }
        if let found = FLACSummary.channels(bytes, start) { return found }
        return try open(raw, path: path, stream: stream).mostChannels
    }

    /// Chooses libsndfile or libmpg123 where one of them opens the file, else FFmpeg.
    private static func choose(_ bytes: FileBytes, _ raw: [CChar], _ path: String, _ stream: Int?) throws(AudioError)
        -> any Decoder
    {
        let found: any Decoder
        do throws(AudioError) {
            found = try chooseOwn(bytes, raw, path)
        } catch {
            return try openOther(bytes, path, stream, refused: error)
        }
        // What looks like frames of MPEG between other bytes may be the sound of a film, or its pictures.
        if let found = found as? MPEGDecoder, found.damage != nil {
            do throws(AudioError) { return try openOther(bytes, path, stream) } catch {
                if isFilm(bytes), case .success = FFmpegLibrary.shared { throw error }
            }
        }
        if let stream, stream > 0 {
            throw AudioError(.unsupported, path: path, FFmpegFile.noStream(stream, of: 1).reason)
        }
        return found
    }

    /// Whether a file begins as those do that hold pictures and sound: MP4 and MOV, AVI, Matroska, ASF.
    private static func isFilm(_ bytes: FileBytes) -> Bool {
        if bytes.has("ftyp", at: 4) || bytes.has("moov", at: 4) || bytes.has("mdat", at: 4) { return true }
        if bytes.has("wide", at: 4) || bytes.has("free", at: 4) || bytes.has("skip", at: 4) { return true }
        if bytes.has("RIFF", at: 0), bytes.has("AVI ", at: 8) { return true }
        return [0x1A45_DFA3, 0x3026_B275].contains(bytes.number(0, 4, bigEndian: true) ?? 0)
    }

    /// Opens with FFmpeg what neither libsndfile nor libmpg123 reads.
    ///
    /// - Parameter error: why they do not.
    /// - Throws: that error if FFmpeg does not know the file either; else FFmpeg's, or what to install.
    private static func openOther(
        _ bytes: FileBytes, _ path: String, _ stream: Int?, refused error: AudioError? = nil
    ) throws(AudioError) -> any Decoder {
        let unknown = error ?? AudioError(.unsupported, path: path, "no audio that can be read")
        guard unknown.systemCode == nil, unknown.failureClass == .unsupported else { throw unknown }
        let library: FFmpegLibrary
        switch FFmpegLibrary.shared {
        case .success(let loaded): library = loaded
        case .failure(let absence):
            // libsndfile's reasons are sentences.
            let plain = unknown.reason.hasSuffix(".") ? String(unknown.reason.dropLast()) : unknown.reason
            throw AudioError(.unsupported, path: path, "\(plain); \(absence.reason)")
        }
        let found: FFmpegDecoder?
        do throws(FFmpegFile.Refusal) {
            found = try FFmpegDecoder.open(library, bytes, stream: stream)
        } catch {
            throw error.isShared ? unknown : AudioError(error.failureClass, path: path, error.reason)
        }
        guard let found else { throw unknown }
        return found
    }

    private static func chooseOwn(_ bytes: FileBytes, _ raw: [CChar], _ path: String) throws(AudioError) -> any Decoder
    {
        if let container = ContainerCheck(bytes) { return try open(container, bytes, raw, path) }
        if bytes.has("OggS", at: 0) { return try openOgg(bytes, raw, path) }
        var start = 0
        while start < bytes.size, let length = MPEGFrames.id3(bytes, start) { start += length }
        if let flac = bytes.flac(start) { return try openFLAC(flac, bytes, raw, path) }
        let isTagged = start > 0
        // libsndfile must not receive what it would take for MPEG: see `MPEGDecoder`.
        let head = bytes.view(start, 4)
        let looksLikeMPEG = isTagged || head.count >= 2 && head[0] == 0xFF && head[1] & 0xE0 == 0xE0
        if looksLikeMPEG {
            if isADTS(bytes, at: start) {
                throw AudioError(.unsupported, path: path, "no audio that can be read: it is AAC")
            }
            let range = 0..<bytes.size
            let summary = bytes.mpeg(range)
            if let first = summary.first { return try MPEGDecoder(bytes, range, summary, first, path: path) }
            if isTagged, summary.isNothingButTags {
                throw AudioError(.empty, path: path, "it has tags, but no samples")
            }
            throw AudioError(
                .unsupported, path: path, "no audio that can be read: neither an MPEG frame nor a known format")
        }
        do throws(AudioError) {
            return try openPlain(bytes, raw, path)
        } catch {
            guard error.systemCode == nil, let found = try mpegBehindRubbish(bytes, path) else { throw error }
            return found
        }
    }

    /// Whether two frames of AAC (ADTS) follow each other, or one is all there is.
    ///
    /// Their sync is that of MPEG audio with a layer that does not exist; what they hold may look like frames of MPEG.
    private static func isADTS(_ bytes: FileBytes, at start: Int) -> Bool {
        func length(_ place: Int) -> Int? {
            guard let head = bytes.number(place, 2, bigEndian: true), head & 0xFFF6 == 0xFFF0,
                let size = bytes.number(place + 3, 3, bigEndian: true)
            else { return nil }
            let length = size >> 5 & 0x1FFF
            return length >= 7 ? length : nil
        }
        guard let first = length(start) else { return false }
        return start + first == bytes.size || length(start + first) != nil
    }

    private static func mpegBehindRubbish(_ bytes: FileBytes, _ path: String) throws(AudioError) -> MPEGDecoder? {
        // A film of gigabytes is not searched to its end.
        var walk = MPEGFrames(bytes, 0..<bytes.size, mostForeign: mostRubbish)
        search: while let item = walk.next() {
            switch item {
            case .foreign(let range): if range.upperBound > mostRubbish { return nil }
            case .cut: return nil
            case .frame: break search
            }
        }
        let range = 0..<bytes.size
        let summary = bytes.mpeg(range)
        guard let first = summary.first, summary.count >= 3 else { return nil }
        return try MPEGDecoder(bytes, range, summary, first, path: path)
    }

    private static func open(_ container: ContainerCheck, _ bytes: FileBytes, _ raw: [CChar], _ path: String)
        throws(AudioError) -> any Decoder
    {
        if container.isMPEG, let range = container.samples {
            let summary = bytes.mpeg(range)
            guard let first = summary.first else {
                if range.isEmpty, container.damage == nil {
                    throw AudioError(.empty, path: path, "it has no samples")
                }
                throw AudioError(
                    .unsupported, path: path, "no audio that can be read: its header says MPEG, no MPEG frame follows")
            }
            return try MPEGDecoder(bytes, range, summary, first, path: path)
        }
        if !container.corrections.isEmpty {
            let part = FilePart(bytes, 0..<bytes.size, patches: container.corrections)
            let file = try refused(path) { () throws(Sndfile.Refusal) in try Sndfile(reading: part) }
            return SndfileDecoder(file, damage: container.damage)
        }
        let file = try refused(path) { () throws(Sndfile.Refusal) in try sndfile(bytes, raw) }
        return SndfileDecoder(file, damage: container.damage)
    }

    private static func openFLAC(_ flac: FLACSummary, _ bytes: FileBytes, _ raw: [CChar], _ path: String)
        throws(AudioError) -> any Decoder
    {
        let counted = flac.frames.map { (frames: $0, by: "its FLAC frames") }
        if flac.damage == nil, let frames = flac.frames, flac.total > 0, frames > flac.total {
            // libsndfile stops at the total in STREAMINFO; without a total it reads on.
            let kept = (bytes.view(flac.totalAt, 1).first ?? 0) & 0xF0
            let part = FilePart(bytes, 0..<bytes.size, patches: [(flac.totalAt, [kept, 0, 0, 0, 0])])
            let file = try refused(path) { () throws(Sndfile.Refusal) in try Sndfile(reading: part) }
            return SndfileDecoder(file, counted: counted)
        }
        let file = try refused(path) { () throws(Sndfile.Refusal) in try sndfile(bytes, raw) }
        return SndfileDecoder(file, damage: flac.damage, counted: counted)
    }

    private static func openOgg(_ bytes: FileBytes, _ raw: [CChar], _ path: String) throws(AudioError) -> any Decoder {
        let pages = bytes.ogg()
        if pages.links.count > 1 {
            return try refused(path) { () throws(Sndfile.Refusal) in
                let rate = try Sndfile(reading: FilePart(bytes, pages.links[0].range)).rate
                return try OggChain(bytes, pages, damage: damage(pages, rate))
            }
        }
        let file = try refused(path) { () throws(Sndfile.Refusal) in try sndfile(bytes, raw) }
        return SndfileDecoder(file, damage: damage(pages, file.rate))
    }

    private static func damage(_ pages: OggPages, _ rate: Int) -> Damage? {
        guard let found = pages.damage else { return nil }
        return Damage(reason: found, frames: pages.secondsBefore > 0 ? Int64(pages.secondsBefore * Double(rate)) : nil)
    }

    /// Opens a format that only libsndfile knows; its log shows whether a length was too large.
    private static func openPlain(_ bytes: FileBytes, _ raw: [CChar], _ path: String) throws(AudioError)
        -> SndfileDecoder
    {
        // libsndfile goes by the name of a file that has no known signature, even for MPEG; without a name it cannot.
        let isNamedMPEG = ["mp1", "mp2", "mp3", "m1a", "m2a", "mpga"].contains {
            path.lowercased().hasSuffix("." + $0)
        }
        let file = try refused(path) { () throws(Sndfile.Refusal) in
            try isNamedMPEG ? Sndfile(reading: FilePart(bytes, 0..<bytes.size)) : sndfile(bytes, raw)
        }
        var damage: Damage?
        for line in file.log.split(separator: "\n") where line.contains("data") && line.contains("(should be") {
            damage = Damage(reason: "cut short: " + line.drop { $0 == " " }, frames: nil)
            break
        }
        return SndfileDecoder(file, damage: damage)
    }

    /// libsndfile for the whole of the bytes. It opens a file by its name, which tells it the formats without a
    /// signature; a member of an archive is passed to it byte by byte, with the format that its name tells.
    private static func sndfile(_ bytes: FileBytes, _ raw: [CChar]) throws(Sndfile.Refusal) -> Sndfile {
        guard bytes.isMember else { return try Sndfile(reading: raw) }
        do throws(Sndfile.Refusal) {
            return try Sndfile(reading: FilePart(bytes, 0..<bytes.size), named: raw)
        } catch {
            let isResourceFork = String(decoding: raw.suffix(5).map(UInt8.init(bitPattern:)), as: UTF8.self)
                .lowercased().hasPrefix(".sd2")
            guard error.isUnknownFormat, isResourceFork else { throw error }
            throw Sndfile.Refusal(
                reason: "Sound Designer II keeps its format in a second file, which is not looked for in archives",
                systemCode: nil)
        }
    }

    private static func refused<T>(_ path: String, _ work: () throws(Sndfile.Refusal) -> T) throws(AudioError) -> T {
        do throws(Sndfile.Refusal) {
            return try work()
        } catch {
            var fault = AudioError(.unsupported, path: path, "no audio that can be read: \(error.reason)")
            fault.systemCode = error.systemCode
            throw fault
        }
    }
}
