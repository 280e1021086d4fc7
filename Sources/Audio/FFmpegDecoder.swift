import Errors

/// Decodes with FFmpeg what libsndfile and libmpg123 do not read.
///
/// What a damaged or missing packet would have held is silence, so that what follows keeps its time. So is what a player
/// waits before the sound of a film.
final class FFmpegDecoder: Decoder {
    /// The shortest gap in the times of packets that counts as one where no packet is known to be lost, in seconds beyond
    /// the packet's own length: many containers count in milliseconds, and some encoders round to more.
    private static let leastGap = 0.1
    /// The shortest time before the sound of a film that is made up for, in seconds.
    private static let leastLead = 0.001
    /// The most silence in place of what is missing, in seconds beyond what was decoded, where no length is stated.
    private static let mostMissing = 60.0
    /// The maximum number of sample frames for each byte of a file whose stated length is believed.
    private static let mostFramesPerByte: Int64 = 4096
    /// The share of a recording by which its clock may run ahead of its samples: recorders' clocks differ from their
    /// converters' by less than a tenth of this.
    private static let clockDrift = 0.001
    /// The decoders whose packets all have the same number of samples.
    private static let evenDecoders: Set<String> = ["aac", "alac", "mp3float", "mp3", "mp2float", "mp2", "ac3"]

    let rate: Int
    let channels: Int
    let damage: Damage?
    let sampleFormat: SampleFormat
    private(set) var fault: String?
    private let file: FFmpegFile
    /// The sample frames of the stream that are sound, without the delay and padding of the encoder; its end is the
    /// largest number if it is not known.
    private let kept: Range<Int64>
    /// The number of sample frames that the container states, and whether it is exact.
    private var stated: (frames: Int64, isExact: Bool)?
    /// By how many sample frames an exact length may be too long, because the times of packets were rounded up.
    private let roundedUp: Int64
    private let bytes: FileBytes
    /// The bytes that must be packets; nil if anything may be between them.
    private let packetRange: Range<Int>?

    /// The frames of the decoded frame that have not been returned, and the silent ones to return before them.
    private var ready = 0..<0
    private var silent: Int64 = 0
    /// The number of sample frames decoded or lost so far, and of those lost since the last that was decoded.
    private var position: Int64 = 0
    private var lost: Int64 = 0
    private var lastCount = 0
    /// The time at which the next frame is expected, in seconds of the stream's clock.
    private var expectedTime: Double?
    /// The time of the first frame, and its place among the sample frames.
    private var clock: (time: Double, position: Int64)?
    /// The sample frames of silence that stand for something missing, and how many the whole file may be long.
    private var made: Int64 = 0
    private var longest: Int64 = 0
    private var isOver = false

    var mostChannels: Int { channels }

    /// - Parameter stream: the number of the stream among those of sound, from 0; nil for FFmpeg's choice.
    /// - Returns: nil if FFmpeg recognises no container that it may open.
    /// - Throws: `FFmpegFile.Refusal` if it recognises one and cannot read it.
    static func open(_ library: FFmpegLibrary, _ bytes: FileBytes, stream: Int?) throws(FFmpegFile.Refusal)
        -> FFmpegDecoder?
    {
        let media = ISOMedia(bytes)
        if let track = media?.overfullTrack(size: bytes.size) {
            throw FFmpegFile.Refusal(
                failureClass: .invalid,
                reason: "its index lists \(track.packets) packets of a track, the file has \(bytes.size) bytes")
        }
        if MediaLength.isEncryptedASF(bytes) { throw FFmpegFile.encrypted(by: "its header says how") }
        let damage = media?.damage ?? MediaLength.damage(bytes)
        do throws(FFmpegFile.Refusal) {
            let edits = media?.isSimple == true
            guard let file = try FFmpegFile.open(library, bytes, ignoresEdits: edits) else { return nil }
            // Where nothing says where the sound begins, a decoder may know it: AAC by libfaac names its encoder.
            let isGiven = edits && (media?.hasStart == true || file.iTunesGaplessText != nil)
            try file.openStream(stream, keepsAll: isGiven)
            let own = file.kind.isShared ? ContainerCheck(bytes)?.damage : damage
            return try FFmpegDecoder(file, bytes, media, own, keepsAll: isGiven)
        } catch {
            // What is missing says more than what FFmpeg stumbles over.
            guard let damage, error.failureClass != .internal else { throw error }
            throw FFmpegFile.Refusal(failureClass: .truncated, reason: "\(damage.reason); \(error.reason)")
        }
    }

