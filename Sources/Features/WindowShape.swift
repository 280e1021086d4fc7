import Foundation

extension FrontEnd.WindowShape {
    /// The window's `size` values, periodic.
    package func values(_ size: Int) -> [Double] {
        let period = Double(isPeriodic ? size : size - 1)
        return (0..<size).map { index in
            let turn = cos(2 * Double.pi * Double(index) / period)
            switch self {
            case .hann, .symmetricHann: return 0.5 - 0.5 * turn
            case .hamming, .symmetricHamming: return 0.54 - 0.46 * turn
            // At the last sample a rounded 1 - cos may lie below 0, which has no power.
            case .povey: return pow(max(0, 0.5 - 0.5 * turn), 0.85)
            }
        }
    }

    private var isPeriodic: Bool { self == .hann || self == .hamming }
}
