import CKernels

/// The inner loops of the networks and of their training for one instruction set.
///
/// Results are bit-identical for all instruction sets, and a row's result never depends on the other rows.
package struct Kernels: @unchecked Sendable {
    /// An instruction set for which there are kernels.
    package enum InstructionSet: String, Sendable, CaseIterable {
        case portable, avx2, avx512, neon
    }

    /// The function that a matrix product applies to its sums.
    package enum Activation: Int32, Sendable {
        case none, relu, relu6
    }

    /// Number of columns in one packed panel.
    package static let panel = Int(CK_PANEL)
    /// Maximum number of time steps for `attend`.
    package static let maximumSteps = Int(CK_STEPS)

    /// The fastest kernels that this processor runs.
    package static let best = Kernels(table: ck_best_kernels())

    /// The C kernels' table: constant data of the program.
    let table: UnsafePointer<ck_kernels>

    private init(table: UnsafePointer<ck_kernels>) { self.table = table }

    /// Selects the kernels for an instruction set; nil if this processor or this build lacks it.
    package init?(_ set: InstructionSet) {
        let isa: ck_isa =
            switch set {
            case .portable: CK_PORTABLE
            case .avx2: CK_AVX2
            case .avx512: CK_AVX512
            case .neon: CK_NEON
            }
        guard let table = ck_kernels_for(isa) else { return nil }
        self.table = table
    }

    /// The instruction set of these kernels.
    package var instructionSet: InstructionSet {
        switch table.pointee.isa {
        case CK_AVX2: .avx2
        case CK_AVX512: .avx512
        case CK_NEON: .neon
        default: .portable
        }
    }

    /// Number of floats that `pack` writes for a (k, n) matrix: n rounded up to whole panels, times k.
    package static func packedCount(_ k: Int, _ n: Int) -> Int { ck_packed_count(k, n) }

    /// Packs b (k, n), row-major, into panels (n / 32 rounded up, k, 32); the last panel is padded with zeros.
    package static func pack(_ b: UnsafePointer<Float>, _ k: Int, _ n: Int, into panels: UnsafeMutablePointer<Float>) {
        ck_pack(b, k, n, panels)
    }

    /// Packs the transpose of b (n, k), with the same result as transposing it and calling `pack`.
    package static func packTransposed(
        _ b: UnsafePointer<Float>, _ k: Int, _ n: Int, into panels: UnsafeMutablePointer<Float>
    ) {
        ck_pack_transposed(b, k, n, panels)
    }

    /// c (m, n) = act(start + a (m, k) x b (k, n)), summed in order of ascending k by fused multiply-add.
    ///
    /// - Parameters:
    ///   - rowsOfA: distance between a's rows in floats.
    ///   - panels: b, packed by `pack`.
    ///   - bias: where the sums start, one value per column of every panel; nil starts them at c's current values.
    ///   - rowsOfC: distance between c's rows in floats.
    package func matmul(
        _ a: UnsafePointer<Float>, rowsOfA: Int, panels: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
        _ c: UnsafeMutablePointer<Float>, rowsOfC: Int, m: Int, k: Int, n: Int, _ activation: Activation
    ) {
        table.pointee.matmul(a, rowsOfA, panels, bias, c, rowsOfC, m, k, n, activation.rawValue)
    }

    /// Applies a 3x3 depthwise convolution with SAME padding, bias and ReLU6 to one image (height, width, channels).
    ///
    /// Weights are (9, channels); `channels` is a multiple of 16 and `stride` is 1 or 2. Only the output rows in `rows`
    /// are computed; the first of them is written at the start of `output`.
    package func depthwise(
        _ input: UnsafePointer<Float>, height: Int, width: Int, channels: Int, stride: Int,
        weights: UnsafePointer<Float>, bias: UnsafePointer<Float>,
        _ output: UnsafeMutablePointer<Float>, rows: Range<Int>
    ) {
        table.pointee.depthwise(
            input, height, width, channels, stride, weights, bias, output, rows.lowerBound, rows.upperBound)
    }

    /// Applies a 3x3 convolution with bias and ReLU6 to (height, width), both even, giving (height / 2, width / 2, 32).
    package func firstConvolution(
        _ input: UnsafePointer<Float>, height: Int, width: Int, weights: UnsafePointer<Float>,
        bias: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>
    ) {
        table.pointee.first_convolution(input, height, width, weights, bias, output)
    }

    /// Computes the mean over rows that are `stride` floats apart; `columns` is a multiple of 16.
    package func meanRows(
        _ input: UnsafePointer<Float>, stride: Int, rows: Int, columns: Int, _ output: UnsafeMutablePointer<Float>
    ) {
        table.pointee.mean_rows(input, stride, rows, columns, output)
    }

    /// Computes the largest of every 2x2 pixels: an output (height, width, channels) from twice as many rows and columns.
    ///
    /// Pixels follow one another; rows are `inputRow` and `outputRow` floats apart. `channels` is a multiple of 16.
    package func maxPool(
        _ input: UnsafePointer<Float>, inputRow: Int, height: Int, width: Int, channels: Int,
        _ output: UnsafeMutablePointer<Float>, outputRow: Int
    ) {
        table.pointee.max_pool(input, inputRow, height, width, channels, output, outputRow)
    }

    /// Computes one LSTM step from gates (rows, 4 x hidden) before activation, in the order input, forget, cell,
    /// output.
    ///
    /// `cell` (rows, hidden) is updated in place; `hidden` is a multiple of 16.
    package func lstmStep(
        gates: UnsafePointer<Float>, cell: UnsafeMutablePointer<Float>, _ output: UnsafeMutablePointer<Float>,
        rowsOfOutput: Int, rows: Int, hidden: Int
    ) {
        table.pointee.lstm_step(gates, cell, output, rowsOfOutput, rows, hidden)
    }

    /// output (width) = sum over t of softmax over t (query . values[t] x scale) x values[t]. The softmax's values are
    /// also written to `weights` (steps) unless it is nil.
    ///
    /// The values' steps are `stride` floats apart; there are at most `maximumSteps`. `width` is a multiple of 16.
    package func attend(
        query: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, steps: Int, width: Int, scale: Float,
        _ output: UnsafeMutablePointer<Float>, weights: UnsafeMutablePointer<Float>? = nil
    ) {
        precondition(steps <= Self.maximumSteps, "attention takes at most \(Self.maximumSteps) steps")
        table.pointee.attend(query, values, stride, steps, width, scale, output, weights)
    }

    /// exp(x), with x limited to -87 to 88, element by element; `input` may be `output`.
    package func exponential(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, count: Int) {
        table.pointee.exponential(input, output, count)
    }

    /// tanh(x), element by element; `input` may be `output`.
    package func tangent(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, count: Int) {
        table.pointee.tangent(input, output, count)
    }

    /// 1 / (1 + exp(-x)), element by element; `input` may be `output`.
    package func sigmoid(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, count: Int) {
        table.pointee.sigmoid(input, output, count)
    }
}
