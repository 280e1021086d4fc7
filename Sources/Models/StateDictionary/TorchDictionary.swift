import Archives

/// A state dictionary in PyTorch's zip format (`torch.save` since version 1.6): a pickle `NAME/data.pkl`, which describes
/// the tensors, and the members `NAME/data/KEY` with their elements.
struct TorchDictionary: StateDictionary {
    let path: String
    let shapes: [String: [Int]]
    private let archive: Archive
    /// What the members' names begin with: `NAME/`.
    private let folder: String
    private let tensors: [String: PickleTensor]
    private let storages: [PickleStorage]

    /// - Throws: `ModelError` if it holds anything but a dictionary of tensors, or a tensor that is not within its member;
    ///   `ArchiveError` if the archive is damaged.
    init(path: String) throws {
        self.path = path
        let archive = try Archive(path)
        self.archive = archive
        let pickles = (0..<archive.index.count).compactMap { archive.index.entry($0) }.filter {
            let parts = $0.name.split(separator: UInt8(ascii: "/"))
            return parts.count == 2 && parts[1].elementsEqual("data.pkl".utf8)
        }
        guard pickles.count == 1, let entry = pickles.first else {
            throw ModelError.file(
                path: path,
                reason: "found \(pickles.count) members NAME/data.pkl, expected one, as torch.save writes it")
        }
        folder = String(decoding: entry.name.dropLast("data.pkl".utf8.count), as: UTF8.self)
        var reader = PickleReader(try Self.bytes(entry, archive, most: PickleReader.longest, path))
        do throws(PickleFault) {
            let top = try reader.read()
            tensors = try Self.tensors(of: top, in: reader)
        } catch {
            throw ModelError.file(path: path, reason: "byte \(error.byte) of data.pkl: \(error.reason)")
        }
        storages = reader.storages
        shapes = tensors.mapValues(\.shape)
        try checkByteOrder()
    }

    /// The tensors of the outermost dictionary, or of its entry `state_dict`, in which training programs keep them.
    private static func tensors(
        of top: PickleValue, in reader: PickleReader
    ) throws(PickleFault) -> [String: PickleTensor] {
        guard case .dictionary(var place) = top else {
            throw PickleFault(byte: 0, reason: "found \(top.kind), expected a dictionary of tensors")
        }
        if let inner = reader.dictionaries[place].last(where: { $0.key == .text("state_dict") }),
            case .dictionary(let found) = inner.value
        {
            place = found
        }
        var tensors: [String: PickleTensor] = [:]
        for (key, value) in reader.dictionaries[place] {
            guard case .text(let name) = key, case .tensor(let tensor) = value else {
                let place = if case .text(let text) = key { "'\(text.prefix(60))'" } else { key.kind }
                throw PickleFault(byte: 0, reason: "found \(value.kind) under \(place), expected a tensor under a name")
            }
            tensors[name] = reader.tensors[tensor]
        }
        return tensors
    }

    /// - Throws: `ModelError.file` if the elements are stored in big-endian order.
    private func checkByteOrder() throws {
        guard let entry = archive.index.entry(named: Array("\(folder)byteorder".utf8)) else { return }
        let order = try Self.bytes(entry, archive, most: 16, path)
        guard order.elementsEqual("little".utf8) else {
            throw ModelError.file(
                path: path, reason: "byte order '\(String(decoding: order, as: UTF8.self))', expected 'little'")
        }
    }

    func floats(_ name: String) throws -> [Float] {
        guard let tensor = tensors[name] else {
            throw ModelError.tensor(path: path, tensor: name, reason: "missing")
        }
        let storage = storages[tensor.storage]
        let type: TensorType?
        switch storage.element {
        case .float: type = .f32
        case .half: type = .f16
        case .brain: type = .bf16
        case .double: type = nil
        default:
            throw ModelError.tensor(
                path: path, tensor: name, reason: "of '\(storage.element.rawValue)'; expected floats")
        }
        let bytes = try elements(storage, name)
        let values = bytes.withUnsafeBytes { type?.floats($0) ?? Self.doubles($0) }
        return try checked(Self.gathered(values, tensor), name)
    }

    /// The bytes of a storage.
    ///
    /// - Throws: `ModelError.tensor` if its member is missing or has another size; `ArchiveError` if it is damaged.
    private func elements(_ storage: PickleStorage, _ name: String) throws -> [UInt8] {
        let member = "\(folder)data/\(storage.key)"
        guard let entry = archive.index.entry(named: Array(member.utf8)) else {
            throw ModelError.tensor(
                path: path, tensor: name, reason: "the archive has no member '\(member.prefix(80))'")
        }
        let (size, overflow) = storage.count.multipliedReportingOverflow(by: storage.element.elementSize ?? 0)
        guard !overflow, entry.size == size else {
            throw ModelError.tensor(
                path: path, tensor: name,
                reason: "its member '\(member.prefix(80))' has \(entry.size) bytes; expected \(storage.count) elements")
        }
        return try Self.bytes(entry, archive, most: size, path)
    }

    /// The bytes of a member, which are stored as they are.
    private static func bytes(_ entry: ArchiveEntry, _ archive: Archive, most: Int, _ path: String) throws -> [UInt8] {
        guard entry.content == .stored else {
            throw ModelError.file(
                path: path,
                reason:
                    "the member '\(String(decoding: entry.name, as: UTF8.self))' is compressed or refused, expected it "
                    + "stored, as torch.save does")
        }
        guard entry.size <= most else {
            throw ModelError.file(
                path: path,
                reason:
                    "the member '\(String(decoding: entry.name, as: UTF8.self))' has \(entry.size) bytes, expected at "
                    + "most \(most)")
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entry.size)
        try archive.read(entry) { bytes += $0 }
        return bytes
    }

    private static func doubles(_ bytes: UnsafeRawBufferPointer) -> [Float] {
        (0..<bytes.count / 8).map {
            Float(
                Double(bitPattern: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self))))
        }
    }

    /// The tensor's elements in row-major order, which in the storage may lie in another.
    private static func gathered(_ values: [Float], _ tensor: PickleTensor) -> [Float] {
        let count = tensor.shape.reduce(1, *)
        var step = 1
        let isPlain = zip(tensor.shape, tensor.strides).reversed().allSatisfy { size, stride in
            defer { step *= size }
            return size == 1 || stride == step
        }
        if isPlain {
            return tensor.offset == 0 && count == values.count
                ? values : Array(values[tensor.offset..<tensor.offset + count])
        }
        var place = [Int](repeating: 0, count: tensor.shape.count)
        return (0..<count).map { _ in
            let index = tensor.offset + zip(place, tensor.strides).reduce(0) { $0 + $1.0 * $1.1 }
            for axis in place.indices.reversed() {
                place[axis] += 1
                if place[axis] < tensor.shape[axis] { break }
                place[axis] = 0
            }
            return values[index]
        }
    }
}
