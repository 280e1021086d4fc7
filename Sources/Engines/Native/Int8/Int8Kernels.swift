import CKernels

/// The inner loops of the networks in 8-bit integers for one instruction set.
///
/// Results are bit-identical for all instruction sets, and a row's result never depends on the other rows. Activations
/// are bytes of 0 to 127.
package struct Int8Kernels: @unchecked Sendable {
    /// An instruction set for which there are kernels.
    package enum InstructionSet: String, Sendable, CaseIterable {
        case portable, avx2
        case avxVNNI = "avx-vnni"
        case avx512VNNI = "avx512-vnni"
        case neon
        case neonDotProduct = "neon-dotprod"
    }

    /// How a row's values are written as bytes.
    package enum RowForm: Sendable, CaseIterable {
        /// Each value is a byte.
        case bytes
        /// Sums over at most eight bytes, in two digits: 8 x high + low. All high digits of a row come first.
        case sums
        /// Numbers of 0 to 16383 in two digits: 128 x high + low. All high digits of a row come first.
        case pair
        /// Signed numbers: byte - 64.
        case signed
        /// Signed numbers in two digits: 128 x high + low - 8192. All high digits of a row come first.
        case signedPair

        /// Number of bytes that a value takes.
        package var digits: Int { self == .bytes || self == .signed ? 1 : 2 }
        /// How far the high digit is shifted.
        fileprivate var shift: Int { self == .sums ? 3 : 7 }
        /// What stands for zero.
        package var zero: Int32 {
            switch self {
            case .bytes, .sums, .pair: 0
            case .signed: 64
            case .signedPair: 8192
            }
        }
    }

    /// The right-hand matrix of a product; its arrays have one value for each column of every panel.
    struct Matrix {
        let panels: UnsafePointer<Int8>
        let scale: UnsafePointer<Float>
        /// What the rows' zero point adds to each column's sum.
        let zero: UnsafePointer<Int32>
        /// nil: products are added to their target.
        let bias: UnsafePointer<Float>?
        let inputs: Int
        let outputs: Int

        fileprivate var parts: ck_int8_right {
            ck_int8_right(panels: panels, scale: scale, zero: zero, bias: bias, k: inputs, n: outputs)
        }
    }

    /// The fastest kernels that this processor runs.
    package static let best = Int8Kernels(table: ck_int8_best_kernels())

    /// The C kernels' table: constant data of the program.
    private let table: UnsafePointer<ck_int8_kernels>

    private init(table: UnsafePointer<ck_int8_kernels>) { self.table = table }

    /// Selects the kernels for an instruction set; nil if this processor or this build lacks it.
    package init?(_ set: InstructionSet) {
        let isa: ck_int8_isa =
            switch set {
            case .portable: CK_INT8_PORTABLE
            case .avx2: CK_INT8_AVX2
            case .avxVNNI: CK_INT8_AVX_VNNI
            case .avx512VNNI: CK_INT8_AVX512_VNNI
            case .neon: CK_INT8_NEON
            case .neonDotProduct: CK_INT8_NEON_DOTPROD
            }
        guard let table = ck_int8_kernels_for(isa) else { return nil }
        self.table = table
    }

    /// The instruction set of these kernels.
    package var instructionSet: InstructionSet {
        switch table.pointee.isa {
        case CK_INT8_AVX2: .avx2
        case CK_INT8_AVX_VNNI: .avxVNNI
        case CK_INT8_AVX512_VNNI: .avx512VNNI
        case CK_INT8_NEON: .neon
        case CK_INT8_NEON_DOTPROD: .neonDotProduct
        default: .portable
        }
    }

    /// Number of bytes that `pack` writes for a (k, n) matrix: n rounded up to whole panels, times k.
    static func packedCount(_ k: Int, _ n: Int) -> Int { ck_int8_packed_count(k, n) }

    /// Packs b (k, n), row-major, into panels; k is a multiple of 4, and the last panel is padded with zeros.
    static func pack(_ b: UnsafePointer<Int8>, _ k: Int, _ n: Int, into panels: UnsafeMutablePointer<Int8>) {
        ck_int8_pack(b, k, n, panels)
    }

    /// Packs depthwise weights (9, channels) into 12 x channels bytes.
    static func packDepthwise(
        _ weights: UnsafePointer<Int8>, channels: Int, into packed: UnsafeMutablePointer<Int8>
    ) {
        ck_int8_pack_depthwise(weights, channels, packed)
    }

    /// c (m, n) = round(sum x scale + bias), limited to 0 to 127, where sums are over a (m, k) x b (k, n).
    ///
    /// Rows of a, which are of the given form, and of c are contiguous; n is a multiple of 32, and b has a bias.
    func multiply(
        _ a: UnsafePointer<UInt8>, form: RowForm, _ b: Matrix, _ c: UnsafeMutablePointer<UInt8>, rows: Int
    ) {
        var left = Self.left(a, form, nil, inputs: b.inputs)
        var right = b.parts
        table.pointee.matmul_bytes(&left, &right, c, b.outputs, rows)
    }

    private static func left(
        _ bytes: UnsafePointer<UInt8>, _ form: RowForm, _ scales: UnsafePointer<Float>?, inputs: Int
    ) -> ck_int8_left {
        ck_int8_left(
            bytes: bytes, stride: inputs * form.digits, digits: form.digits, shift: form.shift, scale: scales)
    }

    /// c (m, n) = act((sum - zero) x a's scale x b's scale + bias), where sums are over a (m, k) x b (k, n); without a
    /// bias, products are added to c's current values.
    ///
    /// - Parameters:
    ///   - a: rows of the given form, contiguous.
    ///   - scales: one for each row of a; nil stands for 1.
    ///   - rowsOfC: distance between c's rows in floats.
    func multiply(
        _ a: UnsafePointer<UInt8>, form: RowForm, scales: UnsafePointer<Float>?, _ b: Matrix,
        _ c: UnsafeMutablePointer<Float>, rowsOfC: Int, rows: Int, _ activation: Kernels.Activation
    ) {
        var left = Self.left(a, form, scales, inputs: b.inputs)
        var right = b.parts
        table.pointee.matmul_floats(&left, &right, c, rowsOfC, rows, activation.rawValue)
    }

    /// Applies a 3x3 depthwise convolution with SAME padding to images (height, width, channels); each output is
    /// round(sum x scale + bias), limited to 0 to 127.
    ///
    /// `weights` is packed by `packDepthwise`; `channels` is a multiple of 64 and `stride` is 1 or 2.
    package func depthwise(
        _ input: UnsafePointer<UInt8>, images: Int, height: Int, width: Int, channels: Int, stride: Int,
        weights: UnsafePointer<Int8>, scale: UnsafePointer<Float>, bias: UnsafePointer<Float>,
        _ output: UnsafeMutablePointer<UInt8>
    ) {
        table.pointee.depthwise(
            input, images, height, width, channels, stride, weights, scale, bias, output, 0,
            (height + stride - 1) / stride)
    }

    /// Sums over at most eight contiguous rows of bytes: `digits` receives (2, columns) in the form `sums`, and
    /// `output` (columns) the sums x factor.
    package func sumRows(
        _ input: UnsafePointer<UInt8>, rows: Int, columns: Int, factor: Float, digits: UnsafeMutablePointer<UInt8>,
        _ output: UnsafeMutablePointer<Float>
    ) {
        table.pointee.sum_rows(input, rows, columns, factor, digits, output)
    }

    /// Writes contiguous rows of floats as contiguous rows of the form `pair`: round(x * factor), limited to 0 to 16383.
    ///
    /// - Parameter columns: a multiple of 16.
    package func digitRows(
        _ input: UnsafePointer<Float>, rows: Int, columns: Int, factor: Float, _ output: UnsafeMutablePointer<UInt8>
    ) {
        table.pointee.digit_rows(input, rows, columns, factor, output)
    }

    /// Writes rows of floats, `stride` floats apart, as contiguous rows of bytes of the form `signed` or `signedPair`.
    /// The row's largest magnitude becomes 63 or 8191, and `scales` receives what one unit of each row stands for.
    ///
    /// - Parameter columns: a multiple of 16.
    package func quantizeRows(
        _ input: UnsafePointer<Float>, stride: Int, rows: Int, columns: Int, form: RowForm,
        _ output: UnsafeMutablePointer<UInt8>, scales: UnsafeMutablePointer<Float>
    ) {
        table.pointee.quantize_rows(
            input, stride, rows, columns, form.digits, output, columns * form.digits, scales)
    }
}
