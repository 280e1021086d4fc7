import Foundation

/// What an epoch came to: a line of `history.csv`.
package struct EpochRecord: Sendable, Codable, Equatable {
    /// From 1.
    package var epoch: Int
    /// Mean binary cross-entropy of the training chunks, as they were met.
    package var loss: Double
    /// Of the validation chunks; NaN without a validation split.
    package var validationLoss: Double
    /// Mean average precision over the validation clips; NaN without a validation split.
    package var validationMAP: Double
    package var learningRate: Float
    package var chunksPerSecond: Double
    package var seconds: Double

    package static let columns = "epoch,loss,validation_loss,validation_mAP,learning_rate,chunks_per_second,seconds"

    /// A line of `history.csv`.
    package var line: String {
        func text(_ value: Double) -> String { value.isNaN ? "" : "\(value)" }
        return "\(epoch),\(loss),\(text(validationLoss)),\(text(validationMAP)),\(learningRate),"
            + "\((chunksPerSecond * 10).rounded() / 10),\((seconds * 100).rounded() / 100)"
    }
}
