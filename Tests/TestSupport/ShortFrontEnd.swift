import Features

extension FrontEnd {
    /// A front-end of no network here: 8 kHz, chunks of 0.4 s, of which the first 16 of 18 frames are used.
    package static let short = {
        var made = FrontEnd.standard
        made.rate = 8000
        made.bands = 20
        made.high = 3500
        made.chunk = 3200
        made.patchFrames = 16
        return made
    }()
}
