import Errors
import Files
import Tables

/// The results of each epoch, from a training's `history.csv`.
package struct TrainingHistory: Sendable, Equatable {
    /// One epoch. Values that were not measured are NaN.
    package struct Epoch: Sendable, Equatable {
        package let number: Int
        package let loss: Double
        package let validationLoss: Double
        package let validationMAP: Double
    }

    /// The file name, as given.
    package let file: String
    package let epochs: [Epoch]

    /// The columns that are read; other columns are ignored.
    private static let columns = ["epoch", "loss", "validation_loss", "validation_mAP"]

    /// Reads the history from a file.
    ///
    /// - Throws: `FileError` if the file cannot be read; `TableError` if it is not a history.
    package init(contentsOf path: String) throws {
        try self.init(bytes: try FileSystem.read(path), file: path)
    }

    /// Reads the history from the bytes of a file.
    ///
    /// - Parameter file: the file name used in errors and on the page.
    /// - Throws: `TableError` if the bytes are not a history.
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

    /// The history next to a model, where training writes it; nil if there is none.
    ///
    /// - Throws: the same errors as `init(contentsOf:)`.
    package static func beside(model path: String) throws -> TrainingHistory? {
        let file = FileSystem.folder(of: path) + "/history.csv"
        return FileSystem.isFile(file) ? try TrainingHistory(contentsOf: file) : nil
    }

    /// The epoch whose weights the model has: the one with the highest validation mAP and, among equals, the lowest
    /// validation loss. If no epoch was validated, this is nil and the model has the weights of the last epoch.
    package var best: Epoch? {
        epochs.filter { !$0.validationMAP.isNaN }.max {
            ($0.validationMAP, -$0.validationLoss) < ($1.validationMAP, -$1.validationLoss)
        }
    }
}
