/// A reader of the pickles in which PyTorch keeps a state dictionary (protocols 2 to 5): numbers, texts, containers and
/// tensors.
///
/// A pickle is a program for a stack machine, which in Python may call any function. This reader calls none: it knows the
/// instructions that `torch.save` writes for tensors and plain containers, refuses every other, and takes a name only
/// from `PickleName`. Memory and time are bounded by the pickle's length.
struct PickleReader {
    /// Bytes of the longest pickle that is accepted; that of a network with thousands of tensors is shorter.
    static let longest = 4 << 20
    /// The most axes of a tensor.
    private static let mostAxes = 16

    /// Lists and tuples.
    private(set) var sequences: [[PickleValue]] = []
    /// Dictionaries, in the order in which entries were set; of two with the same key the later counts.
    private(set) var dictionaries: [[(key: PickleValue, value: PickleValue)]] = []
    private(set) var storages: [PickleStorage] = []
    private(set) var tensors: [PickleTensor] = []

    private let bytes: [UInt8]
    private var place = 0
    /// Where the instruction at hand begins.
    private var start = 0
    private var stack: [PickleValue] = []
    /// Sizes of the stack at the open marks.
    private var marks: [Int] = []
    private var memo: [Int: PickleValue] = [:]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Reads the whole pickle.
    ///
    /// - Returns: the one value that it leaves.
    /// - Throws: `PickleFault` at the first instruction that is not understood or not allowed.
    mutating func read() throws(PickleFault) -> PickleValue {
        guard bytes.count <= Self.longest else {
            throw PickleFault(byte: 0, reason: "found \(bytes.count) bytes, expected at most \(Self.longest)")
        }
        while true {
            start = place
            let code = try byte()
            if code == UInt8(ascii: ".") { break }
            try run(code)
        }
        guard stack.count == 1, marks.isEmpty, place == bytes.count, let value = stack.last else {
            throw fault("ends with \(stack.count) values and \(bytes.count - place) bytes left, expected one value")
        }
        return value
    }

    private func fault(_ reason: String) -> PickleFault { PickleFault(byte: start, reason: reason) }

    // MARK: Instructions

