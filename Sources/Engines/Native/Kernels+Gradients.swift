import CKernels

/// The way back: see the forward function of the same name for shapes. Gradients of weights are added to.
extension Kernels {
    /// c (m, n) += transpose of a (k, m) x b (k, n), where `panels` is b, packed with `depth` rows, from the first that counts.
    package func accumulate(
        _ a: UnsafePointer<Float>, rowsOfA: Int, panels: UnsafePointer<Float>, depth: Int,
        _ c: UnsafeMutablePointer<Float>, m: Int, k: Int, n: Int
    ) {
        table.pointee.accumulate(a, rowsOfA, panels, depth, c, n, m, k, n)
    }

    /// Zeroes the gradient (rows, columns) where `output` is not between 0 and `limit`, and adds its column sums to the bias's.
    package func activationGradient(
        _ output: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>, rows: Int, columns: Int,
        limit: Float, bias: UnsafeMutablePointer<Float>
    ) {
        table.pointee.activation_gradient(output, gradient, rows, columns, limit, bias)
    }

    /// Back through one image's depthwise convolution, behind its rectifier; writes `inputGradient`.
    package func depthwiseGradient(
        _ input: UnsafePointer<Float>, _ gradient: UnsafePointer<Float>, height: Int, width: Int, channels: Int,
        stride: Int, weights: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>,
        weightGradient: UnsafeMutablePointer<Float>
    ) {
        table.pointee.depthwise_gradient(
            input, gradient, height, width, channels, stride, weights, inputGradient, weightGradient)
    }

    /// Back through one image's first convolution, behind its rectifier.
    package func firstConvolutionGradient(
        _ input: UnsafePointer<Float>, _ gradient: UnsafePointer<Float>, height: Int, width: Int,
        weightGradient: UnsafeMutablePointer<Float>
    ) {
        table.pointee.first_convolution_gradient(input, gradient, height, width, weightGradient)
    }

    /// `lstmStep` that leaves the gates' activations in `gates` and the new cell beside the previous one.
    package func lstmStepKept(
        gates: UnsafeMutablePointer<Float>, previousCell: UnsafePointer<Float>, cell: UnsafeMutablePointer<Float>,
        _ output: UnsafeMutablePointer<Float>, rowsOfOutput: Int, rows: Int, hidden: Int
    ) {
        table.pointee.lstm_step_kept(gates, previousCell, cell, output, rowsOfOutput, rows, hidden)
    }

    /// Back through one LSTM step: `gates` become their gradients before activation, `cellGradient` that of the step before.
    package func lstmStepGradient(
        gates: UnsafeMutablePointer<Float>, previousCell: UnsafePointer<Float>, cell: UnsafePointer<Float>,
        outputGradient: UnsafePointer<Float>, rowsOfOutput: Int, cellGradient: UnsafeMutablePointer<Float>, rows: Int,
        hidden: Int
    ) {
        table.pointee.lstm_step_gradient(
            gates, previousCell, cell, outputGradient, rowsOfOutput, cellGradient, rows, hidden)
    }

    /// Back through `attend`: adds to the query's gradient (width) and writes the values' (steps, width).
    package func attendGradient(
        query: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, steps: Int, width: Int, scale: Float,
        weights: UnsafePointer<Float>, gradient: UnsafePointer<Float>, queryGradient: UnsafeMutablePointer<Float>,
        valueGradient: UnsafeMutablePointer<Float>
    ) {
        precondition(steps <= Self.maximumSteps, "attention takes at most \(Self.maximumSteps) steps")
        table.pointee.attend_gradient(
            query, values, stride, steps, width, scale, weights, gradient, queryGradient, valueGradient)
    }

    /// One step of Adam (arXiv 1412.6980) over `count` weights.
    ///
    /// - Parameters:
    ///   - rate: the step's learning rate over 1 - beta1^t.
    ///   - correction: 1 / sqrt(1 - beta2^t), which the root of the second moment is multiplied by.
    package func adam(
        _ weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, first: UnsafeMutablePointer<Float>,
        second: UnsafeMutablePointer<Float>, count: Int, rate: Float, beta1: Float, beta2: Float, correction: Float,
        epsilon: Float
    ) {
        table.pointee.adam(weights, gradient, first, second, count, rate, beta1, beta2, correction, epsilon)
    }
}
