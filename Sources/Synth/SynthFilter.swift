import Glibc

/// A one-pole low-pass filter that falls 6 dB per octave above its corner frequency.
struct OnePole {
    private let keep: Float
    private var state: Float = 0

    init(corner: Double, rate: Double) { keep = Float(exp(-2 * Double.pi * corner / rate)) }

    mutating func callAsFunction(_ input: Float) -> Float {
        state = input + keep * (state - input)
        return state
    }
}

/// A two-pole resonance with approximately unit gain at its centre.
struct Resonator {
    private let (gain, first, second): (Float, Float, Float)
    private var (last, before): (Float, Float) = (0, 0)

    /// `width` is the band's width in Hz.
    init(centre: Double, width: Double, rate: Double) {
        let radius = exp(-Double.pi * width / rate)
        let angle = 2 * Double.pi * min(centre, rate * 0.48) / rate
        first = Float(2 * radius * cos(angle))
        second = Float(-radius * radius)
        gain = Float((1 - radius) * (1 - 2 * radius * cos(2 * angle) + radius * radius).squareRoot())
    }

    mutating func callAsFunction(_ input: Float) -> Float {
        let output = gain * input + first * last + second * before
        before = last
        last = output
        return output
    }
}
