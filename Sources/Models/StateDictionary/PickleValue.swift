/// A value that a pickle makes. What holds other values is a place in the reader's tables and not an object of its own, so
/// that nothing a file says can nest deeply, form a cycle or outlive the reader.
enum PickleValue: Equatable {
    case none
    case boolean(Bool)
    case integer(Int)
    case number(Double)
    case text(String)
    /// A function or class, by module and name; one of `PickleName`.
    case name(PickleName)
    /// Places in the reader's tables.
    case list(Int)
    case tuple(Int)
    case dictionary(Int)
    case storage(Int)
    case tensor(Int)

    /// What the value is, for messages.
    var kind: String {
        switch self {
        case .none: "None"
        case .boolean: "a truth value"
        case .integer: "a whole number"
        case .number: "a number"
        case .text: "a text"
        case .name(let name): "'\(name.rawValue)'"
        case .list: "a list"
        case .tuple: "a tuple"
        case .dictionary: "a dictionary"
        case .storage: "a tensor's storage"
        case .tensor: "a tensor"
        }
    }
}

/// The only functions and classes that a pickle may name. None of them is ever called: each stands for what the reader
/// itself does.
enum PickleName: String {
    case orderedDictionary = "collections.OrderedDict"
    case tensor = "torch._utils._rebuild_tensor_v2"
    case parameter = "torch._utils._rebuild_parameter"
    case float = "torch.FloatStorage"
    case half = "torch.HalfStorage"
    case brain = "torch.BFloat16Storage"
    case double = "torch.DoubleStorage"
    case byte = "torch.ByteStorage"
    case char = "torch.CharStorage"
    case short = "torch.ShortStorage"
    case int = "torch.IntStorage"
    case long = "torch.LongStorage"
    case bool = "torch.BoolStorage"

    /// The size of an element in bytes, if it names a kind of storage.
    var elementSize: Int? {
        switch self {
        case .byte, .char, .bool: 1
        case .half, .brain, .short: 2
        case .float, .int: 4
        case .double, .long: 8
        case .orderedDictionary, .tensor, .parameter: nil
        }
    }
}

/// The bytes that tensors share: one member of the archive.
struct PickleStorage: Equatable {
    let element: PickleName
    /// The member's name, below `data/`.
    let key: String
    /// Number of elements.
    let count: Int
}

/// A view of a storage.
struct PickleTensor: Equatable {
    /// Place of the storage in the reader's table.
    let storage: Int
    /// Number of elements before the tensor's first.
    let offset: Int
    let shape: [Int]
    /// Number of elements from one index of an axis to the next; never negative.
    let strides: [Int]
}

/// The reason why a pickle is refused, thrown where the file's name is not known.
struct PickleFault: Error {
    /// The byte of the pickle.
    let byte: Int
    let reason: String
}