    /// Decodes the first frame, which alone shows what the samples are.
    ///
    /// - Throws: `FFmpegFile.Refusal` if there is none.
    private init(
        _ file: FFmpegFile, _ bytes: FileBytes, _ media: ISOMedia?, _ damage: Damage?, keepsAll: Bool
    ) throws(FFmpegFile.Refusal) {
        let first = try Self.skipToSamples(file)
        self.file = file
        let isEven = Self.evenDecoders.contains(file.decoder)
        let contradiction =
            isEven
            ? media?.contradiction(ofTrack: file.trackNumber, packetsOf: file.count, rate: file.rate) : nil
        self.damage = damage ?? contradiction
        fault = nil
        rate = file.rate
        channels = file.channels
        sampleFormat = file.sampleFormat
        self.bytes = bytes
        // The time of the first sample in the container, unless what is missing before it was lost.
        let isLate = first != nil || (file.answersEachPacket && file.asked.count > 1)
        let start = isLate ? file.asked.start : file.time
        var kept = 0..<Int64.max
        var stated: (frames: Int64, isExact: Bool)?
        var lead = 0.0
        if let media, media.isSimple {
            let sound = media.sound(ofTrack: file.trackNumber, rate: rate, iTunes: file.iTunesGaplessText)
            kept = sound ?? kept
            if let sound {
                // What the decoder itself left out at the start: a frame or two.
                if !keepsAll, !isLate, let start, start > 0, start < 1 {
                    position = min(Int64((start * Double(rate)).rounded()), sound.upperBound)
                }
                stated = (sound.upperBound - max(position, sound.lowerBound), true)
            }
            lead = media.pause(ofTrack: file.trackNumber)
        } else {
            if file.kind.length != .none, let length = file.statedLength, media?.isFragmented != true {
                let frames = (Double(length.numerator) * Double(rate) / Double(length.denominator)).rounded()
                if frames > 0, frames < 0x1p53 { stated = (Int64(frames), file.kind.length == .exact && media == nil) }
            }
            if file.kind.hasComparableTimes, let start, start > 0 {
                if file.isFilm { lead = max(0, start - (file.firstPictureTime(in: bytes) ?? start)) }
                // The length is the time of the end, and a piece of a longer recording may begin late.
                let late = ((start - lead) * Double(rate)).rounded()
                if let length = stated, !length.isExact, late < Double(length.frames) {
                    stated?.frames -= Int64(late)
                }
            }
        }
        self.kept = kept
        self.stated = stated
        roundedUp = media?.isSimple == true ? media?.roundedUp(ofTrack: file.trackNumber, rate: rate) ?? 0 : 0
        if file.kind.isRaw {
            var start = 0
            while start < bytes.size, let length = MPEGFrames.id3(bytes, start) { start += length }
            packetRange = start < bytes.size ? MPEGFrames(bytes, start..<bytes.size).range : nil
        } else {
            packetRange = nil
        }
        faultBefore = first
        if isLate { expectedTime = start }
        longest = max(declaredFrames ?? 0, believed(file.statedLength) ?? 0)
        addLead(lead, isStated: media?.isSimple != true)
        take(isFirstLate: isLate)
        faultBefore = faultBefore ?? fault
        fault = nil
    }

    /// Puts silence before the sound, so that a time is that at which a player plays it.
    ///
    /// - Parameter isStated: whether the length that the container states is with it.
    private func addLead(_ seconds: Double, isStated: Bool) {
        guard seconds > Self.leastLead, seconds < 0x1p40 else { return }
        let frames = Int64((seconds * Double(rate)).rounded())
        // The pictures of a film last as long as the film, however short its sound is.
        let isInFilm = seconds <= file.containerLength && frames / Self.mostFramesPerByte <= Int64(bytes.size)
        guard isInFilm || admits(frames) else {
            fault = "its sound begins \(Self.text(seconds)) s after its pictures, more than it can be long"
            return
        }
        silent = frames
        made = frames
        if !isStated { stated?.frames += frames }
    }

    /// What went wrong before the first frame; nil once it has been reported.
    private var faultBefore: String?

    /// Decodes up to the first frame; returns what went wrong before it.
    private static func skipToSamples(_ file: FFmpegFile) throws(FFmpegFile.Refusal) -> String? {
        var first: String?
        while true {
            switch file.step() {
            case .samples: return first
            case .fault(let text):
                if file.isEncrypted { throw FFmpegFile.encrypted(by: "its packets say so") }
                first = first ?? text
            case .end:
                if let first {
                    throw FFmpegFile.Refusal(
                        failureClass: .truncated, reason: "no frame of it can be decoded: \(first)")
                }
                if file.kind.length == .exact, let length = file.statedLength {
                    let seconds = Double(length.numerator) / Double(length.denominator)
                    throw FFmpegFile.Refusal(
                        failureClass: .truncated,
                        reason: "ends before its first frame, its header says \((seconds * 100).rounded() / 100) s")
                }
                throw FFmpegFile.Refusal(failureClass: .empty, reason: "it has no samples")
            }
        }
    }

