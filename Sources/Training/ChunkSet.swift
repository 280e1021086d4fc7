import Errors
import Cache
import Corpora
import Engines
import Features
import Foundation
import Ledger
import Models
import Shards

/// The chunks of some clips, as views of the cached rows: nothing is copied until a chunk is requested.
package final class ChunkSet: ChunkSource {
    /// One clip: its rows and its labels.
    struct Clip: Sendable {
        let name: String
        let mel: Rows?
        let raw: Rows?
        let labels: [Int]
        let firstChunk: Int
        let chunks: Int
        /// The number of samples before padding, at most those of the recording itself, whose length a resampler may
        /// round up.
        let samples: Int
        /// The length of the recording itself.
        let seconds: Double
        /// Frames with sound that follow the cached frames, for a clip that was padded to a shorter length than this
        /// overlap needs.
        var tail: [Float] = []
    }

    /// The location of a clip's rows.
    struct Rows: Sendable {
        let shard: MappedShard
        let first: Int
        let count: Int
    }

    package let classes: [String]
    let clips: [Clip]
    /// The index of the clip for every chunk.
    private let clipOfChunk: [Int32]
    let plan: ChunkPlan
    private let normalization: Normalization
    /// The value of each band in a frame of zeros.
    private let silence: Float
    /// The number of clips whose last frames, two at most, are treated as silence: the cache was made with an overlap
    /// that left them out, and it has no samples to compute them from.
    package let clipsWithSilencedEnd: Int

    package var clipCount: Int { clips.count }
    package var chunkCount: Int { clipOfChunk.count }
    package var hours: Double { clips.reduce(0) { $0 + $1.seconds } / 3600 }

    /// Finds the rows of clips in a cache and checks them against their digests.
    ///
    /// - Parameters:
    ///   - entries: the clips, with labels that are all in `classes`.
    ///   - inputs: the parts of a chunk that are needed.
    ///   - network: the name of the network that needs them, for messages.
    ///   - overlap: the share of a chunk that the next one repeats; any that the front-end's hop allows, independent of
    ///     the overlap that the cache was made with.
    /// - Throws: `TrainingError` if a clip has no rows or they are damaged.
    package init(
        _ entries: [Manifest.Entry], classes: [String], cache: CacheFolder, inputs: ModelInputs, of network: String,
        overlap: Double, normalization: Normalization
    ) throws {
        self.classes = classes
        self.normalization = normalization
        do {
            plan = try ChunkPlan(frontEnd: .standard, overlap: overlap)
        } catch {
            throw TrainingError(.usage, at: nil, error.message)
        }
        let source = try CachedRows(cache: cache, inputs: inputs, of: network)
        let places = Dictionary(classes.enumerated().map { ($1, $0) }) { first, _ in first }
        let logMel = try LogMel(frontEnd: plan.frontEnd)
        silence = try Self.frames(of: [], count: 1, logMel, plan.frontEnd)[0]
        var silenced = 0
        var clips: [Clip] = []
        var clipOfChunk: [Int32] = []
        for entry in entries {
            let found = try source.rows(of: entry.clip)
            let chunks = plan.count(samples: found.samples)
            var tail: [Float] = []
            let sounding = plan.soundingFrames(samples: found.samples)
            if let mel = found.mel, sounding > mel.count {
                if let raw = try found.raw ?? source.samples(of: entry.clip) {
                    let sound = try Self.samples(raw, from: mel.count * plan.frontEnd.hop, to: found.samples)
                    tail = try Self.frames(of: sound, count: sounding - mel.count, logMel, plan.frontEnd)
                } else {
                    silenced += 1
                }
            }
            clipOfChunk += repeatElement(Int32(clips.count), count: chunks)
            clips.append(
                Clip(
                    name: entry.clip, mel: found.mel, raw: found.raw,
                    labels: entry.labels.compactMap { places[$0] }.sorted(),
                    firstChunk: clipOfChunk.count - chunks, chunks: chunks,
                    samples: min(found.samples, Self.samples(found.seconds, rate: plan.frontEnd.rate)),
                    seconds: found.seconds, tail: tail))
        }
        clipsWithSilencedEnd = silenced
        self.clips = clips
        self.clipOfChunk = clipOfChunk
    }

    /// The number of samples in a recording of this length; the last may be covered only in part.
    private static func samples(_ seconds: Double, rate: Int) -> Int {
        let exact = seconds * Double(rate)
        let whole = exact.rounded()
        return Int(abs(exact - whole) < 1e-6 ? whole : exact.rounded(.up))
    }

    /// Finds the chunks for training one of Earmark's architectures; see the other initialiser.
    ///
    /// - Throws: `TrainingError` if a clip has no rows or they are damaged.
    package convenience init(
        _ entries: [Manifest.Entry], classes: [String], cache: CacheFolder, architecture: Architecture, overlap: Double,
        normalization: Normalization
    ) throws {
        try self.init(
            entries, classes: classes, cache: cache, inputs: ModelInputs(architecture), of: architecture.rawValue,
            overlap: overlap, normalization: normalization)
    }

    private static func samples(_ rows: Rows, from first: Int, to end: Int) throws -> [Float] {
        var values = [Float](repeating: 0, count: max(0, min(end, rows.count) - first))
        try values.withUnsafeMutableBufferPointer {
            if let base = $0.baseAddress { try rows.shard.floats(rows.first + first, $0.count, to: base) }
        }
        return values
    }

    /// Returns the first frames of some samples followed by zeros.
    private static func frames(of samples: [Float], count: Int, _ logMel: LogMel, _ frontEnd: FrontEnd) throws
        -> [Float]
    {
        let length = (count - 1) * frontEnd.hop + frontEnd.window
        let padded = samples.prefix(length) + [Float](repeating: 0, count: max(0, length - samples.count))
        var values: [Float] = []
        logMel.reset()
        try padded.withUnsafeBufferPointer { buffer in try logMel.process(buffer) { frames, _ in values += frames } }
        return values
    }

    /// A hash (FNV-1a) of the classes, and of the clips with their labels and numbers of chunks.
    package var identity: UInt64 {
        var hash = SequenceHash()
        for text in classes + clips.map({ "\($0.name)\u{0}\($0.labels)\u{0}\($0.chunks)" }) { hash.add(text) }
        return hash.value
    }

    /// Returns the samples of a clip that its chunk `place`, from 0, covers.
    func samples(ofChunk place: Int, in clip: Clip) -> Range<Int> {
        let start = place * plan.hop
        return start..<max(start, min(start + plan.frontEnd.chunk, clip.samples))
    }

    /// Samples per second.
    var rate: Int { plan.frontEnd.rate }

    /// Returns the index of a chunk's clip, and the chunk's number in the clip.
    package func place(of chunk: Int) -> (clip: Int, chunk: Int) {
        let clip = Int(clipOfChunk[chunk])
        return (clip, chunk - clips[clip].firstChunk)
    }

    /// The number of clips without labels.
    package var unlabelledClips: Int { clips.count(where: \.labels.isEmpty) }

    /// Returns the labels of a chunk, which are those of its clip.
    package func labels(_ chunk: Int) -> [Int] { clips[Int(clipOfChunk[chunk])].labels }

    /// Returns true if no frame exceeds the floor, ln 0.001, by more than 1 % in magnitude; for a clip without frames,
    /// if no sample exceeds one 16-bit step.
    ///
    /// - Throws: `FileError` if the rows cannot be read.
    package func isSilent(_ chunk: Int) throws -> Bool {
        let clip = clips[Int(clipOfChunk[chunk])]
        let frontEnd = plan.frontEnd
        let start = (chunk - clip.firstChunk) * plan.hop
        let rows = clip.mel ?? clip.raw
        guard let rows else { return true }
        let isMel = clip.mel != nil
        let first = isMel ? start / frontEnd.hop : start
        let there = max(0, min(isMel ? frontEnd.patchFrames : frontEnd.chunk, rows.count - first))
        let values = AlignedFloats(count: max(1, there * (isMel ? frontEnd.bands : 1)))
        try rows.shard.floats(rows.first + first, there, to: values.pointer)
        let all = UnsafeBufferPointer(start: values.pointer, count: there * (isMel ? frontEnd.bands : 1))
        let floor = Float(log(frontEnd.offset * 1.01))
        let tail = isMel ? clip.tail.prefix(max(0, first + frontEnd.patchFrames - rows.count) * frontEnd.bands) : []
        guard tail.allSatisfy({ $0 <= floor }) else { return false }
        return withExtendedLifetime(values) {
            isMel ? all.allSatisfy { $0 <= floor } : all.allSatisfy { abs($0) <= 1 / 32_768 }
        }
    }

    /// Writes a chunk's normalised patch (96, 64) and its samples (16000).
    ///
    /// Everything after the clip's cached rows is silence: samples are 0 and frames ln 0.001, except for the frames in
    /// `tail`.
    ///
    /// - Parameter gain: the factor applied to the sound first, in samples and frames alike.
    /// - Throws: `FileError` if the rows cannot be read.
    package func fill(
        _ chunk: Int, mel: UnsafeMutablePointer<Float>?, wave: UnsafeMutablePointer<Float>?, gain: Float = 1
    ) throws {
        let clip = clips[Int(clipOfChunk[chunk])]
        let start = (chunk - clip.firstChunk) * plan.hop
        let frontEnd = plan.frontEnd
        if let mel, let rows = clip.mel {
            let first = start / frontEnd.hop
            let there = max(0, min(frontEnd.patchFrames, rows.count - first))
            try rows.shard.floats(rows.first + first, there, to: mel)
            var filled = there * frontEnd.bands
            let size = frontEnd.patchFrames * frontEnd.bands
            // A chunk that starts after the cached frames skips the frames of the tail before its start.
            for value in clip.tail.dropFirst(max(0, first - rows.count) * frontEnd.bands).prefix(size - filled) {
                mel[filled] = value
                filled += 1
            }
            (mel + filled).update(repeating: silence, count: size - filled)
            let patch = UnsafeMutableBufferPointer(start: mel, count: frontEnd.patchFrames * frontEnd.bands)
            Augmentation.apply(factor: gain, mel: patch, wave: nil)
            normalization.apply(to: patch, bands: frontEnd.bands)
        }
        if let wave, let rows = clip.raw {
            let there = max(0, min(frontEnd.chunk, rows.count - start))
            try rows.shard.floats(rows.first + start, there, to: wave)
            (wave + there).update(repeating: 0, count: frontEnd.chunk - there)
            Augmentation.apply(
                factor: gain, mel: nil, wave: UnsafeMutableBufferPointer(start: wave, count: frontEnd.chunk))
        }
    }
}
