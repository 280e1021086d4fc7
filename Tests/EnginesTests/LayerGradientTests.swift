import Engines
import Foundation
import Models
import TestSupport
import Testing

/// Every layer's way back against central differences of its way forward.
///
/// The loss is the product of the layer's output with a fixed vector, summed in double precision. Steps of 2^-9 in single precision
/// leave the differences right to about three digits; the tolerance is 1 % of the largest gradient. Where a rectifier's corner lies
/// within the step, the two half differences part and the place says nothing; at least three in four places must say something.
struct LayerGradientTests {
    private static let step: Float = 0x1p-9
    private let kernels = Kernels.best

    /// Compares a gradient with differences of `loss` at up to 40 places of `values`.
    private func check(
        _ name: String, _ values: UnsafeMutablePointer<Float>, count: Int, gradient: [Float], step: Float = Self.step,
        loss: () -> Double
    ) {
        let largest = Double(gradient.map(abs).max() ?? 0)
        #expect(largest > 0, "\(name): all gradients are 0")
        let here = loss()
        let probes = min(count, 40)
        var corners = 0
        for probe in 0..<probes {
            let index = probe * count / probes
            let kept = values[index]
            values[index] = kept + step
            let above = loss()
            values[index] = kept - step
            let below = loss()
            values[index] = kept
            if abs(above - 2 * here + below) > 0.005 * largest * Double(step) {
                corners += 1
                continue
            }
            let difference = (above - below) / Double(2 * step)
            #expect(abs(difference - Double(gradient[index])) < 0.01 * largest, "\(name)[\(index)]")
        }
        #expect(4 * corners <= probes, "\(name): \(corners) of \(probes) places at corners")
    }

    private func product(_ a: UnsafePointer<Float>, _ b: [Float]) -> Double {
        b.indices.reduce(0) { $0 + Double(a[$1]) * Double(b[$1]) }
    }

    private func filled(_ stream: Int, _ count: Int, times scale: Float = 2, plus offset: Float = 0) -> AlignedFloats {
        AlignedFloats(Seeded.uniform(stream: stream, count: count).map { $0 * scale + offset })
    }

    private func array(_ floats: AlignedFloats, _ count: Int? = nil) -> [Float] {
        Array(UnsafeBufferPointer(start: floats.pointer, count: count ?? floats.count))
    }

    /// Parameters of LEAN by formula.
    private func parameters() -> ParameterBuffer {
        let buffer = ParameterBuffer(ParameterLayout(architecture: .lean, classes: 7))
        let values = Seeded.parameters(.lean, classes: 7)
        for parameter in buffer.layout.parameters { buffer.set(parameter, values[parameter.name] ?? []) }
        return buffer
    }

    private func floats(_ buffer: ParameterBuffer, _ name: String) -> [Float] {
        buffer.layout[name].map { buffer.floats($0) } ?? []
    }

    @Test("Dense layers with ReLU6, ReLU and no activation", arguments: [Kernels.Activation.relu6, .relu, .none])
    func dense(activation: Kernels.Activation) {
        let parameters = parameters()
        let gradients = ParameterBuffer(parameters.layout)
        let layer = DenseLayer(parameters.layout, weight: "pw1/w", bias: "pw1/b", activation: activation)
        let rows = 5
        let x = filled(20, rows * layer.inputs, times: 6)
        let y = AlignedFloats(count: rows * layer.outputs)
        let r = Seeded.uniform(stream: 21, count: y.count)
        let forward = {
            layer.load(parameters)
            layer.forward(x.pointer, y.pointer, rows: rows, kernels)
            return product(y.pointer, r)
        }
        _ = forward()
        var dy = r
        let dx = AlignedFloats(count: x.count)
        layer.backward(
            x.pointer, y: y.pointer, &dy, dx: dx.pointer, rows: rows, gradients: gradients,
            scratch: AlignedFloats(count: layer.scratch(rows: rows)), kernels)
        check("input", x.pointer, count: x.count, gradient: array(dx), loss: forward)
        for name in ["pw1/w", "pw1/b"] {
            let gradient = floats(gradients, name)
            check(name, parameters.pointer(name), count: gradient.count, gradient: gradient, loss: forward)
        }
    }

    @Test("Depthwise convolutions of stride 1 and 2, even and odd sizes", arguments: [1, 2], [(6, 8), (5, 3)])
    func depthwise(stride: Int, size: (Int, Int)) {
        let parameters = parameters()
        let gradients = ParameterBuffer(parameters.layout)
        let layer = DepthwiseLayer(name: "dw2", height: size.0, width: size.1, channels: 64, stride: stride)
        let x = filled(22, 2 * layer.inputCount, times: 4)
        let y = AlignedFloats(count: 2 * layer.outputCount)
        let r = Seeded.uniform(stream: 23, count: y.count)
        let forward = {
            layer.forward(x.pointer, y.pointer, images: 2, parameters, kernels)
            return product(y.pointer, r)
        }
        _ = forward()
        var dy = r
        let dx = AlignedFloats(count: x.count)
        layer.backward(
            x.pointer, y: y.pointer, &dy, dx: dx.pointer, images: 2, parameters,
            gradients: gradients, kernels)
        check("input", x.pointer, count: x.count, gradient: array(dx), loss: forward)
        for name in ["dw2/w", "dw2/b"] {
            let gradient = floats(gradients, name)
            check(name, parameters.pointer(name), count: gradient.count, gradient: gradient, loss: forward)
        }
    }

