/// The files besides its own in which an ONNX file has values of tensors ("external data").
package enum ONNXDataFiles {
    /// Finds them all, also in subgraphs, in functions, in nodes' settings and in what is for training only, and whatever
    /// else the tensor says of where its values are: it is not decided here which of them an engine reads.
    ///
    /// - Returns: each location once, as its bytes in the file, in the file's order.
    /// - Throws: `ModelError.byte` where the file is damaged, and so no ONNX file; `ModelError.file` if it cannot be read;
    ///   `FileError` if the system has run out of a resource.
    package static func locations(_ path: String) throws -> [[UInt8]] {
        let walk = Walk(try WireReader(path: path))
        try walk.visit(.model, walk.reader.whole, depth: 1)
        return walk.found
    }

    /// The messages of the format (onnx.proto) in which a file can be named.
    private enum Message {
        case model, training, function, graph, node, attribute, sparseTensor, tensor, entry

        /// The message in a field; nil if no file is named there.
        func inside(_ field: Int) -> Message? {
            switch (self, field) {
            case (.model, 20): .training
            case (.model, 25): .function
            case (.model, 7), (.training, 1), (.training, 2), (.attribute, 6), (.attribute, 11): .graph
            case (.graph, 1), (.function, 7): .node
            case (.node, 5), (.function, 11): .attribute
            case (.graph, 15), (.attribute, 22), (.attribute, 23): .sparseTensor
            case (.graph, 5), (.attribute, 5), (.attribute, 10), (.sparseTensor, 1), (.sparseTensor, 2): .tensor
            case (.tensor, 13): .entry
            default: nil
            }
        }
    }

    private final class Walk {
        let reader: WireReader
        private(set) var found: [[UInt8]] = []

        init(_ reader: WireReader) { self.reader = reader }

        func visit(_ message: Message, _ place: Range<Int>, depth: Int) throws {
            if message == .entry { return try take(place) }
            guard depth <= WireReader.deepest else {
                throw reader.wrong(
                    place.lowerBound, "messages more than \(WireReader.deepest) deep in each other", "fewer")
            }
            try reader.fields(place) { field, inner in
                if let kind = message.inside(field) { try visit(kind, inner, depth: depth + 1) }
            }
        }

        private static let location = Array("location".utf8)
        /// As long as a path can be.
        private static let longest = 4096

        /// Takes the value of an entry if its key is that of a location. If a field stands twice, the last counts to most
        /// readers, so each is taken.
        private func take(_ entry: Range<Int>) throws {
            var isLocation = false
            var values: [Range<Int>] = []
            try reader.fields(entry) { field, place in
                if field == 1, place.count == Self.location.count, try reader.bytes(place) == Self.location {
                    isLocation = true
                }
                if field == 2 { values.append(place) }
            }
            guard isLocation else { return }
            for value in values {
                guard value.count <= Self.longest else {
                    throw reader.wrong(
                        value.lowerBound, "the name of a data file of \(value.count) bytes", "at most \(Self.longest)")
                }
                let bytes = try reader.bytes(value)
                if !found.contains(bytes) { found.append(bytes) }
            }
        }
    }
}
