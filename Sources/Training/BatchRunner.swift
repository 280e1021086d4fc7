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
        /// Of targets from a teacher: their weights in the loss, those of mixup's partner, and the teacher's own row.
        let weights: AlignedFloats
        let otherTargets: AlignedFloats
        let otherWeights: AlignedFloats
        let scores: AlignedFloats

        init(_ network: TrainableNetwork, teacher: TeacherScores?) {
            let classes = network.layout.classes
            pass = TrainingPass(network)
            targets = AlignedFloats(count: TrainingPass.group * classes)
            weights = AlignedFloats(count: teacher == nil ? 1 : TrainingPass.group * classes)
            otherTargets = AlignedFloats(count: teacher == nil ? 1 : classes)
            otherWeights = AlignedFloats(count: teacher == nil ? 1 : classes)
            scores = AlignedFloats(count: teacher?.scratch ?? 1)
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
    private let teacher: TeacherScores?
    private let workers: Workers

    /// - Parameters:
    ///   - batch: the largest number of chunks in a batch.
    ///   - classWeights: the weight of each class in the loss; nil for 1.
    ///   - teacher: the scores of the set's chunks to learn from, besides labels; nil for labels alone.
    package init(
        network: TrainableNetwork, set: any ChunkSource, batch: Int, threads: Int,
        augmentation: Augmentation = .nothing,
        classWeights: [Float]? = nil, silence: TrainingOptions.Silence = .labelled, teacher: TeacherScores? = nil
    ) {
        self.teacher = teacher
        self.network = network
        self.set = set
        self.augmentation = augmentation
        self.classWeights = classWeights
        self.silence = silence
        let count = (batch + TrainingPass.group - 1) / TrainingPass.group
        groups = (0..<count).map { _ in ParameterBuffer(network.layout) }
        workers = Workers(list: (0..<max(1, min(threads, count))).map { _ in Worker(network, teacher: teacher) })
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
                    chunks: places.count, classWeights: classWeights,
                    chunkWeights: teacher == nil ? nil : UnsafePointer(worker.weights.pointer), scale: scale,
                    gradients: groups[group])
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
        worker.targets.pointer.update(repeating: 0, count: places.count * network.layout.classes)
        for (slot, place) in places.enumerated() {
            let mel = worker.mel.pointer + slot * Self.patch
            let wave = worker.wave.pointer + slot * LEANShape.samples
            let chunk = Int(order.chunks[place])
            try set.fill(
                chunk, mel: network.trunk == nil ? nil : mel, wave: network.encoder == nil ? nil : wave,
                gain: augmentation.gainFactor(epoch: epoch, place: place))
            let partner = augmentation.partner(epoch: epoch, place: place, of: order.chunks.count)
            let other = partner.map { (chunk: Int(order.chunks[$0.place]), share: $0.share) }
            if let partner, let other {
                try set.fill(
                    other.chunk, mel: worker.otherMel.pointer, wave: worker.otherWave.pointer,
                    gain: augmentation.gainFactor(epoch: epoch, place: partner.place))
                for (own, from, length) in [
                    (mel, worker.otherMel.pointer, Self.patch), (wave, worker.otherWave.pointer, LEANShape.samples),
                ] {
                    Augmentation.blend(
                        UnsafeMutableBufferPointer(start: own, count: length),
                        UnsafeMutableBufferPointer(start: from, count: length), share: partner.share)
                }
            }
            if network.trunk != nil {
                augmentation.mask(
                    UnsafeMutableBufferPointer(start: mel, count: Self.patch), bands: YAMNetShape.bands, epoch: epoch,
                    place: place)
            }
            if let teacher {
                try taught(worker, slot, chunk, other, teacher)
            } else {
                try labelled(worker.targets.pointer + slot * network.layout.classes, chunk, other)
            }
        }
    }

    /// Writes a chunk's labels as targets, which are 0 before, blended with those of mixup's partner.
    private func labelled(
        _ targets: UnsafeMutablePointer<Float>, _ chunk: Int, _ other: (chunk: Int, share: Float)?
    ) throws {
        guard let other else {
            for label in try labels(chunk) { targets[label] = 1 }
            return
        }
        for label in try labels(chunk) { targets[label] += other.share }
        for label in try labels(other.chunk) { targets[label] = min(1, targets[label] + 1 - other.share) }
    }

    /// Writes a chunk's targets from teacher and labels and their weights in the loss. Mixup blends the two losses: a
    /// target's share is in proportion to its weight.
    private func taught(
        _ worker: Worker, _ slot: Int, _ chunk: Int, _ other: (chunk: Int, share: Float)?, _ teacher: TeacherScores
    ) throws {
        let classes = network.layout.classes
        let targets = worker.targets.pointer + slot * classes
        let weights = worker.weights.pointer + slot * classes
        func fill(
            _ chunk: Int, _ targets: UnsafeMutablePointer<Float>, _ weights: UnsafeMutablePointer<Float>
        ) throws {
            try teacher.fill(
                set.place(of: chunk), labels: set.labels(chunk).isEmpty ? nil : labels(chunk), targets: targets,
                weights: weights, scratch: worker.scores.pointer)
        }
        try fill(chunk, targets, weights)
        guard let other else { return }
        let (otherTargets, otherWeights) = (worker.otherTargets.pointer, worker.otherWeights.pointer)
        try fill(other.chunk, otherTargets, otherWeights)
        for index in 0..<classes {
            let (own, more) = (other.share * weights[index], (1 - other.share) * otherWeights[index])
            weights[index] = own + more
            if own + more > 0 {
                targets[index] = (own * targets[index] + more * otherTargets[index]) / (own + more)
            }
        }
    }
}
