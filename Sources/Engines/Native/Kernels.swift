import CKernels

/// The inner loops of the networks and of their training for one instruction set.
///
/// All of them give the same bits, whatever the instruction set, and a row's result never depends on the other rows.
package struct Kernels: @unchecked Sendable {
    /// An instruction set that the kernels are written for.
    package enum InstructionSet: String, Sendable, CaseIterable {
        case portable, avx2, avx512, neon
    }

    /// What a matrix product does to its sums.
    package enum Activation: Int32, Sendable {
        case none, relu, relu6
    }

    /// Columns of one packed panel.
    package static let panel = Int(CK_PANEL)
    /// Most time steps that `attend` takes.
    package static let maximumSteps = Int(CK_STEPS)

    /// The fastest that this processor runs.
    package static let best = Kernels(table: ck_best_kernels())

    /// Constant data of the program, never written.
    let table: UnsafePointer<ck_kernels>

    private init(table: UnsafePointer<ck_kernels>) { self.table = table }

    /// Nil where this processor or this build lacks the instruction set.
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

    /// What they are written for.
    package var instructionSet: InstructionSet {
        switch table.pointee.isa {
        case CK_AVX2: .avx2
        case CK_AVX512: .avx512
        case CK_NEON: .neon
        default: .portable
        }
    }

    /// Floats that `pack` writes for a (k, n) matrix: n rounded up to whole panels, times k.
    package static func packedCount(_ k: Int, _ n: Int) -> Int { ck_packed_count(k, n) }

    /// Packs b (k, n), row-major, into panels (n / 32 rounded up, k, 32), the last filled up with zeros.
    package static func pack(_ b: UnsafePointer<Float>, _ k: Int, _ n: Int, into panels: UnsafeMutablePointer<Float>) {
        ck_pack(b, k, n, panels)
    }

    /// Packs the transpose of b (n, k) as `pack` would.
    package static func packTransposed(
        _ b: UnsafePointer<Float>, _ k: Int, _ n: Int, into panels: UnsafeMutablePointer<Float>
    ) {
        ck_pack_transposed(b, k, n, panels)
    }

    /// c (m, n) = act(start + a (m, k) x b (k, n)), summed over k ascending by fused multiply-add.
    ///
    /// - Parameters:
    ///   - rowsOfA: distance of a's rows in floats; rowsOfC likewise.
    ///   - panels: b, packed by `pack`.
    ///   - bias: the sums' start, one value a column of every panel; nil starts them at what c holds.
    package func matmul(
        _ a: UnsafePointer<Float>, rowsOfA: Int, panels: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
        _ c: UnsafeMutablePointer<Float>, rowsOfC: Int, m: Int, k: Int, n: Int, _ activation: Activation
    ) {
        table.pointee.matmul(a, rowsOfA, panels, bias, c, rowsOfC, m, k, n, activation.rawValue)
    }

    /// 3x3 depthwise convolution with SAME padding, bias and ReLU6 of one image (height, width, channels).
    ///
    /// Weights (9, channels); `channels` is a multiple of 16 and `stride` 1 or 2. Output rows in `rows` go to `output`,
    /// the first of them at its start.
    package func depthwise(
        _ input: UnsafePointer<Float>, height: Int, width: Int, channels: Int, stride: Int,
        weights: UnsafePointer<Float>, bias: UnsafePointer<Float>,
        _ output: UnsafeMutablePointer<Float>, rows: Range<Int>
    ) {
        table.pointee.depthwise(
            input, height, width, channels, stride, weights, bias, output, rows.lowerBound, rows.upperBound)
    }

    /// 3x3 convolution of (height, width) to (height / 2, width / 2, 32), both sizes even, with bias and ReLU6.
    package func firstConvolution(
        _ input: UnsafePointer<Float>, height: Int, width: Int, weights: UnsafePointer<Float>,
        bias: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>
    ) {
        table.pointee.first_convolution(input, height, width, weights, bias, output)
    }

    /// Mean over rows that are `stride` floats apart; `columns` is a multiple of 16.
    package func meanRows(
        _ input: UnsafePointer<Float>, stride: Int, rows: Int, columns: Int, _ output: UnsafeMutablePointer<Float>
    ) {
        table.pointee.mean_rows(input, stride, rows, columns, output)
    }

    /// One LSTM step: gates (rows, 4 x hidden) before activation, in the order input, forget, cell, output.
    ///
    /// `cell` (rows, hidden) is updated in place; `hidden` is a multiple of 16.
    package func lstmStep(
        gates: UnsafePointer<Float>, cell: UnsafeMutablePointer<Float>, _ output: UnsafeMutablePointer<Float>,
        rowsOfOutput: Int, rows: Int, hidden: Int
    ) {
        table.pointee.lstm_step(gates, cell, output, rowsOfOutput, rows, hidden)
    }

    /// output (width) = sum over t of softmax over t (query . values[t] x scale) x values[t].
    ///
    /// The values' steps are `stride` floats apart, at most `maximumSteps` of them; `width` is a multiple of 16.
    package func attend(
        query: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, steps: Int, width: Int, scale: Float,
        _ output: UnsafeMutablePointer<Float>, weights: UnsafeMutablePointer<Float>? = nil
    ) {
        precondition(steps <= Self.maximumSteps, "attention takes at most \(Self.maximumSteps) steps")
        table.pointee.attend(query, values, stride, steps, width, scale, output, weights)
    }

    /// e to the x, of x between -87 and 88, element by element; `input` may be `output`.
    package func exponential(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, count: Int) {
        table.pointee.exponential(input, output, count)
    }

    /// tanh x, element by element; `input` may be `output`.
    package func tangent(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, count: Int) {
        table.pointee.tangent(input, output, count)
    }

    /// 1 / (1 + exp(-x)), element by element; `input` may be `output`.
    package func sigmoid(_ input: UnsafePointer<Float>, _ output: UnsafeMutablePointer<Float>, count: Int) {
        table.pointee.sigmoid(input, output, count)
    }
}