    private mutating func run(_ code: UInt8) throws(PickleFault) {
        switch code {
        case 0x80:
            let version = try byte()
            guard (2...5).contains(version) else {
                throw fault("found a pickle of protocol \(version), expected 2 to 5")
            }
        case 0x95: _ = try take(8)  // a frame's length, of which nothing depends
        case UInt8(ascii: "("): marks.append(stack.count)
        case UInt8(ascii: "N"): stack.append(.none)
        case 0x88, 0x89: stack.append(.boolean(code == 0x88))
        case UInt8(ascii: "K"): stack.append(.integer(try unsigned(1)))
        case UInt8(ascii: "M"): stack.append(.integer(try unsigned(2)))
        case UInt8(ascii: "J"): stack.append(.integer(Int(Int32(truncatingIfNeeded: try unsigned(4)))))
        case 0x8A: try long()
        case UInt8(ascii: "G"):
            let pattern = try take(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            stack.append(.number(Double(bitPattern: pattern)))
        case UInt8(ascii: "X"): stack.append(.text(try text(try unsigned(4))))
        case 0x8C: stack.append(.text(try text(try unsigned(1))))
        case UInt8(ascii: "q"): try keep(try unsigned(1))
        case UInt8(ascii: "r"): try keep(try unsigned(4))
        case 0x94: try keep(memo.count)
        case UInt8(ascii: "h"): try recall(try unsigned(1))
        case UInt8(ascii: "j"): try recall(try unsigned(4))
        case UInt8(ascii: "}"): stack.append(newDictionary())
        case UInt8(ascii: "]"): stack.append(.list(newSequence([])))
        case UInt8(ascii: ")"): stack.append(.tuple(newSequence([])))
        case 0x85, 0x86, 0x87: stack.append(.tuple(newSequence(try pop(Int(code) - 0x84))))
        case UInt8(ascii: "t"): stack.append(.tuple(newSequence(try popToMark())))
        case UInt8(ascii: "a"): try append(try pop(1))
        case UInt8(ascii: "e"): try append(try popToMark())
        case UInt8(ascii: "s"): try set(try pop(2))
        case UInt8(ascii: "u"): try set(try popToMark())
        case UInt8(ascii: "c"): try name(module: try line(), name: try line())
        case 0x93: try nameFromStack()
        case UInt8(ascii: "Q"): try persistent(try pop(1)[0])
        case UInt8(ascii: "R"): try reduce()
        case UInt8(ascii: "b"): try build()
        default:
            let digits = String(code, radix: 16)
            throw fault(
                "found instruction 0x\(digits.count < 2 ? "0" : "")\(digits), expected those of tensors and plain "
                    + "containers; nothing of it was run")
        }
    }

    private mutating func long() throws(PickleFault) {
        let length = try unsigned(1)
        guard length <= 8 else { throw fault("found a whole number of \(length) bytes, expected at most 8") }
        let digits = try take(length)
        var value = digits.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        if let top = digits.last, top & 0x80 != 0, length < 8 { value |= ~0 << (8 * UInt64(length)) }
        stack.append(.integer(Int(Int64(bitPattern: value))))
    }

    private mutating func keep(_ place: Int) throws(PickleFault) {
        guard let value = stack.last, stack.count > marks.last ?? 0 else {
            throw fault("keeps a value before there is one")
        }
        memo[place] = value
    }

    private mutating func recall(_ place: Int) throws(PickleFault) {
        guard let value = memo[place] else { throw fault("recalls value \(place), which was not kept") }
        stack.append(value)
    }

    private mutating func append(_ values: [PickleValue]) throws(PickleFault) {
        guard case .list(let list)? = stack.last else { throw fault("appends to \(top), expected a list") }
        sequences[list] += values
    }

    private mutating func set(_ values: [PickleValue]) throws(PickleFault) {
        guard case .dictionary(let dictionary)? = stack.last else {
            throw fault("sets entries of \(top), expected a dictionary")
        }
        guard values.count % 2 == 0 else { throw fault("sets a key without its value") }
        for place in stride(from: 0, to: values.count, by: 2) {
            dictionaries[dictionary].append((values[place], values[place + 1]))
        }
    }

    private mutating func name(module: String, name: String) throws(PickleFault) {
        let whole = "\(module).\(name)"
        guard let known = PickleName(rawValue: whole) else {
            throw fault(
                "names '\(whole.prefix(80))', expected only what tensors and plain containers need; nothing of it was run"
            )
        }
        stack.append(.name(known))
    }

    private mutating func nameFromStack() throws(PickleFault) {
        let pair = try pop(2)
        guard case .text(let module) = pair[0], case .text(let name) = pair[1] else {
            throw fault("names \(pair[0].kind) of \(pair[1].kind), expected two texts")
        }
        try self.name(module: module, name: name)
    }

    /// A reference to what lies outside the pickle: `("storage", kind, key, location, count)`.
    private mutating func persistent(_ value: PickleValue) throws(PickleFault) {
        guard case .tuple(let place) = value, sequences[place].count == 5, sequences[place][0] == .text("storage"),
            case .name(let element) = sequences[place][1], element.elementSize != nil,
            case .text(let key) = sequences[place][2], case .integer(let count) = sequences[place][4], count >= 0
        else { throw fault("refers to \(value.kind) outside, expected a tensor's storage") }
        storages.append(PickleStorage(element: element, key: key, count: count))
        stack.append(.storage(storages.count - 1))
    }

    /// A call: what is called and a tuple of its arguments.
    private mutating func reduce() throws(PickleFault) {
        let pair = try pop(2)
        guard case .name(let name) = pair[0], case .tuple(let place) = pair[1] else {
            throw fault("calls \(pair[0].kind) with \(pair[1].kind), expected a name and a tuple")
        }
        let arguments = sequences[place]
        switch name {
        case .orderedDictionary where arguments.isEmpty: stack.append(newDictionary())
        case .parameter:
            guard arguments.count == 3, case .tensor = arguments[0] else {
                throw fault("makes a parameter of \(arguments.first?.kind ?? "nothing"), expected a tensor")
            }
            stack.append(arguments[0])
        case .tensor: stack.append(try tensor(arguments))
        default: throw fault("calls '\(name.rawValue)' with \(arguments.count) arguments, expected none of that")
        }
    }

    /// Arguments: storage, offset, shape, strides, whether it needs a gradient, hooks, and in newer files metadata.
    private mutating func tensor(_ arguments: [PickleValue]) throws(PickleFault) -> PickleValue {
        guard (6...7).contains(arguments.count), case .storage(let storage) = arguments[0],
            case .integer(let offset) = arguments[1], offset >= 0,
            let shape = sizes(arguments[2]), let strides = sizes(arguments[3]), shape.count == strides.count
        else {
            throw fault("makes a tensor of unexpected arguments, expected a storage, an offset, a shape and strides")
        }
        // No more elements than the storage has, and the last within it; an empty tensor has none.
        var (count, last) = (1, offset)
        for (size, stride) in zip(shape, strides) {
            let (product, isLarge) = count.multipliedReportingOverflow(by: size)
            let (way, isLong) = max(size - 1, 0).multipliedReportingOverflow(by: stride)
            let (sum, isFar) = last.addingReportingOverflow(way)
            guard !isLarge, !isLong, !isFar else {
                throw fault("makes a tensor of shape \(shape), which is impossible")
            }
            (count, last) = (product, sum)
        }
        guard count == 0 || (last < storages[storage].count && count <= storages[storage].count) else {
            throw fault(
                "makes a tensor of shape \(shape) that ends at element \(last) of a storage of "
                    + "\(storages[storage].count)")
        }
        tensors.append(PickleTensor(storage: storage, offset: offset, shape: shape, strides: strides))
        return .tensor(tensors.count - 1)
    }

    /// The numbers of a tuple; nil if it is none or a number is negative.
    private func sizes(_ value: PickleValue) -> [Int]? {
        guard case .tuple(let place) = value, sequences[place].count <= Self.mostAxes else { return nil }
        var list: [Int] = []
        for case .integer(let size) in sequences[place] where size >= 0 { list.append(size) }
        return list.count == sequences[place].count ? list : nil
    }

    /// Sets attributes of an object. A state dictionary has one, `_metadata`: versions of the modules' formats, which say
    /// nothing of the tensors.
    private mutating func build() throws(PickleFault) {
        let state = try pop(1)[0]
        guard case .dictionary? = stack.last, case .dictionary(let place) = state,
            dictionaries[place].allSatisfy({ $0.key == .text("_metadata") })
        else { throw fault("sets attributes of \(top), expected none but a dictionary's '_metadata'") }
    }

    // MARK: The stack

    /// What the value on top is, for messages.
    private var top: String { stack.last?.kind ?? "nothing" }

    private mutating func newSequence(_ values: [PickleValue]) -> Int {
        sequences.append(values)
        return sequences.count - 1
    }

    private mutating func newDictionary() -> PickleValue {
        dictionaries.append([])
        return .dictionary(dictionaries.count - 1)
    }

    /// Takes values off the stack, none from below the last mark.
    private mutating func pop(_ count: Int) throws(PickleFault) -> [PickleValue] {
        guard stack.count - (marks.last ?? 0) >= count else {
            throw fault("takes \(count) values where there are fewer")
        }
        defer { stack.removeLast(count) }
        return Array(stack.suffix(count))
    }

    private mutating func popToMark() throws(PickleFault) -> [PickleValue] {
        guard let mark = marks.popLast() else { throw fault("goes back to a mark that was not set") }
        defer { stack.removeSubrange(mark...) }
        return Array(stack[mark...])
    }

    // MARK: Bytes

    private mutating func byte() throws(PickleFault) -> UInt8 {
        guard place < bytes.count else { throw fault("ends before its last instruction (cut short?)") }
        defer { place += 1 }
        return bytes[place]
    }

    private mutating func take(_ count: Int) throws(PickleFault) -> ArraySlice<UInt8> {
        guard count <= bytes.count - place else { throw fault("ends within an instruction (cut short?)") }
        defer { place += count }
        return bytes[place..<place + count]
    }

    /// A little-endian number of up to four bytes.
    private mutating func unsigned(_ count: Int) throws(PickleFault) -> Int {
        try take(count).reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    private mutating func text(_ count: Int) throws(PickleFault) -> String {
        guard let text = String(validating: try take(count), as: UTF8.self) else { throw fault("a text is not UTF-8") }
        return text
    }

    /// The text up to the next line feed.
    private mutating func line() throws(PickleFault) -> String {
        guard let end = bytes[place...].firstIndex(of: UInt8(ascii: "\n")) else {
            throw fault("ends within a name (cut short?)")
        }
        let line = try text(end - place)
        place = end + 1
        return line
    }
}
