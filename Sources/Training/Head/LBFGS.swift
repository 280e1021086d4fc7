/// The limited-memory BFGS method (Nocedal, "Updating Quasi-Newton Matrices with Limited Storage", Mathematics of Computation
/// 35, 1980) with backtracking until the decrease is sufficient (Armijo), in double precision and in a fixed order.
package enum LBFGS {
    /// Pairs of steps and changes of the gradient that are kept.
    private static let memory = 12

    /// Where the search ended.
    package struct Minimum: Sendable {
        package let point: [Double]
        package let value: Double
        package let iterations: Int
        /// False if it ended for its number of iterations.
        package let hasConverged: Bool
    }

    /// Finds a minimum from a point.
    ///
    /// - Parameters:
    ///   - iterations: the largest number of steps.
    ///   - tolerance: it has converged when the decrease of a step is below this share of the value, or the gradient's norm
    ///     below this share of the first one's.
    ///   - function: the value at a point; writes the gradient there.
    package static func minimize(
        from start: [Double], iterations: Int = 300, tolerance: Double = 1e-6,
        _ function: ([Double], UnsafeMutableBufferPointer<Double>) -> Double
    ) -> Minimum {
        var point = start
        var gradient = [Double](repeating: 0, count: start.count)
        func evaluate(_ at: [Double], _ into: inout [Double]) -> Double {
            into.withUnsafeMutableBufferPointer { function(at, $0) }
        }
        var value = evaluate(point, &gradient)
        let first = dot(gradient, gradient).squareRoot()
        var pairs: [(step: [Double], change: [Double], scale: Double)] = []
        for iteration in 0..<iterations {
            let norm = dot(gradient, gradient).squareRoot()
            guard norm > tolerance * first, norm > 0 else {
                return Minimum(point: point, value: value, iterations: iteration, hasConverged: true)
            }
            var direction = descent(gradient, pairs)
            var slope = dot(direction, gradient)
            if slope >= 0 {
                pairs = []
                direction = gradient.map { -$0 }
                slope = -norm * norm
            }
            var length = pairs.isEmpty ? min(1, 1 / norm) : 1
            var next = point
            var nextGradient = gradient
            var nextValue = value
            var isLower = false
            for _ in 0..<30 {
                for place in point.indices { next[place] = point[place] + length * direction[place] }
                nextValue = evaluate(next, &nextGradient)
                isLower = nextValue <= value + 1e-4 * length * slope
                if isLower { break }
                length /= 2
            }
            // No step is lower: as near as the arithmetic comes.
            guard isLower else {
                return Minimum(point: point, value: value, iterations: iteration, hasConverged: true)
            }
            var (step, change) = (next, nextGradient)
            for place in step.indices {
                step[place] -= point[place]
                change[place] -= gradient[place]
            }
            let curvature = dot(step, change)
            // Where the function is not convex, the pair would make the next direction no descent.
            if curvature > 1e-10 * dot(change, change) {
                pairs.append((step, change, 1 / curvature))
                if pairs.count > memory { pairs.removeFirst() }
            }
            let decrease = value - nextValue
            (point, gradient, value) = (next, nextGradient, nextValue)
            if decrease <= tolerance * abs(value) {
                return Minimum(point: point, value: value, iterations: iteration + 1, hasConverged: true)
            }
        }
        return Minimum(point: point, value: value, iterations: iterations, hasConverged: false)
    }

    /// Minus the inverse Hessian, as the pairs tell of it, times the gradient.
    private static func descent(
        _ gradient: [Double], _ pairs: [(step: [Double], change: [Double], scale: Double)]
    ) -> [Double] {
        var direction = gradient
        var shares: [Double] = []
        for pair in pairs.reversed() {
            let share = pair.scale * dot(pair.step, direction)
            add(-share, pair.change, to: &direction)
            shares.append(share)
        }
        if let last = pairs.last {
            let factor = 1 / (last.scale * dot(last.change, last.change))
            for place in direction.indices { direction[place] *= factor }
        }
        for (pair, share) in zip(pairs, shares.reversed()) {
            add(share - pair.scale * dot(pair.change, direction), pair.step, to: &direction)
        }
        for place in direction.indices { direction[place] = -direction[place] }
        return direction
    }

    private static func add(_ factor: Double, _ other: [Double], to sum: inout [Double]) {
        sum.withUnsafeMutableBufferPointer { sum in
            other.withUnsafeBufferPointer { other in
                for place in 0..<sum.count { sum[place] += factor * other[place] }
            }
        }
    }

    private static func dot(_ a: [Double], _ b: [Double]) -> Double {
        a.withUnsafeBufferPointer { a in
            b.withUnsafeBufferPointer { b in
                var sum = 0.0
                for place in 0..<a.count { sum += a[place] * b[place] }
                return sum
            }
        }
    }
}
