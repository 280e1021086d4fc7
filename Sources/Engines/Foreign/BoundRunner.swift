import Synchronization

/// The part that all engines' runners have in common. A runner's tensors are bound to memory of its own once; each call
/// copies the inputs there, computes, and copies the outputs out.
///
/// Handing the caller's memory to the engine would save the two copies. They take about a thousandth of the time of a
/// network of any use, and no engine can then keep a pointer to what the caller has freed.
class BoundRunner: ForeignRunner {
    let inputs: [TensorBuffer]
    let outputs: [TensorBuffer]
    let outputShapes: [[Int]]

    init(inputs: [TensorBuffer], outputs: [TensorBuffer]) {
        self.inputs = inputs
        self.outputs = outputs
        outputShapes = outputs.map(\.shape)
    }

    /// Computes the outputs from the inputs, both in their buffers.
    ///
    /// - Parameter wanted: for each output whether it is read; the others may be left out.
    /// - Throws: `ForeignEngineError` with the engine's own words.
    func compute(wanted: [Bool]) throws { preconditionFailure("a runner without an engine") }

    final func run(inputs values: [UnsafePointer<Float>], outputs results: [UnsafeMutablePointer<Float>?]) throws {
        precondition(values.count == inputs.count && results.count == outputs.count, "one pointer for each tensor")
        for (buffer, value) in zip(inputs, values) { try buffer.set(value) }
        try ForeignCalls.counted { try compute(wanted: results.map { $0 != nil }) }
        for (buffer, result) in zip(outputs, results) { if let result { buffer.get(result) } }
    }
}

/// How many calls of foreign engines are under way in this process.
package enum ForeignCalls {
    private static let number = Atomic<Int>(0)

    /// While one is under way, for example one that never returns, the process must end without running what the engines
    /// have left to be run at its end: it would destroy what the call is using, or wait for it.
    package static var areUnderWay: Bool { number.load(ordering: .relaxed) > 0 }

    static func counted<Value>(_ call: () throws -> Value) rethrows -> Value {
        number.wrappingAdd(1, ordering: .relaxed)
        defer { number.wrappingSubtract(1, ordering: .relaxed) }
        return try call()
    }
}
