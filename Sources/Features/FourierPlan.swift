import CFFTW
import Foundation

/// FFTW's planner must not be called from two threads at once; executing plans is thread-safe.
private let plannerLock = NSLock()

/// A real Fourier transform of one frame in single precision, with its own buffers.
///
/// It is planned with FFTW_ESTIMATE: FFTW_MEASURE chooses by timing, so the last bits would differ from run to run.
final class FourierPlan {
    /// The frame, `size` samples, written before `execute`.
    let input: UnsafeMutablePointer<Float>
    /// The result: `size / 2 + 1` pairs of real and imaginary parts.
    let output: UnsafeMutablePointer<Float>
    private let plan: fftwf_plan

    init(size: Int) {
        guard let real = fftwf_alloc_real(size), let complex = fftwf_alloc_real(size + 2) else {
            fatalError("out of memory for a Fourier transform")
        }
        input = real
        output = complex
        input.update(repeating: 0, count: size)
        plannerLock.lock()
        defer { plannerLock.unlock() }
        let plan = complex.withMemoryRebound(to: fftwf_complex.self, capacity: size / 2 + 1) {
            fftwf_plan_dft_r2c_1d(Int32(size), real, $0, estimateFlag)
        }
        guard let plan else { fatalError("FFTW has no plan for \(size) points") }
        self.plan = plan
    }

    deinit {
        plannerLock.lock()
        fftwf_destroy_plan(plan)
        plannerLock.unlock()
        fftwf_free(input)
        fftwf_free(output)
    }

    func execute() { fftwf_execute(plan) }
}

/// The same in double precision, for the few frames whose quiet bands would be lost in the rounding of single
/// precision.
final class WideFourierPlan {
    /// The frame, `size` samples, written before `execute`.
    let input: UnsafeMutablePointer<Double>
    /// The result: `size / 2 + 1` pairs of real and imaginary parts.
    let output: UnsafeMutablePointer<Double>
    private let plan: fftw_plan

    init(size: Int) {
        guard let real = fftw_alloc_real(size), let complex = fftw_alloc_real(size + 2) else {
            fatalError("out of memory for a Fourier transform")
        }
        input = real
        output = complex
        input.update(repeating: 0, count: size)
        plannerLock.lock()
        defer { plannerLock.unlock() }
        let plan = complex.withMemoryRebound(to: fftw_complex.self, capacity: size / 2 + 1) {
            fftw_plan_dft_r2c_1d(Int32(size), real, $0, estimateFlag)
        }
        guard let plan else { fatalError("FFTW has no plan for \(size) points") }
        self.plan = plan
    }

    deinit {
        plannerLock.lock()
        fftw_destroy_plan(plan)
        plannerLock.unlock()
        fftw_free(input)
        fftw_free(output)
    }

    func execute() { fftw_execute(plan) }
}

/// FFTW_ESTIMATE, a macro that Swift does not import.
private let estimateFlag: UInt32 = 1 << 6
