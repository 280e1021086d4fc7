import CKernels
import Shards

/// The inner loops of a search by cosine for one instruction set.
///
/// Results are bit-identical for all instruction sets, and a row's results depend on no other row.
package struct SimilarityKernels: @unchecked Sendable {
    /// An instruction set for which there are kernels.
    package enum InstructionSet: String, Sendable, CaseIterable {
        case portable, avx2, avx512, neon
    }

    /// The fastest kernels that this processor runs.
    package static let best = SimilarityKernels(table: cs_best_kernels())
    /// A query's values are followed by zeros up to a multiple of this.
    package static let lanes = Int(CS_LANES)

    /// The C kernels' table: constant data of the program.
    private let table: UnsafePointer<cs_kernels>

    private init(table: UnsafePointer<cs_kernels>) { self.table = table }

    /// Selects the kernels for an instruction set; nil if this processor or this build lacks it.
    package init?(_ set: InstructionSet) {
        let isa: cs_isa =
            switch set {
            case .portable: CS_PORTABLE
            case .avx2: CS_AVX2
            case .avx512: CS_AVX512
            case .neon: CS_NEON
            }
        guard let table = cs_kernels_for(isa) else { return nil }
        self.table = table
    }

    /// The instruction set of these kernels.
    package var instructionSet: InstructionSet {
        switch table.pointee.isa {
        case CS_AVX2: .avx2
        case CS_AVX512: .avx512
        case CS_NEON: .neon
        default: .portable
        }
    }

    /// dots (count, queryCount) = rows (count, size) x queries transposed, and squares (count) = each row times itself, in
    /// float32.
    ///
    /// - Parameters:
    ///   - rows: as a shard stores them, float32 or float16.
    ///   - queries: (queryCount, size), each query padded with zeros to a multiple of `lanes`.
    package func compare(
        _ rows: UnsafeRawPointer, _ dtype: ShardDType, count: Int, size: Int, queries: UnsafePointer<Float>,
        queryCount: Int, dots: UnsafeMutablePointer<Float>, squares: UnsafeMutablePointer<Float>
    ) {
        switch dtype {
        case .float32:
            table.pointee.dots_float32(
                rows.assumingMemoryBound(to: Float.self), count, size, queries, queryCount, dots, squares)
        case .float16:
            table.pointee.dots_float16(
                rows.assumingMemoryBound(to: UInt16.self), count, size, queries, queryCount, dots, squares)
        case .int16: preconditionFailure("samples are no embeddings")
        }
    }
}
