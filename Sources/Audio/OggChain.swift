/// A chained Ogg file: each link is decoded as a file of its own, one after the other.
///
/// libsndfile reads the first link only, so each gets its bytes as if they were a file.
final class OggChain: Decoder {
    let rate: Int
    let mostChannels: Int
    let declaredFrames: Int64?
    private(set) var damage: Damage?
    private(set) var fault: String?
    private let bytes: FileBytes
    private let links: [OggPages.Link]
    private var current: SndfileDecoder
    private var next = 1
    private var heard: Int64 = 0
    private var heardBefore: Int64 = 0
    private var missing: String?

    /// - Throws: `Sndfile.Refusal` where the first link is not read.
    init(_ bytes: FileBytes, _ pages: OggPages, damage: Damage?) throws(Sndfile.Refusal) {
        self.bytes = bytes
        links = pages.links
        current = SndfileDecoder(try Sndfile(reading: FilePart(bytes, links[0].range)))
        rate = current.rate
        mostChannels = max(current.channels, links.reduce(1) { max($0, min($1.audio?.channels ?? 1, 255)) })
        self.damage = damage
        declaredFrames = Int64(links.reduce(0) { $0 + $1.seconds } * Double(rate))
    }

    var channels: Int { current.channels }

    func read(into buffer: UnsafeMutablePointer<Float>, frames: Int) -> Int {
        fault = nil
        while true {
            let count = current.read(into: buffer, frames: frames)
            if let found = current.fault { fault = "in link \(next): \(found)" }
            heard += Int64(count)
            if count > 0 || fault != nil { return count }
            let own = heard - heardBefore
            if missing == nil, let found = current.shortfall(heard: own) ?? links[next - 1].shortfall(own, rate) {
                missing = "link \(next) of \(links.count) \(found)"
            }
            guard next < links.count, advance() else { return 0 }
        }
    }

    func shortfall(heard: Int64) -> String? { missing }

    /// Opens the next link; false where it cannot follow.
    private func advance() -> Bool {
        let link = links[next]
        let place =
            "link \(next + 1) of \(links.count), at byte \(link.range.lowerBound) and \(Damage.length(heard, rate)),"
        do throws(Sndfile.Refusal) {
            let file = try Sndfile(reading: FilePart(bytes, link.range))
            guard file.rate == rate else {
                missing = missing ?? "\(place) has \(file.rate) Hz, expected \(rate) Hz"
                return false
            }
            guard file.channels <= mostChannels else {
                missing = missing ?? "\(place) has \(file.channels) channels, expected \(mostChannels) at most"
                return false
            }
            current = SndfileDecoder(file)
        } catch {
            missing = missing ?? "\(place) is not read: \(error.reason)"
            return false
        }
        heardBefore = heard
        next += 1
        return true
    }
}

extension OggPages.Link {
    /// What is missing by the granule positions of its pages; nil: nothing, or they do not tell.
    ///
    /// A link may begin anywhere, so that the first page's position is no clue to where; what lies between the
    /// first page's and the last page's must have been heard.
    func shortfall(_ heard: Int64, _ rate: Int) -> String? {
        guard let audio, audio.rate > 0, let first = audio.firstGranule, let last = audio.lastGranule else {
            return nil
        }
        // A frame is left for rounding where the granules are at another rate.
        let least = Int64(Double(last - first) * Double(rate) / Double(audio.rate)) - (audio.rate == rate ? 0 : 1)
        return heard < least ? "ends at frame \(heard), its pages hold at least \(least)" : nil
    }
}
