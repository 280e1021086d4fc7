import Foundation

/// The results of an epoch: a line of `history.csv`.
package struct EpochRecord: Sendable, Codable, Equatable {
    /// The number of the epoch, from 1.
    package var epoch: Int
    /// The mean binary cross-entropy of the training chunks, each measured in the step that used it.
    package var loss: Double
    /// The same for the validation chunks after the epoch; NaN without a validation split.
    package var validationLoss: Double
    /// The mean average precision over the validation clips; NaN without a validation split.
    package var validationMAP: Double
    package var learningRate: Float
    package var chunksPerSecond: Double
    package var seconds: Double

    package static let columns = "epoch,loss,validation_loss,validation_mAP,learning_rate,chunks_per_second,seconds"

    /// The record as a line of `history.csv`.
    package var line: String {
        func text(_ value: Double) -> String { value.isNaN ? "" : "\(value)" }
        return "\(epoch),\(loss),\(text(validationLoss)),\(text(validationMAP)),\(learningRate),"
            + "\((chunksPerSecond * 10).rounded() / 10),\((seconds * 100).rounded() / 100)"
    }
}
