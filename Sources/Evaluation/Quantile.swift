/// Quantiles with linear interpolation between order statistics (type 7 of Hyndman and Fan, 1996), NumPy's default.
enum Quantile {
    /// The quantile `q` (0 to 1) of `count` (at least 1) values, of which `sorted(i)` is the i-th smallest.
    static func linear(_ q: Double, count: Int, sorted: (Int) -> Double) -> Double {
        let place = q * Double(count - 1)
        let below = Int(place)
        let low = sorted(below)
        if below + 1 >= count { return low }
        return low + (sorted(below + 1) - low) * (place - Double(below))
    }
}
