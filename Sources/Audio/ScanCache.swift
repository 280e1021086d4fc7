import Files

/// What walking through whole recordings found, so that a recording is walked through once for all its parts.
///
/// The checks of a FLAC, MPEG or Ogg file read all of its bytes; for a part of ten seconds of a recording of ten hours
/// that takes far longer than decoding the part.
package final class ScanCache: Sendable {
    /// The recordings asked for last whose results are kept, each of them up to 150 KB.
    private static let limit = 256

    fileprivate let flac = PerFileCache<FLACSummary?>(limit: limit)
    fileprivate let mpeg = PerFileCache<MPEGSummary>(limit: limit)
    fileprivate let ogg = PerFileCache<OggPages>(limit: limit)

    package init() {}
}

extension FileBytes {
    /// The frames of a FLAC stream; nil if the stream is none.
    ///
    /// - Parameter start: the place of the letters "fLaC".
    func flac(_ start: Int) -> FLACSummary? { kept(scans?.flac) { FLACSummary(self, start) } }

    /// The frames of an MPEG stream.
    func mpeg(_ range: Range<Int>) -> MPEGSummary { kept(scans?.mpeg) { MPEGSummary(self, range) } }

    /// The pages of an Ogg file.
    func ogg() -> OggPages { kept(scans?.ogg) { OggPages(self) } }

    private func kept<Scan>(_ cache: PerFileCache<Scan>?, _ scan: () -> Scan) -> Scan {
        guard let cache, let identity else { return scan() }
        return cache.value(of: path, identity, isCurrent: { fault == nil && self.identity == identity }, make: scan)
    }
}
