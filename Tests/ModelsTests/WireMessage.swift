/// A message of protocol buffers, read by the format's definition: an independent reader for tests of what is written.
struct WireMessage {
    enum Value {
        case integer(UInt64)
        case bytes(ArraySlice<UInt8>)
    }

    struct Malformed: Error { let place: Int }

    /// In the file's order.
    let fields: [(number: Int, value: Value)]

    /// - Throws: `Malformed` where the bytes are not whole fields of the two kinds that ONNX needs here.
    init(_ bytes: ArraySlice<UInt8>) throws {
        var rest = bytes
        var fields: [(number: Int, value: Value)] = []
        func variable() throws -> UInt64 {
            var (value, shift): (UInt64, UInt64) = (0, 0)
            while let byte = rest.popFirst(), shift < 64 {
                value |= UInt64(byte & 0x7f) << shift
                if byte < 0x80 { return value }
                shift += 7
            }
            throw Malformed(place: rest.startIndex)
        }
        while !rest.isEmpty {
            let key = try variable()
            switch key & 7 {
            case 0: fields.append((Int(key >> 3), .integer(try variable())))
            case 2:
                let count = Int(try variable())
                guard count <= rest.count else { throw Malformed(place: rest.startIndex) }
                fields.append((Int(key >> 3), .bytes(rest.prefix(count))))
                rest = rest.dropFirst(count)
            default: throw Malformed(place: rest.startIndex)
            }
        }
        self.fields = fields
    }

    func integers(_ number: Int) -> [Int] {
        fields.compactMap { field in
            guard field.number == number, case .integer(let value) = field.value else { return nil }
            return Int(Int64(bitPattern: value))
        }
    }

    func bytes(_ number: Int) -> [ArraySlice<UInt8>] {
        fields.compactMap { field in
            guard field.number == number, case .bytes(let bytes) = field.value else { return nil }
            return bytes
        }
    }

    func texts(_ number: Int) -> [String] { bytes(number).map { String(decoding: $0, as: UTF8.self) } }

    /// - Throws: `Malformed` where one of them is not a message.
    func messages(_ number: Int) throws -> [WireMessage] { try bytes(number).map { try WireMessage($0) } }
}
