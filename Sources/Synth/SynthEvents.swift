import Glibc

/// Sounds that consist of separate events.
extension SynthSound {
    /// Short voiced bursts whose pitch rises and falls, filtered by two resonances of a throat.
    static func bark(_ track: inout SynthTrack) {
        let pitch = track.random.octave(280...750)
        let length = track.random.real(0.12...0.3)
        let pace = track.random.real(0.25...0.9)
        track.events(gap: { length + pace * $0.real(0.5...1.6) }) { track, time in
            let own = pitch * track.random.real(0.9...1.12)
            let breath = track.random.real(0.15...0.45)
            var phase = 0.0
            let step = 2 * Double.pi / track.rate
            track.burst(at: time, length: length, fade: 0.02) { since, random in
                let place = since / length
                phase += step * own * (0.75 + 0.5 * sin(Double.pi * min(1, place * 1.2)))
                let voice = tanh(2.5 * sin(phase) + 0.8 * sin(2 * phase + 0.5))
                return (voice + breath * Double(random.noise())) * exp(-3.5 * place)
            }
        }
        var low = Resonator(centre: pitch * 2.1, width: 300, rate: track.rate)
        var high = Resonator(centre: track.random.real(1500...2600), width: 700, rate: track.rate)
        track.each { _, value, _ in 0.25 * value + 2 * low(value) + 1.4 * high(value) }
    }

    /// Series of quick sweeps at a bird's pitch.
    static func chirp(_ track: inout SynthTrack) {
        let pitch = track.random.octave(2400...5600)
        let depth = track.random.real(0.12...0.4) * (track.random.chance(0.5) ? 1 : -1)
        let length = track.random.real(0.035...0.12)
        let wobble = track.random.real(0...0.06)
        let rest = track.random.real(0.3...1.1)
        track.events(gap: { rest * $0.real(0.6...1.5) + length * 6 }) { track, time in
            let own = pitch * track.random.real(0.92...1.08)
            for place in 0..<track.random.whole(2...7) {
                var phase = 0.0
                let step = 2 * Double.pi / track.rate
                track.burst(at: time + Double(place) * length * 1.35, length: length, fade: length / 3) { since, _ in
                    let bend = depth * (since / length - 0.5) + wobble * sin(since * 260)
                    phase += step * own * (1 + bend)
                    return sin(phase) + 0.12 * sin(2 * phase)
                }
            }
        }
    }

    /// Strokes of a bell, with partials in a church bell's ratios (hum, prime, tierce, quint, nominal and above).
    static func churchBell(_ track: inout SynthTrack) {
        let prime = track.random.octave(200...620)
        let pace = track.random.real(0.9...2.4)
        let partials = [(0.5, 1.0, 5.0), (1, 0.9, 3.5), (1.19, 0.8, 2.8), (1.5, 0.35, 2), (2, 1, 2), (2.51, 0.4, 1.2)]
        let upper = [(2.66, 0.4, 1.0), (3.01, 0.5, 0.9), (4.1, 0.35, 0.6), (5.4, 0.2, 0.35), (6.8, 0.12, 0.2)]
        let detune = track.random.real(0.99...1.01)
        track.events(gap: { pace * $0.real(0.95...1.05) }) { track, time in
            let force = track.random.real(0.6...1)
            for (ratio, level, decay) in partials + upper {
                track.ring(
                    at: time, frequency: prime * ratio * (ratio == 2 ? detune : 1), decay: decay, level: force * level,
                    attack: 0.002)
            }
        }
    }

    /// Sparse snaps of widely varying strength over a faint low roar.
    static func crackle(_ track: inout SynthTrack) {
        let density = track.random.octave(10...45)
        var roar = OnePole(corner: track.random.real(120...300), rate: track.rate)
        let loudness = Float(track.random.real(0.05...0.25))
        track.each { _, _, random in loudness * roar(random.noise()) }
        track.events(gap: { -log(max(1e-9, $0.real(0...1))) / density }) { track, time in
            let level = pow(track.random.real(0...1), 4) * 0.95 + 0.05
            let pitch = track.random.octave(900...7500)
            let decay = track.random.real(0.002...0.012)
            track.burst(at: time, length: 0.0015, fade: 0.0002) { _, random in 0.6 * level * Double(random.noise()) }
            track.ring(at: time, frequency: pitch, decay: decay, level: level)
        }
    }

    /// Groups of knocks on a wooden door.
    static func knock(_ track: inout SynthTrack) {
        let wood = track.random.octave(110...320)
        let pace = track.random.real(0.12...0.3)
        let group = track.random.whole(2...5)
        let modes = [1, 1.62, 2.4, 3.7, 5.2].map { ($0 * track.random.real(0.94...1.06), track.random.real(0.3...1)) }
        track.events(gap: { pace * Double(group) + $0.real(0.4...1.2) }) { track, time in
            for place in 0..<group {
                let at = time + Double(place) * pace * track.random.real(0.93...1.07)
                let force = track.random.real(0.6...1)
                for (place, mode) in modes.enumerated() {
                    let decay = 0.11 / (1 + 0.6 * Double(place))
                    track.ring(at: at, frequency: wood * mode.0, decay: decay, level: force * mode.1, attack: 0.001)
                }
                track.burst(at: at, length: 0.004, fade: 0.001) { _, random in 0.5 * force * Double(random.noise()) }
            }
        }
    }

    /// A bell struck about twenty times a second, or a two-tone warble, on and off.
    static func telephone(_ track: inout SynthTrack) {
        let struck = track.random.chance(0.5)
        let low = struck ? track.random.octave(950...1500) : track.random.octave(420...800)
        let high = low * (struck ? track.random.real(1.22...1.36) : track.random.real(1.09...1.3))
        let rhythm = track.random.real(16...25)
        let (on, off) = (track.random.real(0.5...1.8), track.random.real(0.25...1.2))
        track.events(gap: { _ in on + off }) { track, time in
            if struck {
                for place in 0..<Int(on * rhythm) {
                    let at = time + Double(place) / rhythm
                    for (ratio, level) in [(1.0, 1.0), (2.7, 0.5), (5.2, 0.3)] {
                        let tone = place % 2 == 0 ? low : high
                        track.ring(at: at, frequency: tone * ratio, decay: 0.35, level: level * 0.5, attack: 0.0005)
                    }
                }
            } else {
                track.burst(at: time, length: on, fade: 0.01) { since, _ in
                    let tone = sin(since * rhythm * Double.pi * 2) > 0 ? low : high
                    return tanh(1.5 * sin(2 * Double.pi * tone * since))
                }
            }
        }
    }

    /// Two alternating clicks at a steady pace.
    static func tickTock(_ track: inout SynthTrack) {
        let pitch = track.random.octave(1800...4600)
        let tock = track.random.real(0.68...0.9)
        let pace = track.random.real(0.22...0.55)
        let ratios = (0..<3).map { 1 + Double($0) * track.random.real(0.4...0.7) }
        var count = 0
        track.events(gap: { _ in pace }) { track, time in
            let own = pitch * (count % 2 == 0 ? 1 : tock)
            for (place, ratio) in ratios.enumerated() {
                let level = 1 / Double(place + 1)
                track.ring(at: time, frequency: own * ratio, decay: 0.035, level: level)
                track.ring(at: time + 0.012, frequency: own * ratio * 1.1, decay: 0.02, level: 0.35 * level)
            }
            count += 1
        }
    }
}