    var declaredFrames: Int64? {
        guard let stated, stated.frames / Self.mostFramesPerByte <= Int64(bytes.size) else { return nil }
        return stated.frames
    }

    /// A length in seconds, as a fraction, in sample frames; nil if it is not believed.
    private func believed(_ length: (numerator: Int64, denominator: Int64)?) -> Int64? {
        guard let length else { return nil }
        let frames = Double(length.numerator) * Double(rate) / Double(length.denominator)
        return frames / Double(Self.mostFramesPerByte) <= Double(bytes.size) ? Int64(frames) : nil
    }

    /// Whether so much more silence can be meant: times in a damaged file may be centuries apart.
    private func admits(_ frames: Int64) -> Bool {
        let (sum, overflow) = made.addingReportingOverflow(frames)
        let heard = position - made + Int64(Self.mostMissing * Double(rate))
        return !overflow && frames >= 0 && sum <= max(longest, heard)
    }

    func read(into buffer: UnsafeMutablePointer<Float>, frames: Int) -> Int { fill(buffer, frames) }
    func read(into buffer: UnsafeMutablePointer<Double>, frames: Int) -> Int { fill(buffer, frames) }

    private func fill<Sample: DecodedSample>(_ out: UnsafeMutablePointer<Sample>, _ frames: Int) -> Int {
        fault = faultBefore
        faultBefore = nil
        var done = 0
        while done < frames {
            if silent > 0 {
                let count = Int(min(silent, Int64(frames - done)))
                (out + done * channels).update(repeating: .zero, count: count * channels)
                silent -= Int64(count)
                done += count
            } else if !ready.isEmpty {
                let count = min(ready.count, frames - done)
                let part = ready.lowerBound..<ready.lowerBound + count
                guard file.copy(part, into: out + done * channels) else {
                    fault = "FFmpeg's decoder gives samples in a form that is not known"
                    isOver = true
                    return done
                }
                ready = part.upperBound..<ready.upperBound
                done += count
            } else {
                if isOver { break }
                decodeNext()
                // What precedes the fault is returned with it; only if there is nothing, what follows is.
                if fault != nil, done > 0 { break }
            }
        }
        return done
    }

    /// Decodes the next frame, or notes a fault or the end.
    private func decodeNext() {
        switch file.step() {
        case .samples:
            guard file.rate == rate, file.channels == channels else {
                fault =
                    "it goes from \(rate) Hz and \(channels) channels to \(file.rate) Hz and \(file.channels) channels"
                    + (file.packetPlace.map { " at byte \($0)" } ?? "")
                isOver = true
                return
            }
            take()
        case .fault(let text):
            fault = fault ?? text
            lost += Int64(lastCount)
        case .end:
            isOver = true
            takeEnd()
        }
    }

    /// Makes the frame just decoded ready, and silence of the length of what was lost before it.
    ///
    /// - Parameter isFirstLate: whether it is the first frame, and something was lost before it.
    private func take(isFirstLate: Bool = false) {
        let count = file.count
        addSilence(missing(before: count, isFirstLate: isFirstLate))
        lost = 0
        if clock == nil, let time = file.time { clock = (time, position) }
        let part = clamped(position..<position + Int64(count))
        ready = Int(part.lowerBound - position)..<Int(part.upperBound - position)
        position += Int64(count)
        lastCount = count
        // What lies behind the end that the container gives is padding: it need not be decoded.
        if position >= kept.upperBound, ready.isEmpty { isOver = true }
    }

    private func addSilence(_ frames: Int64) {
        silent += Int64(clamped(position..<position + frames).count)
        position += frames
        made += frames
    }

    /// The sample frames that are missing before the frame just decoded, as its time says: packets may give nothing, or
    /// be missing themselves. Without a time, each fault counts as one frame of the length of the last.
    private func missing(before count: Int, isFirstLate: Bool) -> Int64 {
        let length = Double(count) / Double(rate)
        guard let time = file.time else {
            expectedTime = expectedTime.map { $0 + Double(lost) / Double(rate) + length }
            return lost
        }
        defer { expectedTime = time + length }
        guard let expectedTime else { return lost }
        let gap = time - expectedTime
        let isIdle = file.asked.count > 1 && gap * Double(rate) > Double(min(count, max(lastCount, 1))) / 2
        guard lost > 0 || isFirstLate || isIdle || gap > length + Self.leastGap else { return 0 }
        let frames = frames(of: gap)
        guard let frames, admits(frames) else {
            if gap > 0 {
                fault =
                    fault ?? "the times of its packets leave out \(Self.text(gap)) s, more than it can be long"
            }
            return lost
        }
        if lost == 0, frames > 0 {
            fault =
                fault
                ?? (isIdle || isFirstLate
                    ? idleText(file.asked.idlePlace)
                    : "the times of its packets leave out \(Self.text(gap)) s")
        }
        return frames
    }

