/// What the boxes of an ISO base media file (MP4, M4A, MOV, 3GP) say of its length and of its tracks' first and last
/// samples.
///
/// FFmpeg applies a track's edit list in units of the movie, which are often milliseconds; here the sample is found.
struct ISOMedia {
    /// A track's times, in units of which `timescale` make a second.
    struct Track {
        var id = 0
        var timescale = 0
        /// The length of the media, with the encoder's delay and padding.
        var length = 0
        /// The parts of the media that are played; a start of nil is a pause.
        var edits: [(length: Int, start: Int?)] = []
        /// The number of packets whose sizes the index lists.
        var packets = 0
        /// By how much the table of times is longer than packets of one length, where it only rounds up: a unit at most for
        /// each packet, and less than a packet.
        var roundedUp = 0
        /// Whether it holds sound or pictures.
        var isPlayed = false
        /// Whether its media are sound.
        var isSound = false
    }

    /// The maximum number of boxes to look at.
    private static let mostBoxes = 10_000
    /// The maximum number of entries of a table of times, and of an edit list.
    private static let mostTimes = 1 << 20
    private static let mostEdits = 100
    /// The limit of a track's length, so that sums of lengths cannot overflow.
    private static let longest = 1 << 56

    /// What is missing at the end; nil if nothing is.
    private(set) var damage: Damage?
    private(set) var tracks: [Track] = []
    /// Whether the samples are in fragments, each with times of its own.
    private(set) var isFragmented = false
    private var movieTimescale = 0
    private var boxes = 0

    /// Reads the boxes; nil if the file is not one of these.
    init?(_ bytes: FileBytes) {
        guard ["ftyp", "moov", "mdat", "wide", "free", "skip", "pnot"].contains(where: { bytes.has($0, at: 4) }) else {
            return nil
        }
        var hasMovie = false
        var place = 0
        while place < bytes.size, let box = box(bytes, place, bytes.size) {
            if box.end > bytes.size {
                damage = Damage(
                    reason:
                        "cut short: the box at byte \(place) should go on to byte \(box.end), the file ends at byte \(bytes.size)",
                    frames: nil)
            }
            if bytes.has("moov", at: place + 4) {
                hasMovie = true
                read(bytes, box.start..<min(box.end, bytes.size))
            }
            place = box.end
        }
        if !hasMovie, damage == nil {
            damage = Damage(
                reason: "cut short: it has no index (no box 'moov') up to its end at byte \(bytes.size)", frames: nil)
        }
    }

    /// Returns where a box's contents start and where it ends; nil if there is no box.
    private mutating func box(_ bytes: FileBytes, _ place: Int, _ limit: Int) -> (start: Int, end: Int)? {
        boxes += 1
        guard boxes <= Self.mostBoxes, place + 8 <= limit, var length = bytes.number(place, 4, bigEndian: true) else {
            return nil
        }
        var start = place + 8
        if length == 1 {
            guard let wide = bytes.number(place + 8, 8, bigEndian: true) else { return nil }
            length = wide
            start += 8
        } else if length == 0 {
            // To the end of the file.
            length = limit - place
        }
        guard length >= start - place else { return nil }
        return (start, place + length)
    }

    /// Reads the boxes that are known in a range.
    private mutating func read(_ bytes: FileBytes, _ range: Range<Int>) {
        var place = range.lowerBound
        while place < range.upperBound, let box = box(bytes, place, range.upperBound) {
            let contents = box.start..<max(box.start, min(box.end, range.upperBound))
            switch String(decoding: bytes.view(place + 4, 4).prefix(4), as: UTF8.self) {
            case "trak":
                tracks.append(Track())
                read(bytes, contents)
            case "mdia", "minf", "stbl", "edts": read(bytes, contents)
            case "mvex": isFragmented = true
            case "hdlr":
                let isSound = bytes.has("soun", at: contents.lowerBound + 8)
                let isPicture = bytes.has("vide", at: contents.lowerBound + 8)
                edit {
                    $0.isSound = $0.isSound || isSound
                    $0.isPlayed = $0.isPlayed || isSound || isPicture
                }
            case "mvhd": movieTimescale = bytes.number(Self.at(bytes, contents, 12, 20), 4, bigEndian: true) ?? 0
            case "tkhd": edit { $0.id = bytes.number(Self.at(bytes, contents, 12, 20), 4, bigEndian: true) ?? 0 }
            case "mdhd": edit { $0.timescale = bytes.number(Self.at(bytes, contents, 12, 20), 4, bigEndian: true) ?? 0 }
            // Old films have one size for all, and count samples instead of packets.
            case "stsz" where bytes.number(contents.lowerBound + 4, 4) == 0:
                edit { $0.packets = bytes.number(contents.lowerBound + 8, 4, bigEndian: true) ?? 0 }
            case "stts": readTimes(bytes, contents)
            case "elst": readEdits(bytes, contents)
            default: break
            }
            place = box.end
        }
    }

