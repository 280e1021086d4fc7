import Files
import Wording

/// An ONNX file: a graph with what is to be known of it (field numbers of ONNX's onnx.proto).
struct ONNXModel {
    let graph: ONNXGraph
    let name: String
    /// What the file holds, in words.
    let description: String
    /// Texts by key, for programs; written in the order of the keys.
    let texts: [String: String]

    /// Version of the operators, of 2021. All that are used have the same form from 14 to 17, so runtimes of any age
    /// since then read the file.
    static let operators = 15
    /// Version of the file's format that belongs to it.
    private static let format = 8

    /// Writes the file, one tensor after another.
    ///
    /// - Returns: its size in bytes.
    /// - Throws: `FileError` if it cannot be written; what a tensor's values throw.
    func write(to path: String) throws -> Int {
        var front = ProtocolBuffer()
        front.append(graph.nodes)
        front.text(2, name)
        let heads = graph.tensors.map { tensor in
            let head = tensor.head
            var whole = ProtocolBuffer()
            whole.begin(5, count: head.bytes.count + tensor.count)
            whole.append(head)
            return whole.bytes
        }
        var back = ProtocolBuffer()
        back.text(10, description)
        for value in graph.inputs { back.message(11, value.message) }
        for value in graph.outputs { back.message(12, value.message) }

        var start = ProtocolBuffer()
        start.integer(1, Self.format)
        start.text(2, "earmark")
        start.text(3, ProgramVersion.number)
        start.text(6, description)
        let values = zip(heads, graph.tensors).reduce(0) { $0 + $1.0.count + $1.1.count }
        start.begin(7, count: front.bytes.count + values + back.bytes.count)
        var end = ProtocolBuffer()
        end.message(8) { $0.integer(2, Self.operators) }
        for (key, value) in texts.sorted(by: { $0.key < $1.key }) {
            end.message(14) { entry in
                entry.text(1, key)
                entry.text(2, value)
            }
        }

        var size = 0
        try FileSystem.write(path) { put in
            func pass(_ bytes: [UInt8]) throws {
                size += bytes.count
                try put(bytes[...])
            }
            try pass(start.bytes + front.bytes)
            for (head, tensor) in zip(heads, graph.tensors) {
                let bytes = try tensor.bytes()
                precondition(bytes.count == tensor.count, "\(tensor.name): \(bytes.count) bytes, not \(tensor.count)")
                try pass(head)
                try pass(bytes)
            }
            try pass(back.bytes + end.bytes)
        }
        return size
    }
}