    @Test("The first convolution")
    func firstConvolution() {
        let parameters = parameters()
        let gradients = ParameterBuffer(parameters.layout)
        let layer = FirstConvolutionLayer(height: 8, width: 10)
        let x = filled(24, layer.inputCount, times: 4)
        let y = AlignedFloats(count: layer.outputCount)
        let r = Seeded.uniform(stream: 25, count: y.count)
        let forward = {
            layer.forward(x.pointer, y.pointer, parameters, kernels)
            return product(y.pointer, r)
        }
        _ = forward()
        var dy = r
        layer.backward(x.pointer, y: y.pointer, &dy, gradients: gradients, kernels)
        for name in ["conv/w", "conv/b"] {
            let gradient = floats(gradients, name)
            check(name, parameters.pointer(name), count: gradient.count, gradient: gradient, loss: forward)
        }
    }

    @Test("The mean over rows")
    func mean() {
        let layer = MeanLayer(rows: 6, columns: 32)
        let x = filled(26, 6 * 32)
        let y = AlignedFloats(count: 32)
        let r = Seeded.uniform(stream: 27, count: 32)
        let dx = AlignedFloats(count: x.count)
        layer.backward(r, dx: dx.pointer, stride: 32)
        check("input", x.pointer, count: x.count, gradient: array(dx)) {
            layer.forward(x.pointer, stride: 32, y.pointer, kernels)
            return product(y.pointer, r)
        }
    }

    @Test("Both directions of an LSTM layer", arguments: ["forward", "backward"])
    func lstm(direction: String) {
        let parameters = parameters()
        let gradients = ParameterBuffer(parameters.layout)
        let name = "encoder2/\(direction)"
        let layer = LSTMLayer(parameters.layout, name: name, isBackward: direction == "backward")
        let (chunks, width) = (2, LEANShape.width)
        let x = filled(28, 40 * chunks * layer.input.inputs, times: 0.5)
        let y = AlignedFloats(count: 40 * chunks * width)
        // Only the last output worked out counts for the recurrent weights' whole chain; the others for the rest.
        let r = Seeded.uniform(stream: 29, count: y.count).enumerated().map { $0 % width < 128 ? $1 : 0 }
        let memory = LSTMLayer.Memory(chunks: chunks)
        let forward = {
            layer.load(parameters)
            layer.forward(x.pointer, y.pointer, outputStride: width, chunks: chunks, memory, kernels)
            return product(y.pointer, r)
        }
        _ = forward()
        let dx = AlignedFloats(count: x.count)
        layer.backward(
            x.pointer, y: y.pointer, dy: r, outputStride: width, dx: dx.pointer, addsToInput: false, chunks: chunks,
            memory, gradients: gradients, scratch: AlignedFloats(count: layer.scratch(chunks: chunks)), kernels)
        check("input", x.pointer, count: x.count, gradient: array(dx), loss: forward)
        for part in ["w", "u", "b"] {
            let gradient = floats(gradients, "\(name)/\(part)")
            check(
                "\(name)/\(part)", parameters.pointer("\(name)/\(part)"), count: gradient.count, gradient: gradient,
                loss: forward)
        }
    }

    @Test("Cross-attention: query and values", arguments: [Float(1) / 16, 0.25])
    func attention(scale: Float) {
        let layer = AttentionLayer(scale: scale)
        let width = LEANShape.width
        let query = filled(30, width, times: 4)
        let values = filled(31, 40 * width)
        let context = AlignedFloats(count: width)
        let weights = AlignedFloats(count: 40)
        let r = Seeded.uniform(stream: 32, count: width)
        let forward = {
            layer.forward(
                query: query.pointer, values: values.pointer, stride: width, context.pointer,
                weights: weights.pointer, kernels)
            return product(context.pointer, r)
        }
        _ = forward()
        let dq = AlignedFloats(count: width)
        let dv = AlignedFloats(count: values.count)
        layer.backward(
            query: query.pointer, values: values.pointer, stride: width, weights: weights.pointer, gradient: r,
            queryGradient: dq.pointer, valueGradient: dv.pointer, kernels)
        check("query", query.pointer, count: width, gradient: array(dq), step: 0x1p-7, loss: forward)
        check("values", values.pointer, count: values.count, gradient: array(dv), step: 0x1p-7, loss: forward)
    }

    @Test("Sigmoid with binary cross-entropy, weighted, at large logits too")
    func crossEntropy() {
        let logits: [Float] = [0, 3, -3, 0.5, -40, 40, 1]
        let targets: [Float] = [0, 1, 1, 0.25, 0, 1, 0]
        let weights: [Float] = [1, 2, 0.5, 1, 1, 1, 3]
        let loss = SigmoidCrossEntropy()
        func value(_ z: [Float]) -> Double {
            var z = z
            return loss.lossAndGradient(&z, targets: targets, weights: weights, classes: 7, scale: 1)
        }
        var gradient = logits
        _ = loss.lossAndGradient(&gradient, targets: targets, weights: weights, classes: 7, scale: 0.5)
        for index in logits.indices {
            var (above, below) = (logits, logits)
            above[index] += 0x1p-7
            below[index] -= 0x1p-7
            #expect(abs((value(above) - value(below)) * 0x1p6 - Double(2 * gradient[index])) < 2e-3)
        }
        #expect(abs(value([-100, 100, 0, 0, 0, 0, 0]) - value([-90, 90, 0, 0, 0, 0, 0])) < 1e-6)
        var wrong: [Float] = [100]
        #expect(abs(loss.lossAndGradient(&wrong, targets: [0], weights: nil, classes: 1, scale: 1) - 100) < 1e-4)
    }
}
