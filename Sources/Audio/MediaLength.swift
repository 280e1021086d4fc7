/// What the header of a container says of the file's own length and of encryption, where FFmpeg does not tell.
///
/// FFmpeg reads a file that was cut off to where it ends, and takes that for its end.
enum MediaLength {
    /// The maximum number of objects of a header to look at.
    private static let mostObjects = 1000

    /// What is missing at the end of a Matroska, ASF, AVI or RealMedia file; nil if nothing is, or the file is another or
    /// does not state its length.
    static func damage(_ bytes: FileBytes) -> Damage? {
        guard let end = matroskaEnd(bytes) ?? asfEnd(bytes) ?? aviEnd(bytes), end > bytes.size else { return nil }
        return Damage(
            reason: "cut short: its header says that it goes on to byte \(end), the file ends at byte \(bytes.size)",
            frames: nil)
    }

    /// Where the segment of a Matroska or WebM file ends; nil if its length is not known, as in a live recording.
    private static func matroskaEnd(_ bytes: FileBytes) -> Int? {
        guard bytes.number(0, 4, bigEndian: true) == 0x1A45_DFA3, let head = elementSize(bytes, 4) else { return nil }
        let segment = 4 + head.width + head.value
        guard bytes.number(segment, 4, bigEndian: true) == 0x1853_8067, let size = elementSize(bytes, segment + 4),
            !size.isUnknown
        else { return nil }
        return segment + 4 + size.width + size.value
    }

    /// Reads a size of EBML: as many zero bits before the first one as there are bytes behind the first.
    private static func elementSize(_ bytes: FileBytes, _ place: Int) -> (width: Int, value: Int, isUnknown: Bool)? {
        guard let first = bytes.number(place, 1), first > 0 else { return nil }
        let width = UInt8(first).leadingZeroBitCount + 1
        guard let rest = width > 1 ? bytes.number(place + 1, width - 1, bigEndian: true) : 0 else { return nil }
        let most = 1 << (7 * width) - 1
        let value = min((first & (0xFF >> width)) << (8 * (width - 1)) | rest, Int.max / 4)
        return (width, value, value == most)
    }

    /// The objects of an ASF file's header: what each begins with, and where.
    private static func asfObjects(_ bytes: FileBytes) -> [(id: Int, at: Int)] {
        guard bytes.number(0, 4, bigEndian: true) == 0x3026_B275, let size = bytes.number(16, 8) else { return [] }
        var found: [(id: Int, at: Int)] = []
        var place = 30
        while place + 24 <= min(size, bytes.size), found.count < mostObjects {
            guard let id = bytes.number(place, 4, bigEndian: true), let length = bytes.number(place + 16, 8),
                length >= 24
            else { break }
            found.append((id, place))
            place += length
        }
        return found
    }

    /// Where an ASF file (WMA, WMV) ends by its file properties; nil if it was written as a broadcast, without a length.
    private static func asfEnd(_ bytes: FileBytes) -> Int? {
        guard let properties = asfObjects(bytes).first(where: { $0.id == 0xA1DC_AB8C })?.at,
            let size = bytes.number(properties + 40, 8), let flags = bytes.number(properties + 88, 4), flags & 1 == 0
        else { return nil }
        // Programs that edit tags leave the old size, so packets are counted instead.
        guard let packets = bytes.number(properties + 56, 8), let least = bytes.number(properties + 92, 4),
            let header = bytes.number(16, 8), packets > 0, least > 0, least == bytes.number(properties + 96, 4)
        else { return size }
        let (data, overflow) = packets.multipliedReportingOverflow(by: least)
        return overflow ? nil : header + 50 + min(data, Int.max / 4)
    }

    /// Whether an ASF file's header has an object of encryption.
    static func isEncryptedASF(_ bytes: FileBytes) -> Bool {
        asfObjects(bytes).contains { [0xFBB3_1122, 0x14E6_8A29].contains($0.id) }
    }

    /// Where the chunk that is an AVI file ends; nil if its length was never filled in.
    private static func aviEnd(_ bytes: FileBytes) -> Int? {
        guard bytes.has("RIFF", at: 0), bytes.has("AVI ", at: 8), let length = bytes.number(4, 4), length > 4,
            length < 0x7FFF_0000
        else { return nil }
        return 8 + length
    }
}
