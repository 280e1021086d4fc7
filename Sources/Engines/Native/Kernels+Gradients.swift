import CKernels

/// The backward kernels. For shapes see the forward function of the same name. Gradients of weights are added to, not
/// overwritten.
extension Kernels {
    /// c (m, n) += transpose of a (k, m) x b (k, n). `panels` is b packed with `depth` rows in all; it points to the
    /// first of the k rows that are used.
    package func accumulate(
        _ a: UnsafePointer<Float>, rowsOfA: Int, panels: UnsafePointer<Float>, depth: Int,
        _ c: UnsafeMutablePointer<Float>, m: Int, k: Int, n: Int
    ) {
        table.pointee.accumulate(a, rowsOfA, panels, depth, c, n, m, k, n)
    }

    /// Zeroes the gradient (rows, columns) wherever `output` is not strictly between 0 and `limit`, then adds its
    /// column sums to the bias's gradient.
    package func activationGradient(
        _ output: UnsafePointer<Float>, _ gradient: UnsafeMutablePointer<Float>, rows: Int, columns: Int,
        limit: Float, bias: UnsafeMutablePointer<Float>
    ) {
        table.pointee.activation_gradient(output, gradient, rows, columns, limit, bias)
    }

    /// Backward pass through the depthwise convolution of one image, for a `gradient` that has already passed through
    /// the rectifier. Writes `inputGradient` and adds to `weightGradient`.
    package func depthwiseGradient(
        _ input: UnsafePointer<Float>, _ gradient: UnsafePointer<Float>, height: Int, width: Int, channels: Int,
        stride: Int, weights: UnsafePointer<Float>, inputGradient: UnsafeMutablePointer<Float>,
        weightGradient: UnsafeMutablePointer<Float>
    ) {
        table.pointee.depthwise_gradient(
            input, gradient, height, width, channels, stride, weights, inputGradient, weightGradient)
    }

    /// Backward pass through the first convolution of one image, for a `gradient` that has already passed through the
    /// rectifier. Adds to `weightGradient`.
    package func firstConvolutionGradient(
        _ input: UnsafePointer<Float>, _ gradient: UnsafePointer<Float>, height: Int, width: Int,
        weightGradient: UnsafeMutablePointer<Float>
    ) {
        table.pointee.first_convolution_gradient(input, gradient, height, width, weightGradient)
    }

    /// Does the same as `lstmStep`, but leaves the gates' activations in `gates` and writes the new cell to `cell`,
    /// keeping the previous one.
    package func lstmStepKept(
        gates: UnsafeMutablePointer<Float>, previousCell: UnsafePointer<Float>, cell: UnsafeMutablePointer<Float>,
        _ output: UnsafeMutablePointer<Float>, rowsOfOutput: Int, rows: Int, hidden: Int
    ) {
        table.pointee.lstm_step_kept(gates, previousCell, cell, output, rowsOfOutput, rows, hidden)
    }

    /// Backward pass through one LSTM step. The activations in `gates` are replaced by the gradients before activation,
    /// and `cellGradient` becomes the gradient of the previous step's cell.
    package func lstmStepGradient(
        gates: UnsafeMutablePointer<Float>, previousCell: UnsafePointer<Float>, cell: UnsafePointer<Float>,
        outputGradient: UnsafePointer<Float>, rowsOfOutput: Int, cellGradient: UnsafeMutablePointer<Float>, rows: Int,
        hidden: Int
    ) {
        table.pointee.lstm_step_gradient(
            gates, previousCell, cell, outputGradient, rowsOfOutput, cellGradient, rows, hidden)
    }

    /// Backward pass through `attend`: adds to the query's gradient (width) and writes the values' gradient (steps,
    /// width).
    package func attendGradient(
        query: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, steps: Int, width: Int, scale: Float,
        weights: UnsafePointer<Float>, gradient: UnsafePointer<Float>, queryGradient: UnsafeMutablePointer<Float>,
        valueGradient: UnsafeMutablePointer<Float>
    ) {
        precondition(steps <= Self.maximumSteps, "attention takes at most \(Self.maximumSteps) steps")
        table.pointee.attend_gradient(
            query, values, stride, steps, width, scale, weights, gradient, queryGradient, valueGradient)
    }

    /// Applies one step of Adam (arXiv 1412.6980) to `count` weights.
    ///
    /// - Parameters:
    ///   - rate: the step's learning rate divided by 1 - beta1^t.
    ///   - correction: 1 / sqrt(1 - beta2^t), a factor for the root of the second moment.
    package func adam(
        _ weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, first: UnsafeMutablePointer<Float>,
        second: UnsafeMutablePointer<Float>, count: Int, rate: Float, beta1: Float, beta2: Float, correction: Float,
        epsilon: Float
    ) {
        table.pointee.adam(weights, gradient, first, second, count, rate, beta1, beta2, correction, epsilon)
    }
}