    /// The place of a field that is further back where a box has 64-bit times.
    private static func at(_ bytes: FileBytes, _ box: Range<Int>, _ narrow: Int, _ wide: Int) -> Int {
        box.lowerBound + (bytes.number(box.lowerBound, 1) == 1 ? wide : narrow)
    }

    private mutating func edit(_ change: (inout Track) -> Void) {
        if !tracks.isEmpty { change(&tracks[tracks.count - 1]) }
    }

    /// Adds up the lengths of a track's packets.
    private mutating func readTimes(_ bytes: FileBytes, _ box: Range<Int>) {
        let entries = min(bytes.number(box.lowerBound + 4, 4, bigEndian: true) ?? 0, box.count / 8, Self.mostTimes)
        var sum = 0
        var counts: [Int: Int] = [:]
        for entry in 0..<max(0, entries) {
            let place = box.lowerBound + 8 + 8 * entry
            guard let count = bytes.number(place, 4, bigEndian: true),
                let length = bytes.number(place + 4, 4, bigEndian: true)
            else { break }
            let (product, overflow) = count.multipliedReportingOverflow(by: length)
            sum = min(sum + (overflow ? Self.longest : min(product, Self.longest)), Self.longest)
            // A count has 32 bits, and there are too few entries for the sum to overflow.
            counts[length, default: 0] += count
        }
        // The smaller length of those that are equally frequent, so that the result does not depend on their order.
        let usual = counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? 0
        let roundedUp = min(counts[usual + 1] ?? 0, max(0, usual - 1))
        edit {
            $0.length = sum
            $0.roundedUp = roundedUp
        }
    }

    private mutating func readEdits(_ bytes: FileBytes, _ box: Range<Int>) {
        let isWide = bytes.number(box.lowerBound, 1) == 1
        let size = isWide ? 20 : 12
        let entries = min(bytes.number(box.lowerBound + 4, 4, bigEndian: true) ?? 0, box.count / size, Self.mostEdits)
        for entry in 0..<max(0, entries) {
            let place = box.lowerBound + 8 + size * entry
            let width = isWide ? 8 : 4
            guard let length = bytes.number(place, width, bigEndian: true),
                let start = bytes.number(place + width, width, bigEndian: true)
            else { break }
            // -1, which `number` limits where it has eight bytes.
            let isPause = start == (isWide ? Int.max / 4 : 0xFFFF_FFFF)
            edit { $0.edits.append((length, isPause ? nil : start)) }
        }
    }

    /// Whether each track plays one part of its media, so that its first and last samples can be told.
    var isSimple: Bool {
        !isFragmented && !tracks.isEmpty && tracks.allSatisfy { $0.edits.filter { $0.start != nil }.count <= 1 }
    }

    /// Whether a track's edit list says that its sound begins after the first sample.
    var hasStart: Bool { tracks.contains { $0.edits.contains { $0.start ?? 0 > 0 } } }

    /// For how many seconds a track's sound begins after the first sound or picture of the file, by the edit lists.
    ///
    /// What all tracks wait for does not count: the pieces into which a recorder divides what it records wait for as long as
    /// the pieces before them are.
    func pause(ofTrack id: Int) -> Double {
        guard movieTimescale > 0, let track = tracks.first(where: { $0.id == id }), let before = Self.pause(track)
        else {
            return 0
        }
        let first = tracks.filter { $0.isPlayed && $0.length > 0 }.compactMap(Self.pause).min() ?? before
        return max(0, before - first) / Double(movieTimescale)
    }

