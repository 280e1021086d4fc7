/// Where an error was found.
package struct ErrorPlace: Sendable, Hashable, CustomStringConvertible {
    /// The part of a file that is meant, if neither a line nor a byte says it.
    package enum Part: Sendable, Hashable {
        case tensor(String)
        /// A key of a model file's metadata.
        case metadata(String)
        /// A stage of a pipeline.
        case stage(String)
        /// A row of a table, from 0.
        case row(Int)
    }

    /// A file, a folder, a host's address, or anything else at fault, such as a setting.
    package let file: String?
    /// From 1.
    package let line: Int?
    /// From 0.
    package let byte: Int?
    package let part: Part?

    package init(_ file: String?, line: Int? = nil, byte: Int? = nil, part: Part? = nil) {
        self.file = file
        self.line = line
        self.byte = byte
        self.part = part
    }

    /// Such as `file:3: stage 'infer'` or `file: byte 80`; a line without its file is left out.
    package var description: String {
        var words: [String] = []
        if let file { words.append(line.map { "\(file):\($0)" } ?? file) }
        if let byte { words.append("byte \(byte)") }
        switch part {
        case .tensor(let name): words.append("tensor \(name.prefix(80))")
        case .metadata(let key): words.append("metadata '\(key)'")
        case .stage(let name): words.append("stage '\(name)'")
        case .row(let number): words.append("row \(number)")
        case nil: break
        }
        return words.joined(separator: ": ")
    }
}
