import Glibc

/// Continuous sounds.
extension SynthSound {
    /// Wings: a rich tone that varies in pitch and loudness.
    static func buzz(_ track: inout SynthTrack) {
        let pitch = track.random.octave(140...320)
        let (wander, drift) = (track.random.real(0.02...0.07), track.random.real(0.8...3))
        let tremble = track.random.real(0.1...0.5)
        let start = track.random.real(0...6)
        let step = 2 * Double.pi / track.rate
        var phase = 0.0
        var body = Resonator(centre: pitch * track.random.real(5...9), width: pitch * 4, rate: track.rate)
        track.each { time, _, random in
            phase += step * pitch * (1 + wander * sin(drift * time * 2.1 + start) + 0.01 * sin(time * 41))
            if phase > 2 * Double.pi { phase -= 2 * Double.pi }
            let saw = Float(phase / Double.pi - 1) + 0.08 * random.noise()
            let loud = Float(1 - tremble * (0.5 + 0.5 * sin(drift * time + start * 2)))
            return loud * (0.4 * saw + 1.5 * body(saw))
        }
    }

    /// Firing strokes with jitter, low-pass filtered, over a rumble.
    static func engine(_ track: inout SynthTrack) {
        let speed = track.random.octave(22...80)
        let (rev, slow) = (track.random.real(0...0.35), track.random.real(0.3...1.4))
        let cylinders = track.random.whole(1...4)
        let uneven = (0..<cylinders).map { _ in track.random.real(0.6...1) }
        var time = 0.0
        var stroke = 0
        let start = track.random.real(0...6)
        while time < track.seconds {
            let pace = speed * (1 + rev * sin(slow * time * 2 + start))
            let force = uneven[stroke % cylinders] * track.random.real(0.85...1)
            track.ring(at: time, frequency: 70 + speed, decay: 0.05, level: force, attack: 0.001)
            track.ring(at: time, frequency: 210 + 2 * speed, decay: 0.02, level: 0.5 * force, attack: 0.0005)
            track.burst(at: time, length: 0.006, fade: 0.001) { _, random in 0.25 * force * Double(random.noise()) }
            time += track.random.real(0.97...1.03) / pace
            stroke += 1
        }
        var rumble = OnePole(corner: 90, rate: track.rate)
        var muffle = OnePole(corner: track.random.real(700...2500), rate: track.rate)
        track.each { _, value, random in muffle(value) + 1.2 * rumble(random.noise()) }
    }

    /// Steady bright noise with drops in quick succession.
    static func rain(_ track: inout SynthTrack) {
        let density = track.random.octave(60...260)
        let bright = track.random.real(500...1400)
        let hiss = Float(track.random.real(0.35...0.6))
        track.events(gap: { -log(max(1e-9, $0.real(0...1))) / density }) { track, time in
            let level = track.random.real(0.05...0.5)
            let pitch = track.random.octave(1800...8000)
            track.ring(at: time, frequency: pitch, decay: 0.006, level: level)
        }
        var below = OnePole(corner: bright, rate: track.rate)
        var top = OnePole(corner: track.random.real(7000...14000), rate: track.rate)
        track.each { _, value, random in
            let white = random.noise()
            return top(hiss * (white - below(white)) + value)
        }
    }

    /// A rich tone that sweeps up and down, or steps between two pitches.
    static func siren(_ track: inout SynthTrack) {
        let low = track.random.octave(380...700)
        let high = low * track.random.real(1.6...2.6)
        let period = track.random.octave(0.35...3.5)
        let shape = track.random.whole(0...2)
        let drive = track.random.real(1...4)
        let start = track.random.real(0...1)
        let step = 2 * Double.pi / track.rate
        var phase = 0.0
        var glide = OnePole(corner: 12, rate: track.rate)
        track.each { time, _, _ in
            let turn = time / period + start
            let place = turn - floor(turn)
            let wave =
                switch shape {
                case 0: 0.5 - 0.5 * cos(2 * Double.pi * place)
                case 1: 1 - abs(2 * place - 1)
                default: Double(glide(place < 0.5 ? 0 : 1))
                }
            phase += step * low * pow(high / low, wave)
            return Float(tanh(drive * sin(phase)))
        }
    }

    /// Noise that swells and breaks, brightest at the crest.
    static func waves(_ track: inout SynthTrack) {
        let period = track.random.real(3...8)
        let start = track.random.real(0...1)
        var deep = OnePole(corner: track.random.real(200...450), rate: track.rate)
        var mid = OnePole(corner: track.random.real(1200...2600), rate: track.rate)
        var last: Float = 0
        track.each { time, _, random in
            let turn = time / period + start + 0.1 * sin(time * 0.7)
            let place = turn - floor(turn)
            // A slow rise, a quick break, a long hiss.
            let swell = Float(place < 0.4 ? pow(place / 0.4, 2) : exp(-2.6 * (place - 0.4)))
            let white = random.noise()
            let body = 3 * deep(white)
            let foam = mid(white)
            last = (0.15 + 0.85 * swell) * body + swell * swell * 1.4 * foam
            return last
        }
    }
}
