import Files

/// The tensors of a network by name, as another program stored them: PyTorch's "state dictionary".
///
/// Nothing in its file is trusted: names, shapes and places are checked when it is opened, and values when they are read.
package protocol StateDictionary {
    var path: String { get }
    /// The shape of every tensor by name.
    var shapes: [String: [Int]] { get }

    /// The values of a tensor, row-major.
    ///
    /// - Throws: `ModelError` if there is no such tensor, its values are not floats or not finite; `ArchiveError` or
    ///   `FileError` if they cannot be read.
    func floats(_ name: String) throws -> [Float]
}

extension StateDictionary {
    /// A tensor of a required shape.
    ///
    /// - Throws: `ModelError.tensor` if it is missing or has another shape; what `floats(_:)` throws.
    func floats(_ name: String, shape: [Int]) throws -> [Float] {
        guard let found = shapes[name] else {
            throw ModelError.tensor(path: path, tensor: name, reason: "missing; expected shape \(shape)")
        }
        guard found == shape else {
            throw ModelError.tensor(
                path: path, tensor: name, reason: "shape \(found.prefix(8)); expected \(shape)")
        }
        return try floats(name)
    }

    /// Checks that values are finite.
    ///
    /// - Throws: `ModelError.tensor` naming the first that is not.
    func checked(_ values: [Float], _ name: String) throws -> [Float] {
        if let index = values.firstIndex(where: { !$0.isFinite }) {
            throw ModelError.tensor(
                path: path, tensor: name, reason: "value \(index) is \(values[index]); expected a finite number")
        }
        return values
    }
}

/// Opens state dictionaries of the formats that can be read: safetensors, and PyTorch's since version 1.6.
package enum StateDictionaries {
    /// Opens a file, whose format its first bytes tell.
    ///
    /// - Throws: `ModelError` if it is of another format or broken; `ArchiveError` if it is a damaged zip archive;
    ///   `FileError` if the system has run out of a resource.
    package static func open(_ path: String) throws -> any StateDictionary {
        let mapped = try MappedFile(model: path)
        let (foreign, isZip) = mapped.withBytes { (ForeignModel($0), $0.starts(with: [0x50, 0x4B, 3, 4])) }
        switch foreign {
        case nil: return try SafetensorsDictionary(path: path, mapped: mapped)
        case .pyTorch where isZip, .zip: return try TorchDictionary(path: path)
        case .pyTorch:
            throw ModelError.file(
                path: path,
                reason: "a PyTorch file in the format of before version 1.6, expected the zip format; save it anew: "
                    + "python3 -c 'import torch; torch.save(torch.load(\"OLD.pth\", map_location=\"cpu\"), \"NEW.pth\")'"
            )
        case .some(let other):
            throw ModelError.file(
                path: path, reason: "\(other.name), expected a state dictionary in safetensors or PyTorch format")
        }
    }
}

/// A state dictionary in a safetensors file, with or without metadata.
private struct SafetensorsDictionary: StateDictionary {
    let path: String
    private let mapped: MappedFile
    private let tensors: [String: ModelTensor]
    private let dataStart: Int

    var shapes: [String: [Int]] { tensors.mapValues(\.shape) }

    init(path: String, mapped: MappedFile) throws {
        self.path = path
        self.mapped = mapped
        let (header, start) = try ModelHeader.read(mapped, path: path)
        tensors = header.tensors
        dataStart = start
    }

    func floats(_ name: String) throws -> [Float] {
        guard let tensor = tensors[name] else {
            throw ModelError.tensor(path: path, tensor: name, reason: "missing")
        }
        guard [.f32, .f16, .bf16].contains(tensor.type) else {
            throw ModelError.tensor(
                path: path, tensor: name, reason: "type \(tensor.type.rawValue); expected F32, F16 or BF16")
        }
        let range = dataStart + tensor.range.lowerBound..<dataStart + tensor.range.upperBound
        return try checked(
            mapped.withBytes { tensor.type.floats(UnsafeRawBufferPointer(rebasing: $0[range])) }, name)
    }
}
