import Engines
import Errors
import TestSupport
import Testing

/// What becomes of float32 values in a graph's own types, and back.
@Suite struct TensorBufferTests {
    private func buffer(
        _ element: ForeignTensor.Element, _ shape: [Int], _ quantization: TensorBuffer.Quantization? = nil
    ) throws -> TensorBuffer {
        try TensorBuffer(
            ForeignTensor(name: "x", element: element, shape: shape.map { $0 }), shape: shape,
            quantization: quantization, file: "g.onnx")
    }

    private func there(_ values: [Float], _ buffer: TensorBuffer) throws -> [Float] {
        try buffer.set(values)
        var back = [Float](repeating: -1, count: values.count)
        buffer.get(&back)
        return back
    }

    @Test("Values that a type has come back as they were")
    func exact() throws {
        let small: [Float] = [0, 1, 2, 127]
        for element: ForeignTensor.Element in [.float32, .float16, .int8, .uint8, .int16, .int32, .int64] {
            #expect(try there(small, buffer(element, [2, 2])) == small, "\(element)")
        }
        #expect(try there([0, 1, 0, 1], buffer(.bool, [4])) == [0, 1, 0, 1])
        #expect(try there([0.5, -2, .nan, 0], buffer(.bool, [4])) == [1, 1, 1, 0])
        #expect(
            try there([-.infinity, 1e30, -0.1, .infinity], buffer(.float32, [4])) == [
                -.infinity, 1e30, -0.1, .infinity,
            ])
        #expect(
            try there([0.1, 70_000, -1, 6e-8], buffer(.float16, [4])) == [0.099975586, .infinity, -1, 5.9604645e-8])
        let large: [Float] = [-16_777_216, 16_777_216, 0, -1]
        for element: ForeignTensor.Element in [.int32, .int64] {
            #expect(try there(large, buffer(element, [4])) == large)
        }
    }

    @Test("Integers are rounded to the nearest, halves to even; what they do not have is refused with its range")
    func integers() throws {
        #expect(try there([0.4, 0.5, 1.5, -2.5], buffer(.int8, [4])) == [0, 0, 2, -2])
        let misfits: [(ForeignTensor.Element, Float)] = [
            (.int8, 128), (.int8, -129), (.uint8, -1), (.uint8, 256), (.int16, 40_000), (.int32, 2_147_483_648),
            (.int64, 9.3e18), (.int8, .nan), (.int64, .infinity),
        ]
        for (element, value) in misfits {
            let error = #expect(throws: ForeignEngineError.self, "\(element) \(value)") {
                try there([0, value], buffer(element, [2]))
            }
            let text = error.map { "\($0)" } ?? ""
            #expect(
                text.hasPrefix("g.onnx: tensor x: found the value \(value) for the type \(element.rawValue)"), "\(text)"
            )
        }
    }

    @Test("Quantised integers stand for scale times their distance from the zero point, and saturate")
    func quantised() throws {
        let how = TensorBuffer.Quantization(scale: 0.5, zeroPoint: 3)
        #expect(
            try there([0, 0.5, -1, 0.3, 1000, -1000], buffer(.int8, [6], how)) == [0, 0.5, -1, 0.5, 62, -65.5])
        #expect(try there([1e30, -1e30], buffer(.int64, [2], how)).allSatisfy(\.isFinite))
        #expect(throws: ForeignEngineError.self) { try there([.nan], buffer(.int8, [1], how)) }
        // The plainest formula, over all values of the type.
        let values = (-128...127).map { Float(Double($0 - 3) * 0.5) }
        #expect(try there(values, buffer(.int8, [256], how)) == values)
    }

    @Test("Absurd shapes are refused before anything is allocated")
    func absurd() throws {
        for shape in [[0], [-1], [1 << 29], [1 << 14, 1 << 15], [.max, .max], [1 << 32, 1 << 32, 0], [2, .min]] {
            let error = #expect(throws: ForeignEngineError.self, "\(shape)") { try buffer(.float32, shape) }
            #expect(error.map { "\($0)".hasPrefix("g.onnx: tensor x: found ") } == true)
        }
        #expect(throws: ForeignEngineError.self) { try buffer(.other, [1]) }
        #expect(try buffer(.float32, []).count == 1)
        let twice = ForeignTensor(name: "x", element: .float32, shape: [nil])
        #expect(throws: ForeignEngineError.self) { try TensorShape.check([twice, twice], "g.onnx") }
    }
}
