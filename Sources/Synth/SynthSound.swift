/// The classes of the synthetic corpus, with names and identifiers as in FSD50K.
package enum SynthSound: String, CaseIterable, Sendable {
    case bark = "Bark"
    case buzz = "Buzz"
    case chirp = "Chirp_and_tweet"
    case churchBell = "Church_bell"
    case crackle = "Crackle"
    case engine = "Engine"
    case knock = "Knock"
    case rain = "Rain"
    case siren = "Siren"
    case telephone = "Telephone"
    case tickTock = "Tick-tock"
    case waves = "Waves_and_surf"

    /// The identifier in the AudioSet ontology.
    package var mid: String {
        switch self {
        case .bark: "/m/05tny_"
        case .buzz: "/m/07pjwq1"
        case .chirp: "/m/07pggtn"
        case .churchBell: "/m/03w41f"
        case .crackle: "/m/07pzfmf"
        case .engine: "/m/02mk9"
        case .knock: "/m/07r4wb8"
        case .rain: "/m/06mb1"
        case .siren: "/m/03kmc9"
        case .telephone: "/m/07cx4"
        case .tickTock: "/m/07qjznl"
        case .waves: "/m/034srq"
        }
    }

    /// Fills a whole track with the sound, normalised to a peak of 1; pitch, pace and timbre are random.
    func fill(_ track: inout SynthTrack) {
        switch self {
        case .bark: Self.bark(&track)
        case .buzz: Self.buzz(&track)
        case .chirp: Self.chirp(&track)
        case .churchBell: Self.churchBell(&track)
        case .crackle: Self.crackle(&track)
        case .engine: Self.engine(&track)
        case .knock: Self.knock(&track)
        case .rain: Self.rain(&track)
        case .siren: Self.siren(&track)
        case .telephone: Self.telephone(&track)
        case .tickTock: Self.tickTock(&track)
        case .waves: Self.waves(&track)
        }
        track.normalise()
    }
}
