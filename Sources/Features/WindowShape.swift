import Foundation

extension FrontEnd.WindowShape {
    /// Returns the `size` values of the window, periodic or symmetric as its shape says.
    package func values(_ size: Int) -> [Double] {
        let period = Double(isPeriodic ? size : size - 1)
        return (0..<size).map { index in
            let turn = cos(2 * Double.pi * Double(index) / period)
            switch self {
            case .hann, .symmetricHann: return 0.5 - 0.5 * turn
            case .hamming, .symmetricHamming: return 0.54 - 0.46 * turn
            // At the last sample, rounding may make 1 - cos negative, and a negative number has no power of 0.85.
            case .povey: return pow(max(0, 0.5 - 0.5 * turn), 0.85)
            }
        }
    }

    private var isPeriodic: Bool { self == .hann || self == .hamming }
}
