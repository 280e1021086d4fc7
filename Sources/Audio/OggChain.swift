/// A chained Ogg file: its links are decoded one after the other, each as a separate file.
///
/// libsndfile reads only the first link of a file, so every link is passed to it as if it were a file.
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

    /// - Throws: `Sndfile.Refusal` if the first link cannot be read.
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

    /// Opens the next link; returns false if it cannot continue the stream.
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
            missing = missing ?? "\(place) cannot be read: \(error.reason)"
            return false
        }
        heardBefore = heard
        next += 1
        return true
    }
}

extension OggPages.Link {
    /// Describes what is missing according to the granule positions of the pages; nil if nothing is or they do not show
    /// it.
    ///
    /// A link may begin at any position, so the first page's position alone shows nothing; but everything between the
    /// positions of the first and the last page must have been decoded.
    func shortfall(_ heard: Int64, _ rate: Int) -> String? {
        guard let audio, audio.rate > 0, let first = audio.firstGranule, let last = audio.lastGranule else {
            return nil
        }
        // If the granules are at another rate, one frame is allowed for rounding.
        let least = Int64(Double(last - first) * Double(rate) / Double(audio.rate)) - (audio.rate == rate ? 0 : 1)
        return heard < least ? "ends at frame \(heard), its pages hold at least \(least)" : nil
    }
}
