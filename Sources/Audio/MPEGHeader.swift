/// The four bytes at the start of a frame of MPEG-1, MPEG-2 or MPEG-2.5 audio (ISO/IEC 11172-3 and 13818-3).
struct MPEGHeader {
    enum Version { case one, two, twoAndAHalf }

    let version: Version
    /// 1 to 3.
    let layer: Int
    /// The sample rate, in Hz.
    let rate: Int
    let channels: Int
    /// The length of the frame in bytes, including the header; in the free format, where the header does not give it,
    /// only the padding.
    let length: Int
    let isFree: Bool

    init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count >= 4, bytes[0] == 0xFF, bytes[1] & 0xE0 == 0xE0 else { return nil }
        switch bytes[1] >> 3 & 3 {
        case 0: version = .twoAndAHalf
        case 2: version = .two
        case 3: version = .one
        default: return nil
        }
        layer = 4 - Int(bytes[1] >> 1 & 3)
        let bitrate = Int(bytes[2] >> 4)
        let rates = [44_100, 48_000, 32_000]
        let rateCode = Int(bytes[2] >> 2 & 3)
        guard layer <= 3, bitrate < 15, rateCode < 3 else { return nil }
        rate = rates[rateCode] >> (version == .one ? 0 : version == .two ? 1 : 2)
        channels = bytes[3] >> 6 == 3 ? 1 : 2
        let padding = Int(bytes[2] >> 1 & 1) * (layer == 1 ? 4 : 1)
        isFree = bitrate == 0
        if isFree {
            length = padding
        } else if layer == 1 {
            length = 12000 * Self.kilobits(version, layer)[bitrate] / rate * 4 + padding
        } else {
            let isHalf = layer == 3 && version != .one
            length = (isHalf ? 72_000 : 144_000) * Self.kilobits(version, layer)[bitrate] / rate + padding
        }
    }

    /// The number of sample frames in the frame.
    var frames: Int { layer == 1 ? 384 : layer == 3 && version != .one ? 576 : 1152 }

    /// Returns whether a frame with this header may follow one with the other within a stream.
    func continues(_ other: MPEGHeader) -> Bool {
        version == other.version && layer == other.layer && rate == other.rate && isFree == other.isFree
    }

    /// The size in bytes of layer III's side information, which is zero in an Info frame.
    var sideBytes: Int { version == .one ? channels == 2 ? 32 : 17 : channels == 2 ? 17 : 9 }

    private static func kilobits(_ version: Version, _ layer: Int) -> [Int] {
        switch (version == .one, layer) {
        case (true, 1): [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448]
        case (true, 2): [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384]
        case (true, _): [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320]
        case (false, 1): [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256]
        case (false, _): [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160]
        }
    }
}

/// The number of frames that many encoders store in a first frame without sound: Xing, Info or VBRI.
struct MPEGInfo {
    /// The number of frames after this one.
    var frames: Int?
    /// The length of the stream in bytes, including this frame.
    var bytes: Int?
    /// The encoder's delay and padding in sample frames, if the encoder recorded them.
    var delay: Int?
    var padding: Int?

    /// - Parameter frame: the bytes of the whole frame.
    /// - Returns: nil if the frame contains sound.
    init?(_ frame: UnsafeRawBufferPointer, _ header: MPEGHeader) {
        func number(_ place: Int, _ count: Int = 4) -> Int? {
            guard place + count <= frame.count else { return nil }
            return (0..<count).reduce(0) { $0 << 8 | Int(frame[place + $1]) }
        }
        guard header.layer == 3, frame.count >= 4 else { return nil }
        if number(36) == 0x5642_5249 {  // "VBRI"
            bytes = number(46)
            frames = number(50)
            return
        }
        let isProtected = frame[1] & 1 == 0
        let start = 4 + header.sideBytes + (isProtected ? 2 : 0)
        guard let mark = number(start), mark == 0x5869_6E67 || mark == 0x496E_666F,  // "Xing", "Info"
            frame[(isProtected ? 6 : 4)..<start].allSatisfy({ $0 == 0 }), let flags = number(start + 4)
        else { return nil }
        var place = start + 8
        if flags & 1 != 0 {
            frames = number(place)
            place += 4
        }
        if flags & 2 != 0 {
            bytes = number(place)
            place += 4
        }
        if flags & 4 != 0 { place += 100 }
        if flags & 8 != 0 { place += 4 }
        // The encoder's name; from byte 21 on, two numbers of 12 bits.
        if let name = number(place, 1), name != 0, let pair = number(place + 21, 3), frames ?? 0 > 0 {
            delay = pair >> 12
            padding = pair & 0xFFF
        }
    }
}
