import Engines
import Foundation
import Models

/// Computes a batch's loss and gradients, group by group, on several threads.
///
/// A batch is split into groups of 16 chunks. Each group has its own gradients, and these are added up in order, so the
/// result is bit for bit the same for any number of threads.
package final class BatchRunner: Sendable {
    /// One worker's buffers.
    private final class Worker {
        let pass: TrainingPass
        let mel = AlignedFloats(count: TrainingPass.group * patch)
        let wave = AlignedFloats(count: TrainingPass.group * LEANShape.samples)
        let otherMel = AlignedFloats(count: patch)
        let otherWave = AlignedFloats(count: LEANShape.samples)
        let targets: AlignedFloats

        init(_ network: TrainableNetwork) {
            pass = TrainingPass(network)
            targets = AlignedFloats(count: TrainingPass.group * network.layout.classes)
        }
    }

    /// The workers; a worker may move between threads, but only one thread at a time uses it.
    private struct Workers: @unchecked Sendable {
        let list: [Worker]
    }

    private static let patch = YAMNetShape.frames * YAMNetShape.bands
    package let groups: [ParameterBuffer]
    private let network: TrainableNetwork
    private let set: any ChunkSource
    private let augmentation: Augmentation
    private let classWeights: [Float]?
    private let silence: TrainingOptions.Silence
    private let workers: Workers

    package init(
        network: TrainableNetwork, set: any ChunkSource, batch: Int, threads: Int,
        augmentation: Augmentation = .nothing,
        classWeights: [Float]? = nil, silence: TrainingOptions.Silence = .labelled
    ) {
        self.network = network
        self.set = set
        self.augmentation = augmentation
        self.classWeights = classWeights
        self.silence = silence
        let count = (batch + TrainingPass.group - 1) / TrainingPass.group
        groups = (0..<count).map { _ in ParameterBuffer(network.layout) }
        workers = Workers(list: (0..<max(1, min(threads, count))).map { _ in Worker(network) })
    }

    /// Adds the gradient of a batch's mean loss to `groups`.
    ///
    /// - Parameter batch: places in the epoch's order.
    /// - Returns: the mean loss over chunks and classes.
    /// - Throws: `FileError` if rows cannot be read.
    package func run(_ batch: Range<Int>, of order: EpochOrder, epoch: Int) throws -> Double {
        let size = TrainingPass.group
        let count = (batch.count + size - 1) / size
        let losses = Locked([Double](repeating: 0, count: count))
        let failure = Locked<(any Error)?>(nil)
        let scale = 1 / Float(batch.count * network.layout.classes)
        Parallel.forEach(count, threads: workers.list.count) { group, worker in
            let worker = workers.list[worker]
            let first = batch.lowerBound + group * size
            let places = first..<min(first + size, batch.upperBound)
            do {
                try fill(worker, places, order, epoch)
                let loss = try worker.pass.run(
                    mel: worker.mel.pointer, wave: worker.wave.pointer, targets: worker.targets.pointer,
                    chunks: places.count, classWeights: classWeights, scale: scale, gradients: groups[group])
                losses.withLock { $0[group] = loss }
            } catch {
                failure.withLock { $0 = $0 ?? error }
            }
        }
        if let error = failure.withLock({ $0 }) { throw error }
        return losses.withLock { $0.reduce(0, +) } * Double(scale)
    }

    private func labels(_ chunk: Int) throws -> [Int] {
        if silence == .unlabelled, try set.isSilent(chunk) { return [] }
        return set.labels(chunk)
    }

    private func fill(_ worker: Worker, _ places: Range<Int>, _ order: EpochOrder, _ epoch: Int) throws {
        let classes = network.layout.classes
        worker.targets.pointer.update(repeating: 0, count: places.count * classes)
        for (slot, place) in places.enumerated() {
            let mel = worker.mel.pointer + slot * Self.patch
            let wave = worker.wave.pointer + slot * LEANShape.samples
            let targets = worker.targets.pointer + slot * classes
            let chunk = Int(order.chunks[place])
            try set.fill(
                chunk, mel: network.trunk == nil ? nil : mel, wave: network.encoder == nil ? nil : wave,
                gain: augmentation.gainFactor(epoch: epoch, place: place))
            guard let partner = augmentation.partner(epoch: epoch, place: place, of: order.chunks.count) else {
                for label in try labels(chunk) { targets[label] = 1 }
                continue
            }
            let other = Int(order.chunks[partner.place])
            try set.fill(
                other, mel: worker.otherMel.pointer, wave: worker.otherWave.pointer,
                gain: augmentation.gainFactor(epoch: epoch, place: partner.place))
            for (own, from, length) in [
                (mel, worker.otherMel.pointer, Self.patch), (wave, worker.otherWave.pointer, LEANShape.samples),
            ] {
                Augmentation.blend(
                    UnsafeMutableBufferPointer(start: own, count: length),
                    UnsafeMutableBufferPointer(start: from, count: length), share: partner.share)
            }
            for label in try labels(chunk) { targets[label] += partner.share }
            for label in try labels(other) { targets[label] = min(1, targets[label] + 1 - partner.share) }
        }
    }
}