    /// The sample frames of a time, rounded to whole packets where the clock is too coarse to tell; nil if they are no
    /// number of frames.
    private func frames(of gap: Double) -> Int64? {
        let exact = gap * Double(rate)
        let tolerance = max(1, 1.5 * file.tick * Double(rate))
        // Times that go back say nothing of what is missing.
        guard exact > -tolerance, exact < 0x1p40 else { return nil }
        for unit in [Double(lost), Double(lastCount)] where unit > 0 {
            let whole = max(1, (exact / unit).rounded()) * unit
            if abs(whole - exact) <= tolerance { return Int64(whole) }
        }
        return Int64(max(0, exact.rounded()))
    }

    private static func text(_ seconds: Double) -> String { "\((seconds * 100).rounded() / 100)" }

    private func idleText(_ place: Int?) -> String {
        "a packet\(place.map { " at byte \($0)" } ?? "") gives no sound when it is decoded as \(file.decoder)"
    }

    /// Makes silence of packets at the end that gave nothing.
    private func takeEnd() {
        guard file.answersEachPacket, file.packetsWithoutFrame > 0, lost == 0, let end = file.packetEnd,
            let expectedTime,
            let frames = frames(of: end - expectedTime), frames > 0, admits(frames)
        else { return }
        fault = fault ?? idleText(file.asked.idlePlace ?? file.packetPlace)
        addSilence(frames)
    }

    /// The part of a range that is kept; an empty range within it if there is none.
    private func clamped(_ range: Range<Int64>) -> Range<Int64> {
        let start = min(max(range.lowerBound, kept.lowerBound), range.upperBound)
        return start..<max(start, min(range.upperBound, kept.upperBound))
    }

    func shortfall(heard: Int64) -> String? {
        if let stated, heard < stated.frames - tolerance(stated.isExact) {
            return "ends at \(Damage.length(heard, rate)), its header says \(stated.frames)"
        }
        return unheard ?? packetRange.flatMap(unclaimed)
    }

    /// Describes how much longer the times of the packets last than the sound: packets that are missing one by one leave
    /// gaps that are each too short to tell from a clock's steps. Nil if the two agree.
    private var unheard: String? {
        guard let clock, let end = expectedTime else { return nil }
        let heard = Double(position - clock.position) / Double(rate)
        let span = end - clock.time
        let allowed = Self.leastGap + Double(lastCount) / Double(rate) + Self.clockDrift * span
        guard span - heard > allowed else { return nil }
        return "the times of its packets last \(Self.text(span)) s, its sound \(Self.text(heard)) s"
    }

    /// Describes bytes of a stream of frames that belong to none; nil if there are none, or too few to be a frame and not
    /// the beginning of one.
    private func unclaimed(_ range: Range<Int>) -> String? {
        let packets = file.packets
        // Frames of one length, as of AC-3 and DTS, show that the last is cut: its decoder makes up what is missing.
        if packets.count > 2, packets.most - packets.least <= 2 {
            if packets.last < packets.least {
                return "its last frame has \(packets.last) bytes, the others \(packets.least)"
            }
            // FFmpeg gives the last frame what follows it.
            for more in [packets.last - packets.least, packets.last - packets.most]
            where more > 0 && isFrame(range, at: range.upperBound - more) {
                return "its last frame is followed by \(more) of another"
            }
        }
        let left = range.count - packets.bytes
        guard packets.count > 0, left > 0 else { return nil }
        guard isFrame(range, at: range.upperBound - left) || left >= packets.bytes / packets.count else { return nil }
        return "\(left) of its \(range.count) bytes of sound belong to no frame"
    }

    /// Whether a frame begins at a place, of which there may be a single byte: the first two are the same in all.
    private func isFrame(_ range: Range<Int>, at place: Int) -> Bool {
        let known = min(range.upperBound - place, 2)
        return bytes.number(place, known) == bytes.number(range.lowerBound, known)
    }

    /// By how many frames the sound may end before the length that the container states.
    private func tolerance(_ isExact: Bool) -> Int64 {
        if isExact { return 1 + roundedUp }
        // The time of a file with pictures is that of the longest stream.
        return file.streamCount > 1 ? .max / 2 : Int64(lastCount) + Int64(Self.leastGap * Double(rate))
    }
}
