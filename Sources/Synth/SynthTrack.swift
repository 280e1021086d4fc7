import Glibc

/// One sound while it is being generated: mono samples at a rate, and the few shapes that all sounds are built from.
struct SynthTrack {
    let rate: Double
    var samples: [Float]
    var random: SynthRandom

    init(seconds: Double, rate: Int, random: SynthRandom) {
        self.rate = Double(rate)
        self.random = random
        samples = [Float](repeating: 0, count: max(1, Int(seconds * Double(rate))))
    }

    var seconds: Double { Double(samples.count) / rate }

    /// Calls `body` with the times of events, from near the start to the end, `gap` seconds apart.
    mutating func events(gap: (inout SynthRandom) -> Double, _ body: (inout SynthTrack, Double) -> Void) {
        var time = random.real(0...min(0.05, seconds / 8))
        while time < seconds {
            body(&self, time)
            time += max(0.002, gap(&random))
        }
    }

    /// Adds a decaying sine that starts at `time`; `decay` is the time in seconds in which it falls by 60 dB.
    mutating func ring(at time: Double, frequency: Double, decay: Double, level: Double, attack: Double = 0) {
        guard frequency < rate * 0.48 else { return }
        let start = Int(time * rate)
        let length = min(samples.count - start, Int(decay * rate))
        if length <= 0 { return }
        let radius = exp(-6.9 / (decay * rate))
        let angle = 2 * Double.pi * frequency / rate
        let (first, second) = (2 * radius * cos(angle), -radius * radius)
        var (last, before) = (0.0, -level * sin(angle) / radius)
        let rise = max(1, attack * rate)
        for index in 0..<length {
            samples[start + index] += Float(last * min(1, Double(index) / rise))
            (last, before) = (first * last + second * before, last)
        }
    }

    /// Adds `wave(seconds since time, random)` for `length` seconds, faded over `fade` seconds at both ends.
    mutating func burst(
        at time: Double, length: Double, fade: Double, _ wave: (Double, inout SynthRandom) -> Double
    ) {
        let start = Int(time * rate)
        let count = Int(length * rate)
        for index in 0..<max(0, min(count, samples.count - start)) {
            let own = Double(index) / rate
            let shape = min(1, min(own, Double(count - index) / rate) / fade)
            samples[start + index] += Float(shape * wave(own, &random))
        }
    }

    /// Replaces every sample with `body(seconds, sample, random)`.
    mutating func each(_ body: (Double, Float, inout SynthRandom) -> Float) {
        for index in samples.indices { samples[index] = body(Double(index) / rate, samples[index], &random) }
    }

    /// Scales the samples to a peak of 1.
    mutating func normalise() {
        let peak = samples.reduce(0) { max($0, abs($1)) }
        if peak > 0 { for index in samples.indices { samples[index] /= peak } }
    }
}
