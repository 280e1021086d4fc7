import CKernels

extension LogMel {
    /// The instruction set of the fastest kernels that this processor runs: `avx2`, or `portable` for those that every
    /// processor of this build's family runs.
    package static var instructionSet: String { String(cString: cm_instruction_set(cm_best_kernels())) }
}
