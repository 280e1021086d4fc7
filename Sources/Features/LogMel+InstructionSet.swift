import CKernels

extension LogMel {
    /// The instruction set of the fastest kernels that run on this processor: `avx2`, or `portable` for those that run
    /// on every processor of the build's family.
    package static var instructionSet: String { String(cString: cm_instruction_set(cm_best_kernels())) }
}