    /// For how long a track pauses before its first sample, in units of the movie; nil if it does nothing else.
    private static func pause(_ track: Track) -> Double? {
        let before = track.edits.prefix { $0.start == nil }.reduce(0.0) { $0 + Double($1.length) }
        guard before > 0 else { return 0 }
        return before < Double(longest) && track.edits.contains { $0.start != nil } ? before : nil
    }

    /// By how many samples the length of a track may be too long because times are rounded up.
    func roundedUp(ofTrack id: Int, rate: Int) -> Int64 {
        guard let track = tracks.first(where: { $0.id == id }), track.timescale > 0 else { return 0 }
        return Int64((Double(track.roundedUp) * Double(rate) / Double(track.timescale)).rounded(.up))
    }

    /// A track whose index lists more packets than the file has bytes; nil if there is none.
    func overfullTrack(size: Int) -> Track? { tracks.first { $0.packets > size } }

    /// Describes how a track's number of packets contradicts its times; nil if it does not.
    ///
    /// - Parameters:
    ///   - id: the track's number.
    ///   - frames: the sample frames of each packet.
    ///   - rate: the sample rate, in Hz.
    func contradiction(ofTrack id: Int, packetsOf frames: Int, rate: Int) -> Damage? {
        guard isSimple, let track = tracks.first(where: { $0.id == id }), track.timescale > 0, track.packets > 2,
            frames > 0, rate > 0
        else { return nil }
        let packet = Double(frames) / Double(rate)
        let packets = Double(track.packets) * packet
        let times = Double(track.length) / Double(track.timescale)
        // The last packet may be short, and clocks may round.
        guard abs(packets - times) > 2 * packet + 0.005 * packets else { return nil }
        func text(_ seconds: Double) -> String { "\((seconds * 100).rounded() / 100) s" }
        return Damage(
            reason:
                "its index contradicts itself: \(track.packets) packets of \(frames) samples are \(text(packets)), "
                + "its times are \(text(times))", frames: nil)
    }

    /// Returns the samples of a track that are sound; nil if it is not known.
    ///
    /// - Parameters:
    ///   - id: the track's number.
    ///   - rate: the sample rate, in Hz.
    ///   - iTunes: the text of iTunes about delay and length, which counts where the edit list says nothing finer.
    func sound(ofTrack id: Int, rate: Int, iTunes: String?) -> Range<Int64>? {
        guard isSimple, let track = tracks.first(where: { $0.id == id }), track.timescale > 0, track.length > 0 else {
            return nil
        }
        var (start, end) = (0, track.length)
        if let edit = track.edits.first(where: { $0.start != nil }), let first = edit.start {
            guard first < end else { return nil }
            start = first
            if edit.length > 0, movieTimescale > 0 {
                let wanted = Double(edit.length) * Double(track.timescale) / Double(movieTimescale)
                // Up to one unit of the movie may be due to rounding, and the media's own length is then the exact one.
                let unit = max(1, Double(track.timescale) / Double(movieTimescale))
                if Double(end - start) - wanted > unit { end = start + Int(wanted.rounded()) }
            }
        }
        if track.timescale == rate, let iTunes, let found = Self.gapless(iTunes), found.upperBound <= track.length,
            start == 0 || start == found.lowerBound
        {
            (start, end) = (found.lowerBound, min(end, found.upperBound))
        }
        let scale = Double(rate) / Double(track.timescale)
        guard Double(end) * scale < 0x1p60 else { return nil }
        return Int64(Double(start) * scale)..<Int64((Double(end) * scale).rounded())
    }

    /// The length of the longest track of sound, in seconds; nil if there is none, or each fragment has a length of its own.
    var soundSeconds: Double? {
        guard !isFragmented else { return nil }
        return tracks.filter { $0.isSound && $0.timescale > 0 && $0.length > 0 }.map { track in
            let heard = sound(ofTrack: track.id, rate: track.timescale, iTunes: nil)
            return Double(heard?.count ?? track.length) / Double(track.timescale)
        }.max()
    }

    /// Reads iTunes's text: hexadecimal numbers, the second the delay, the third the padding, the fourth the length.
    private static func gapless(_ text: String) -> Range<Int>? {
        let numbers = text.split(separator: " ").map { Int($0, radix: 16) }
        guard numbers.count >= 4, let delay = numbers[1], let length = numbers[3], delay >= 0, delay < 1 << 16,
            length > 0,
            length < 1 << 48
        else { return nil }
        return delay..<delay + length
    }
}
