import Engines
import Foundation
import TestSupport
import Testing

/// The plain kernels against double precision, and every instruction set against the plain ones, bit by bit.
struct KernelTests {
    static let others = Kernels.InstructionSet.allCases.compactMap { Kernels($0) }.filter {
        $0.instructionSet != .portable
    }
    #if arch(arm64)
        @Test(
            "NEON kernels are among those compared",
            .enabled(if: Kernels(.neon) != nil, "this processor has no NEON: its kernels are not compared"))
        func comparesNEON() { #expect(Self.others.contains { $0.instructionSet == .neon }) }
    #else
        @Test(
            "AVX2 kernels are among those compared",
            .enabled(if: Kernels(.avx2) != nil, "this processor has no AVX2: its kernels are not compared"))
        func comparesAVX2() { #expect(Self.others.contains { $0.instructionSet == .avx2 }) }

        @Test(
            "AVX-512 kernels are among those compared",
            .enabled(if: Kernels(.avx512) != nil, "this processor has no AVX-512: its kernels are not compared"))
        func comparesAVX512() { #expect(Self.others.contains { $0.instructionSet == .avx512 }) }
    #endif

    let portable = Kernels(.portable) ?? .best

    private func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }

    private func product(
        _ kernels: Kernels, _ a: [Float], _ b: [Float], _ bias: [Float]?, start: [Float], m: Int, k: Int, n: Int,
        _ activation: Kernels.Activation
    ) -> [Float] {
        let matrix = PackedMatrix(b, inputs: k, outputs: n, bias: bias)
        var c = start
        matrix.multiply(a, &c, rows: m, activation, kernels)
        return c
    }

    @Test("A product is the sum in double precision, for every remainder of rows and columns")
    func productIsRight() {
        for (m, k, n) in [
            (1, 1, 1), (3, 7, 31), (12, 40, 32), (13, 129, 33), (25, 17, 64), (97, 33, 95), (110, 9, 130),
        ] {
            let a = Seeded.uniform(stream: 1, count: m * k)
            let b = Seeded.uniform(stream: 2, count: k * n)
            let bias = Seeded.uniform(stream: 3, count: n)
            let old = Seeded.uniform(stream: 4, count: m * n)
            for (activation, low, high) in [
                (Kernels.Activation.none, -1e9, 1e9), (.relu, 0, 1e9), (.relu6, 0, 6),
            ] {
                let found = product(portable, a, b, bias, start: old, m: m, k: k, n: n, activation)
                let added = product(portable, a, b, nil, start: old, m: m, k: k, n: n, activation)
                for row in 0..<m {
                    for column in 0..<n {
                        var sum = 0.0
                        for i in 0..<k { sum += Double(a[row * k + i]) * Double(b[i * n + column]) }
                        let expected = min(max(sum + Double(bias[column]), low), high)
                        let expectedAdded = min(max(sum + Double(old[row * n + column]), low), high)
                        #expect(abs(Double(found[row * n + column]) - expected) < 2e-6)
                        #expect(abs(Double(added[row * n + column]) - expectedAdded) < 2e-6)
                    }
                }
            }
        }
    }

    @Test("Every instruction set gives the same bits of a product", arguments: others)
    func productIsTheSame(kernels: Kernels) {
        for m in [1, 2, 5, 6, 7, 11, 12, 13, 24, 95, 96, 97, 200] {
            for n in [1, 15, 32, 33, 70] {
                let k = 77
                let a = Seeded.uniform(stream: 5, count: m * k)
                let b = Seeded.uniform(stream: 6, count: k * n)
                let bias = Seeded.uniform(stream: 7, count: n)
                let old = Seeded.uniform(stream: 8, count: m * n)
                for start in [bias, nil] {
                    let plain = product(portable, a, b, start, start: old, m: m, k: k, n: n, .relu6)
                    let fast = product(kernels, a, b, start, start: old, m: m, k: k, n: n, .relu6)
                    #expect(bits(plain) == bits(fast), "\(kernels.instructionSet) \(m) x \(n)")
                }
            }
        }
    }

    @Test("A row of a product is the same bits alone and among any number of others", arguments: others)
    func rowsAreIndependent(kernels: Kernels) {
        let (m, k, n) = (101, 129, 70)
        let a = Seeded.uniform(stream: 9, count: m * k)
        let b = Seeded.uniform(stream: 10, count: k * n)
        let bias = Seeded.uniform(stream: 11, count: n)
        let zeros = [Float](repeating: 0, count: m * n)
        let all = product(kernels, a, b, bias, start: zeros, m: m, k: k, n: n, .none)
        for count in [1, 2, 3, 7, 12, 29] {
            for first in [0, 5, m - count] {
                let part = product(
                    kernels, Array(a[first * k..<(first + count) * k]), b, bias, start: zeros, m: count, k: k, n: n,
                    .none)
                #expect(bits(Array(part[..<(count * n)])) == bits(Array(all[first * n..<(first + count) * n])))
            }
        }
    }

    /// What SAME padding puts before the first row or column.
    private func before(_ size: Int, _ stride: Int) -> Int {
        let outputs = (size + stride - 1) / stride
        return max((outputs - 1) * stride + 3 - size, 0) / 2
    }

    @Test("Depthwise convolution follows SAME padding at both strides", arguments: [1, 2])
    func depthwise(stride: Int) {
        for (height, width, channels) in [(48, 32, 32), (24, 16, 16), (7, 5, 32), (6, 4, 48), (3, 2, 64), (1, 1, 16)] {
            let input = Seeded.uniform(stream: 12, count: height * width * channels).map { $0 * 8 }
            let weights = Seeded.uniform(stream: 13, count: 9 * channels)
            let bias = Seeded.uniform(stream: 14, count: channels)
            let (rows, columns) = ((height + stride - 1) / stride, (width + stride - 1) / stride)
            func run(_ kernels: Kernels, _ band: Range<Int>) -> [Float] {
                var output = [Float](repeating: -1, count: band.count * columns * channels)
                kernels.depthwise(
                    input, height: height, width: width, channels: channels, stride: stride, weights: weights,
                    bias: bias, &output, rows: band)
                return output
            }
            let plain = run(portable, 0..<rows)
            for y in 0..<rows {
                for x in 0..<columns {
                    for c in 0..<channels {
                        var sum = Double(bias[c])
                        for tap in 0..<9 {
                            let row = y * stride - before(height, stride) + tap / 3
                            let column = x * stride - before(width, stride) + tap % 3
                            guard (0..<height).contains(row), (0..<width).contains(column) else { continue }
                            sum +=
                                Double(input[(row * width + column) * channels + c])
                                * Double(weights[tap * channels + c])
                        }
                        #expect(abs(Double(plain[(y * columns + x) * channels + c]) - min(max(sum, 0), 6)) < 1e-5)
                    }
                }
            }
            for kernels in Self.others { #expect(bits(run(kernels, 0..<rows)) == bits(plain)) }
            let middle = rows / 2
            #expect(bits(run(.best, 0..<middle) + run(.best, middle..<rows)) == bits(plain))
        }
    }

    @Test("The first convolution is the sum over nine taps")
    func firstConvolution() {
        let (height, width) = (96, 64)
        let input = Seeded.uniform(stream: 15, count: height * width).map { $0 * 8 }
        let weights = Seeded.uniform(stream: 16, count: 9 * 32)
        let bias = Seeded.uniform(stream: 17, count: 32)
        func run(_ kernels: Kernels) -> [Float] {
            var output = [Float](repeating: -1, count: height / 2 * width / 2 * 32)
            kernels.firstConvolution(input, height: height, width: width, weights: weights, bias: bias, &output)
            return output
        }
        let plain = run(portable)
        for index in plain.indices {
            let (y, x, c) = (index / 32 / (width / 2), index / 32 % (width / 2), index % 32)
            var sum = Double(bias[c])
            for tap in 0..<9 where 2 * y + tap / 3 < height && 2 * x + tap % 3 < width {
                sum += Double(input[(2 * y + tap / 3) * width + 2 * x + tap % 3]) * Double(weights[tap * 32 + c])
            }
            #expect(abs(Double(plain[index]) - min(max(sum, 0), 6)) < 1e-5)
        }
        for kernels in Self.others { #expect(bits(run(kernels)) == bits(plain)) }
    }

    @Test("Maxima are those of every 2x2 pixels, whatever lies between rows")
    func maxima() {
        for (height, width, channels, gap) in [(1, 1, 16, 0), (3, 5, 32, 7), (6, 4, 64, 64), (2, 3, 48, 1)] {
            let (inputRow, outputRow) = (2 * width * channels + gap, width * channels + 2 * gap)
            var input = Seeded.uniform(stream: 22, count: 2 * height * inputRow)
            input[0] = .infinity
            input[1] = -0.0
            func run(_ kernels: Kernels) -> [Float] {
                var output = [Float](repeating: 9, count: height * outputRow)
                kernels.maxPool(
                    input, inputRow: inputRow, height: height, width: width, channels: channels, &output,
                    outputRow: outputRow)
                return output
            }
            let plain = run(portable)
            for y in 0..<height {
                for place in 0..<outputRow {
                    let (x, c) = (place / channels, place % channels)
                    let pixels = [(0, 0), (0, 1), (1, 0), (1, 1)].map { dy, dx in
                        (2 * y + dy) * inputRow + (2 * x + dx) * channels + c
                    }
                    let expected = place < width * channels ? pixels.map { input[$0] }.max() : 9
                    #expect(plain[y * outputRow + place] == expected)
                }
            }
            for kernels in Self.others { #expect(bits(run(kernels)) == bits(plain)) }
        }
    }

    @Test("A product in slices is the product in one, bit for bit", arguments: [1, 3, 40, 77, 200])
    func slices(slice: Int) {
        let (m, k, n) = (107, 77, 70)
        let a = Seeded.uniform(stream: 23, count: m * k)
        let b = Seeded.uniform(stream: 24, count: k * n)
        let bias = Seeded.uniform(stream: 25, count: n)
        let zeros = [Float](repeating: 0, count: m * n)
        for activation in [Kernels.Activation.none, .relu] {
            let whole = product(.best, a, b, bias, start: zeros, m: m, k: k, n: n, activation)
            var parts = zeros
            SlicedMatrix(b, inputs: k, outputs: n, bias: bias, slice: slice)
                .multiply(a, inputStride: k, &parts, rows: m, activation, .best)
            #expect(bits(parts) == bits(whole))
        }
    }

    @Test("exp, tanh and the logistic function keep float's precision")
    func elementwise() {
        let x = (0..<40_003).map { Float($0 - 20_000) * 0.00431 } + [0, -0.0, 1e-20, -1e-20, 87, -87, 1000, -1000]
        var y = x
        portable.exponential(x, &y, count: x.count)
        for (input, output) in zip(x, y) where abs(input) <= 87 {
            #expect(abs(Double(output) / exp(Double(input)) - 1) < 3e-7, "exp(\(input))")
        }
        portable.sigmoid(x, &y, count: x.count)
        for (input, output) in zip(x, y) { #expect(abs(Double(output) - 1 / (1 + exp(-Double(input)))) < 2e-7) }
        portable.tangent(x, &y, count: x.count)
        for (input, output) in zip(x, y) { #expect(abs(Double(output) - tanh(Double(input))) < 3e-7) }
        for kernels in Self.others {
            for function in [Kernels.exponential, Kernels.sigmoid, Kernels.tangent] {
                var (plain, fast) = (x, x)
                function(portable)(x, &plain, x.count)
                function(kernels)(x, &fast, x.count)
                #expect(bits(plain) == bits(fast))
            }
        }
    }

    @Test("An LSTM step, the attention and the mean of rows are what their formulas say")
    func encoder() {
        let (rows, hidden) = (5, 48)
        let gates = Seeded.uniform(stream: 18, count: rows * 4 * hidden).map { $0 * 6 }
        let cell = Seeded.uniform(stream: 19, count: rows * hidden)
        func step(_ kernels: Kernels) -> (cell: [Float], out: [Float]) {
            var (state, out) = (cell, [Float](repeating: 0, count: rows * 64))
            kernels.lstmStep(gates: gates, cell: &state, &out, rowsOfOutput: 64, rows: rows, hidden: hidden)
            return (state, out)
        }
        let plain = step(portable)
        func logistic(_ x: Float) -> Double { 1 / (1 + exp(-Double(x))) }
        for row in 0..<rows {
            for unit in 0..<hidden {
                let gate = (0..<4).map { gates[row * 4 * hidden + $0 * hidden + unit] }
                let state =
                    logistic(gate[1]) * Double(cell[row * hidden + unit]) + logistic(gate[0]) * tanh(Double(gate[2]))
                #expect(abs(Double(plain.cell[row * hidden + unit]) - state) < 1e-6)
                #expect(abs(Double(plain.out[row * 64 + unit]) - logistic(gate[3]) * tanh(state)) < 1e-6)
            }
        }
        let query = Seeded.uniform(stream: 20, count: 64)
        let values = Seeded.uniform(stream: 21, count: 40 * 80).map { $0 * 4 }
        func attention(_ kernels: Kernels) -> (out: [Float], weights: [Float]) {
            var (out, weights) = ([Float](repeating: 0, count: 64), [Float](repeating: 0, count: 40))
            kernels.attend(
                query: query, values: values, stride: 80, steps: 40, width: 64, scale: 0.5, &out, weights: &weights)
            return (out, weights)
        }
        let logits = (0..<40).map { t in (0..<64).reduce(0.0) { $0 + Double(query[$1] * values[t * 80 + $1]) } * 0.5 }
        let total = logits.reduce(0) { $0 + exp($1) }
        let attended = attention(portable)
        for t in 0..<40 { #expect(abs(Double(attended.weights[t]) - exp(logits[t]) / total) < 1e-6) }
        for i in 0..<64 {
            let expected = (0..<40).reduce(0.0) { $0 + exp(logits[$1]) / total * Double(values[$1 * 80 + i]) }
            #expect(abs(Double(attended.out[i]) - expected) < 1e-5)
        }
        var mean = [Float](repeating: 0, count: 64)
        portable.meanRows(values, stride: 80, rows: 40, columns: 64, &mean)
        #expect(abs(mean[3] - (0..<40).reduce(0) { $0 + values[$1 * 80 + 3] } / 40) < 1e-5)
        for kernels in Self.others {
            let fast = step(kernels)
            #expect(bits(fast.cell) == bits(plain.cell) && bits(fast.out) == bits(plain.out))
            let other = attention(kernels)
            #expect(bits(other.out) == bits(attended.out) && bits(other.weights) == bits(attended.weights))
            var otherMean = mean
            kernels.meanRows(values, stride: 80, rows: 40, columns: 64, &otherMean)
            #expect(bits(otherMean) == bits(mean))
        }
    }
}
