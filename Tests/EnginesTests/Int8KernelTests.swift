import Engines
import Foundation
import Models
import TestSupport
import Testing

/// The plain 8-bit kernels against integers and double precision, and every instruction set against the plain ones, bit
/// by bit. `Scripts/tests/int8_kernels.sh` does the second for processors of another family.
struct Int8KernelTests {
    static let others = Int8Kernels.InstructionSet.allCases.compactMap { Int8Kernels($0) }.filter {
        $0.instructionSet != .portable
    }
    #if arch(arm64)
        @Test(
            "NEON kernels are among those compared",
            // Only this family of processors has NEON.
            .enabled(if: Int8Kernels(.neon) != nil, "this processor has no NEON: its kernels are not compared"))
        func comparesNEON() { #expect(Self.others.contains { $0.instructionSet == .neon }) }
    #else
        @Test(
            "AVX2 kernels are among those compared",
            // Older processors have no AVX2.
            .enabled(if: Int8Kernels(.avx2) != nil, "this processor has no AVX2: its 8-bit kernels are not compared"))
        func comparesAVX2() { #expect(Self.others.contains { $0.instructionSet == .avx2 }) }

        @Test(
            "AVX-512 VNNI kernels are among those compared",
            // Many processors have no AVX-512 VNNI.
            .enabled(
                if: Int8Kernels(.avx512VNNI) != nil,
                "this processor has no AVX-512 VNNI: its 8-bit kernels are not compared"))
        func comparesAVX512() { #expect(Self.others.contains { $0.instructionSet == .avx512VNNI }) }
    #endif

    let portable = Int8Kernels(.portable) ?? .best

    private func bits(_ values: [Float]) -> [UInt32] { values.map(\.bitPattern) }

    /// Bytes of 0 to 127.
    private func bytes(stream: Int, count: Int) -> [UInt8] {
        Seeded.uniform(stream: stream, count: count).map { UInt8(($0 + 0.5) * 128) }
    }

    /// A matrix of integers of -127 to 127 with a scale for each output.
    private func weights(stream: Int, _ inputs: Int, _ outputs: Int) -> QuantizedTensor {
        QuantizedTensor(
            integers: Seeded.uniform(stream: stream, count: inputs * outputs).map { Int8($0 * 254) },
            scales: Seeded.uniform(stream: stream + 1, count: outputs).map { ($0 + 0.6) / 4096 })
    }

    @Test(
        "A product of bytes is the exact sum, scaled by one fused multiply-add and rounded to even",
        arguments: [Int8Kernels.RowForm.bytes, .pair])
    func productOfBytes(form: Int8Kernels.RowForm) {
        for (m, k, n) in [(1, 4, 32), (5, 36, 64), (13, 128, 96), (200, 1024, 32)] {
            let a = bytes(stream: 31, count: m * k * form.digits)
            let b = weights(stream: 32, k, n)
            let bias = Seeded.uniform(stream: 34, count: n)
            let (inputScale, outputScale): (Float, Float) = (form == .bytes ? 0.5 : 0.5 / 128, 0.0625)
            let matrix = QuantizedMatrix(
                b, bias: bias, form: form, inputScale: inputScale, outputScale: outputScale)
            var plain = [UInt8](repeating: 200, count: m * n)
            matrix.multiply(a, &plain, rows: m, portable)
            for row in 0..<m {
                let values = a[row * k * form.digits..<(row + 1) * k * form.digits]
                for column in 0..<n {
                    let sum = (0..<k).reduce(0) { $0 + element(values, $1, form) * Int(b.integers[$1 * n + column]) }
                    let value = (bias[column] / outputScale).addingProduct(
                        Float(sum), b.scales[column] * inputScale / outputScale)
                    let expected = UInt8(min(max(value, 0), 127).rounded(.toNearestOrEven))
                    #expect(plain[row * n + column] == expected, "\(m) x \(k) x \(n)")
                }
            }
            #expect(Set(plain).count > 10)
            for kernels in Self.others {
                var fast = [UInt8](repeating: 200, count: m * n)
                matrix.multiply(a, &fast, rows: m, kernels)
                #expect(fast == plain, "\(kernels.instructionSet) \(m) x \(k) x \(n)")
            }
        }
    }

    /// A value of a row in one of the forms, in units of the row.
    private func element(_ row: ArraySlice<UInt8>, _ i: Int, _ form: Int8Kernels.RowForm) -> Int {
        let (high, low) = (
            Int(row[row.startIndex + i]), Int(row[row.startIndex + row.count / form.digits * (form.digits - 1) + i])
        )
        return switch form {
        case .bytes: high
        case .sums: 8 * high + low
        case .pair: 128 * high + low
        case .signed: high - 64
        case .signedPair: 128 * high + low - 8192
        }
    }

    @Test("A product of bytes in floats is the exact sum times both scales", arguments: Int8Kernels.RowForm.allCases)
    func productInFloats(form: Int8Kernels.RowForm) {
        for (m, k, n) in [(1, 4, 1), (7, 36, 33), (24, 128, 512), (13, 1024, 70), (195, 64, 31)] {
            var a = bytes(stream: 41, count: m * k * form.digits)
            if form == .sums { for i in a.indices where i / k % 2 == 1 { a[i] &= 7 } }
            let b = weights(stream: 42, k, n)
            let bias = Seeded.uniform(stream: 44, count: n)
            let scales = Seeded.uniform(stream: 45, count: m).map { $0 + 0.6 }
            let old = Seeded.uniform(stream: 46, count: m * n)
            for (given, rowScales) in [(bias, nil), (nil, scales), (bias, scales)] as [([Float]?, [Float]?)] {
                let matrix = QuantizedMatrix(b, bias: given, form: form, inputScale: 0.25)
                func run(_ kernels: Int8Kernels, rows: Range<Int>) -> [Float] {
                    var c = Array(old[rows.lowerBound * n..<rows.upperBound * n])
                    let size = k * form.digits
                    let part = Array(a[rows.lowerBound * size..<rows.upperBound * size])
                    if let rowScales {
                        matrix.multiply(
                            part, scales: Array(rowScales[rows]), &c, rows: rows.count, .relu, kernels)
                    } else {
                        matrix.multiply(part, scales: nil, &c, rows: rows.count, .relu, kernels)
                    }
                    return c
                }
                let plain = run(portable, rows: 0..<m)
                for row in 0..<m {
                    let values = a[row * k * form.digits..<(row + 1) * k * form.digits]
                    for column in 0..<n {
                        let sum = (0..<k).reduce(0) {
                            $0 + element(values, $1, form) * Int(b.integers[$1 * n + column])
                        }
                        let by = (rowScales?[row] ?? 1) * (b.scales[column] * 0.25)
                        let start = given?[column] ?? old[row * n + column]
                        #expect(plain[row * n + column] == max(start.addingProduct(Float(sum), by), 0))
                    }
                }
                for kernels in Self.others {
                    #expect(bits(run(kernels, rows: 0..<m)) == bits(plain), "\(kernels.instructionSet) \(m) x \(n)")
                    let some = m / 3..<m
                    #expect(bits(run(kernels, rows: some)) == bits(Array(plain[some.lowerBound * n..<m * n])))
                }
            }
        }
    }

    /// What SAME padding puts before the first row or column.
    private func before(_ size: Int, _ stride: Int) -> Int {
        let outputs = (size + stride - 1) / stride
        return max((outputs - 1) * stride + 3 - size, 0) / 2
    }

    @Test("Depthwise convolution of bytes is the exact sum under SAME padding at both strides", arguments: [1, 2])
    func depthwise(stride: Int) {
        for (height, width, channels) in [(24, 16, 64), (7, 5, 192), (6, 4, 128), (3, 2, 256), (1, 1, 64), (5, 9, 64)] {
            let images = 2
            let input = bytes(stream: 51, count: images * height * width * channels)
            let tensor = weights(stream: 52, 9, channels)
            let bias = Seeded.uniform(stream: 54, count: channels)
            let layer = QuantizedDepthwise(tensor, bias: bias, inputScale: 2, outputScale: 0.03125)
            let (rows, columns) = ((height + stride - 1) / stride, (width + stride - 1) / stride)
            func run(_ kernels: Int8Kernels) -> [UInt8] {
                var output = [UInt8](repeating: 200, count: images * rows * columns * channels)
                layer.apply(input, images: images, height: height, width: width, stride: stride, &output, kernels)
                return output
            }
            let plain = run(portable)
            for place in 0..<images * rows * columns {
                let (image, y, x) = (place / columns / rows, place / columns % rows, place % columns)
                for c in 0..<channels {
                    var sum = 0
                    for tap in 0..<9 {
                        let row = y * stride - before(height, stride) + tap / 3
                        let column = x * stride - before(width, stride) + tap % 3
                        guard (0..<height).contains(row), (0..<width).contains(column) else { continue }
                        sum +=
                            Int(input[((image * height + row) * width + column) * channels + c])
                            * Int(tensor.integers[tap * channels + c])
                    }
                    let value = (bias[c] / 0.03125).addingProduct(Float(sum), tensor.scales[c] * 2 / 0.03125)
                    #expect(plain[place * channels + c] == UInt8(min(max(value, 0), 127).rounded(.toNearestOrEven)))
                }
            }
            #expect(Set(plain).count > 10)
            for kernels in Self.others { #expect(run(kernels) == plain, "\(kernels.instructionSet) \(channels)") }
        }
    }

    @Test("Floats in two digits are rounded to even, and limited")
    func digits() {
        let (rows, columns) = (5, 48)
        var input = Seeded.uniform(stream: 61, count: rows * columns).map { $0 * 14 }
        (input[0], input[1], input[2]) = (6, 0.5 / 2730.5, 1.5 / 2730.5)
        func run(_ kernels: Int8Kernels) -> [UInt8] {
            var output = [UInt8](repeating: 200, count: 2 * rows * columns)
            kernels.digitRows(input, rows: rows, columns: columns, factor: 2730.5, &output)
            return output
        }
        let plain = run(portable)
        for row in 0..<rows {
            for column in 0..<columns {
                let value = min(max(input[row * columns + column] * 2730.5, 0), 16383)
                let (high, low) = (plain[row * 2 * columns + column], plain[(row * 2 + 1) * columns + column])
                #expect(128 * Int(high) + Int(low) == Int(value.rounded(.toNearestOrEven)) && high < 128 && low < 128)
            }
        }
        for kernels in Self.others { #expect(run(kernels) == plain, "\(kernels.instructionSet)") }
    }

    @Test("Sums over rows are exact, in digits and in floats")
    func sums() {
        for (rows, columns) in [(6, 1024), (8, 48), (1, 16)] {
            var input = bytes(stream: 71, count: rows * columns)
            for row in 0..<rows { input[row * columns] = 127 }
            func run(_ kernels: Int8Kernels) -> (digits: [UInt8], floats: [Float]) {
                var (digits, floats) = (
                    [UInt8](repeating: 0, count: 2 * columns), [Float](repeating: 0, count: columns)
                )
                kernels.sumRows(input, rows: rows, columns: columns, factor: 0.3, digits: &digits, &floats)
                return (digits, floats)
            }
            let plain = run(portable)
            for c in 0..<columns {
                let sum = (0..<rows).reduce(0) { $0 + Int(input[$1 * columns + c]) }
                #expect(8 * Int(plain.digits[c]) + Int(plain.digits[columns + c]) == sum)
                #expect(plain.floats[c] == Float(sum) * 0.3 && plain.digits[c] < 128 && plain.digits[columns + c] < 8)
            }
            for kernels in Self.others {
                #expect(run(kernels).digits == plain.digits && bits(run(kernels).floats) == bits(plain.floats))
            }
        }
    }

    @Test(
        "A row of floats as bytes is off by at most half a unit", arguments: [Int8Kernels.RowForm.signed, .signedPair])
    func quantizedRows(form: Int8Kernels.RowForm) {
        let (rows, columns) = (6, 400)
        var input = Seeded.uniform(stream: 81, count: rows * columns)
        for i in 0..<columns {
            input[i] *= 1e-20
            input[columns + i] = 0
            input[2 * columns + i] *= 1e-31
            input[3 * columns + i] *= 1e30
        }
        func run(_ kernels: Int8Kernels) -> (bytes: [UInt8], scales: [Float]) {
            var bytes = [UInt8](repeating: 200, count: rows * columns * form.digits)
            var scales = [Float](repeating: -1, count: rows)
            kernels.quantizeRows(
                input, stride: columns, rows: rows, columns: columns, form: form, &bytes, scales: &scales)
            return (bytes, scales)
        }
        let plain = run(portable)
        #expect(plain.bytes.allSatisfy { $0 < 128 })
        #expect(plain.scales[1] == 0 && plain.scales[2] == 0)
        let limit = form == .signed ? 63 : 8191
        for row in 0..<rows {
            let bytes = plain.bytes[row * columns * form.digits..<(row + 1) * columns * form.digits]
            let values = (0..<columns).map { element(bytes, $0, form) }
            let exact = input[row * columns..<(row + 1) * columns]
            let largest = exact.map(abs).max() ?? 0
            guard largest > 1e-30 else {
                #expect(values.allSatisfy { $0 == 0 })
                continue
            }
            #expect(values.map(abs).max() == limit && abs(plain.scales[row] / largest * Float(limit) - 1) < 1e-6)
            #expect(zip(values, exact).allSatisfy { abs(Float($0) - $1 / plain.scales[row]) < 0.502 })
        }
        for kernels in Self.others {
            #expect(run(kernels).bytes == plain.bytes && bits(run(kernels).scales) == bits(plain.scales))
        }
    }
}
