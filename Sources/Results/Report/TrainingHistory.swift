import Errors
import Files
import Tables

/// A training's `history.csv`: what each epoch came to.
package struct TrainingHistory: Sendable, Equatable {
    /// One epoch. What was not measured is NaN.
    package struct Epoch: Sendable, Equatable {
        package let number: Int
        package let loss: Double
        package let validationLoss: Double
        package let validationMAP: Double
    }

    /// The file, as it was named.
    package let file: String
    package let epochs: [Epoch]

    /// The columns that are read; others are not looked at.
    private static let columns = ["epoch", "loss", "validation_loss", "validation_mAP"]

    /// - Throws: `FileError` if the file cannot be read, `TableError` if it is not a history.
    package init(contentsOf path: String) throws {
        try self.init(bytes: try FileSystem.read(path), file: path)
    }

    /// - Parameter file: the name of the text in errors and on the page.
    /// - Throws: `TableError` if it is not a history.
    package init(bytes: [UInt8], file: String) throws {
        var reader = CSVReader(bytes: bytes, file: file)
        guard try reader.next() else {
            throw TableError(file: file, line: 1, found: "nothing", expected: "a header")
        }
        let header = reader.fields.map { reader.text($0) }
        let places = try Self.columns.map { name in
            guard let place = header.firstIndex(of: name) else {
                throw TableError(
                    file: file, line: reader.rowLine, found: "no column '\(name)'",
                    expected: "the columns that 'earmark train' writes")
            }
            return place
        }
        var epochs: [Epoch] = []
        while try reader.next() {
            let fields = reader.fields.map { reader.text($0) }
            guard fields.count == header.count else {
                throw TableError(
                    file: file, line: reader.rowLine, found: "\(fields.count) fields",
                    expected: "\(header.count), as in the header")
            }
            let values = try places.map { place in
                if fields[place].isEmpty { return Double.nan }
                guard let value = Double(fields[place]) else {
                    throw TableError(
                        file: file, line: reader.rowLine, found: "'\(fields[place])' as \(header[place])",
                        expected: "a number")
                }
                return value
            }
            guard let number = Int(exactly: values[0]), number > 0 else {
                throw TableError(
                    file: file, line: reader.rowLine, found: "'\(fields[places[0]])' as epoch",
                    expected: "a whole number from 1")
            }
            epochs.append(
                Epoch(number: number, loss: values[1], validationLoss: values[2], validationMAP: values[3]))
        }
        self.file = file
        self.epochs = epochs
    }

    /// The history that lies beside a model, as training leaves it; nil if there is none.
    ///
    /// - Throws: as `init(contentsOf:)` does.
    package static func beside(model path: String) throws -> TrainingHistory? {
        let file = FileSystem.folder(of: path) + "/history.csv"
        return FileSystem.isFile(file) ? try TrainingHistory(contentsOf: file) : nil
    }

    /// The epoch whose weights are the model: that of the highest mAP, of equal ones that of the lowest loss on the validation
    /// split; nil if no epoch was validated, and then it is the last.
    package var best: Epoch? {
        epochs.filter { !$0.validationMAP.isNaN }.max {
            ($0.validationMAP, -$0.validationLoss) < ($1.validationMAP, -$1.validationLoss)
        }
    }
}
