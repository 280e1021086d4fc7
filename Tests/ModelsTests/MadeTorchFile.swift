import Foundation
import TestSupport

/// A state dictionary as `torch.save` writes it, put together instruction by instruction, so that a test can make what
/// PyTorch does not.
struct MadeTorchFile {
    /// Tensors in order: name, shape, values.
    var tensors: [(name: String, shape: [Int], values: [Float])]
    /// The kind of storage; the elements are converted to it.
    var storage = "FloatStorage"
    /// Whether tensors of two axes are stored transposed, with strides that say so.
    var isTransposed = false
    /// Elements in the storage before a tensor's first.
    var offset = 0
    /// Whether each tensor is wrapped as a parameter.
    var isParameter = false
    /// The key under which the whole dictionary lies in another; nil for none.
    var wrapper: String?
    var byteOrder: String? = "little"
    /// What is done to the pickle before it is packed.
    var change: ([UInt8]) -> [UInt8] = { $0 }
    /// What is done to the members before they are packed.
    var changeMembers: ([MadeZip.Member]) -> [MadeZip.Member] = { $0 }

    init(_ tensors: [(name: String, shape: [Int], values: [Float])]) { self.tensors = tensors }

    // MARK: Instructions

    static func text(_ text: String) -> [UInt8] { [0x58] + MadeZip.number(text.utf8.count, 4) + Array(text.utf8) }
    static func number(_ number: Int) -> [UInt8] {
        switch number {
        case 0..<256: [0x4B, UInt8(number)]
        case 0..<65_536: [0x4D] + MadeZip.number(number, 2)
        case -0x8000_0000..<0x8000_0000: [0x4A] + MadeZip.number(number, 4)
        default: [0x8A, 8] + MadeZip.number(number, 8)
        }
    }
    static func name(_ module: String, _ name: String) -> [UInt8] { Array("c\(module)\n\(name)\n".utf8) }
    static func tuple(_ items: [[UInt8]]) -> [UInt8] { [0x28] + items.flatMap { $0 } + [0x74] }
    static func call(_ function: [UInt8], _ arguments: [[UInt8]]) -> [UInt8] { function + tuple(arguments) + [0x52] }
    static func dictionary(_ entries: [(String, [UInt8])]) -> [UInt8] {
        call(name("collections", "OrderedDict"), []) + [0x28] + entries.flatMap { text($0.0) + $0.1 } + [0x75]
    }
    static func storage(_ kind: String, key: String, count: Int) -> [UInt8] {
        tuple([text("storage"), name("torch", kind), text(key), text("cpu"), number(count)]) + [0x51]
    }
    static func tensor(_ storage: [UInt8], offset: Int, shape: [Int], strides: [Int]) -> [UInt8] {
        call(
            name("torch._utils", "_rebuild_tensor_v2"),
            [storage, number(offset), tuple(shape.map(number)), tuple(strides.map(number)), [0x89], dictionary([])])
    }
    static func whole(_ value: [UInt8]) -> [UInt8] { [0x80, 2] + value + [0x2E] }

    // MARK: The file

    private func strides(_ shape: [Int]) -> [Int] {
        if isTransposed, shape.count == 2 { return [1, shape[0]] }
        return shape.indices.map { shape[($0 + 1)...].reduce(1, *) }
    }

    /// The elements as they lie in the storage.
    private func stored(_ shape: [Int], _ values: [Float]) -> [Float] {
        let own =
            isTransposed && shape.count == 2
            ? (0..<values.count).map { values[$0 % shape[0] * shape[1] + $0 / shape[0]] } : values
        return [Float](repeating: 77, count: offset) + own
    }

    private func bytes(_ value: Float) -> [UInt8] {
        switch storage {
        case "HalfStorage": MadeZip.number(Int(Float16(value).bitPattern), 2)
        case "BFloat16Storage": MadeZip.number(Int(value.bitPattern >> 16), 2)
        case "DoubleStorage": MadeZip.number(Int(truncatingIfNeeded: Double(value).bitPattern), 8)
        case "LongStorage": MadeZip.number(Int(value), 8)
        default: MadeZip.number(Int(value.bitPattern), 4)
        }
    }

    /// The pickle, changed.
    var pickle: [UInt8] {
        let entries = tensors.enumerated().map { index, tensor -> (String, [UInt8]) in
            let count = stored(tensor.shape, tensor.values).count
            var value = Self.tensor(
                Self.storage(storage, key: "\(index)", count: count), offset: offset, shape: tensor.shape,
                strides: strides(tensor.shape))
            if isParameter {
                value = Self.call(
                    Self.name("torch._utils", "_rebuild_parameter"), [value, [0x88], Self.dictionary([])])
            }
            return (tensor.name, value)
        }
        var top = Self.dictionary(entries)
        // The versions of the modules' formats, an attribute of the dictionary.
        top +=
            [0x7D] + Self.text("_metadata")
            + Self.dictionary([("", [0x7D] + Self.text("version") + Self.number(1) + [0x73])])
        top += [0x73, 0x62]
        if let wrapper { top = [0x7D, 0x28] + Self.text("epoch") + Self.number(3) + Self.text(wrapper) + top + [0x75] }
        return change(Self.whole(top))
    }

    var members: [MadeZip.Member] {
        var list = [MadeZip.Member("made/data.pkl", pickle)]
        if let byteOrder { list.append(MadeZip.Member("made/byteorder", Array(byteOrder.utf8))) }
        for (index, tensor) in tensors.enumerated() {
            list.append(
                MadeZip.Member("made/data/\(index)", stored(tensor.shape, tensor.values).flatMap(bytes)))
        }
        list.append(MadeZip.Member("made/version", Array("3\n".utf8)))
        for index in list.indices { list[index].hasDescriptor = true }
        return changeMembers(list)
    }

    /// The whole file.
    var data: [UInt8] { MadeZip(members).data }

    /// Writes the file.
    func write(_ path: String) throws { try Data(data).write(to: URL(fileURLWithPath: path)) }
}
