import Audio
import Cache
import Errors
import Features
import Files
import Foundation
import Ledger
import Pipeline
import Sessions

/// Reads what a report or a page shows and plays for a stretch of one recording: log-mel frames, the score curve of a
/// class, and the sound.
///
/// Only the data that the stretch needs is read, however long the recording is. Use an instance on one thread at a
/// time.
package final class ExcerptReader {
    /// The maximum length of a stretch, in seconds: all of its frames and samples are kept in memory.
    package static let longest = 600.0

    private let ledger: Ledger
    /// The stage that says how long clips are and how they were heard.
    private let kept: KeptStage
    private let scores: ChunkScores?
    private let reader: CacheReader
    /// The resampling converter of the scored pipeline.
    private let converter: Converter
    /// The audio stream that the scored pipeline reads; nil for FFmpeg's choice.
    private let stream: Int?
    /// The stages whose log-mel frames are in the cache, those with the scored pipeline's front-end first.
    private var melStages: [(id: Int64, frontEnd: FrontEnd)]
    /// What checking the recordings found, so that the next stretch of one is read without checking it again.
    private let scans = ScanCache()
    private let digests = PerFileCache<String>(limit: 256)
    /// The files that were compared with the ledger, by path and part.
    private var compared: [String: Compared] = [:]

    /// The state of a file when it was last compared with the ledger.
    private struct Compared {
        let stat: SourceStat
        let content: String
        let isSame: Bool
    }

    /// Creates a reader for one cache.
    ///
    /// - Parameter scores: the chunk scores of the pipeline to show.
    /// - Throws: `LedgerError`.
    package convenience init(cache: CacheFolder, ledger: Ledger, scores: ChunkScores) throws {
        try self.init(cache: cache, ledger: ledger, kept: scores.kept, scores: scores)
    }

    /// Creates a reader for one cache.
    ///
    /// - Parameters:
    ///   - kept: a stage of the pipeline to show, which has rows of the clips.
    ///   - scores: the chunk scores, if that is their stage; nil if there are no curves to show.
    /// - Throws: `LedgerError`.
    package init(cache: CacheFolder, ledger: Ledger, kept: KeptStage, scores: ChunkScores?) throws {
        self.ledger = ledger
        self.kept = kept
        self.scores = scores
        reader = CacheReader(cache: cache.folder, ledger: ledger)
        converter = Self.converter(kept)
        stream = PipelineSettings(text: kept.pipeline.settings)?.audioStream
        melStages = try Self.melStages(ledger, kept)
    }

    // MARK: Frames

    /// The log-mel frames of a stretch. They come from the cache, whichever pipeline wrote them, if they belong to the
    /// file as it was last read; otherwise they are computed from the file with the front-end of the scored pipeline.
    ///
    /// Within the first half minute of a recording, computed frames equal the pipeline's bit for bit. Further on,
    /// decoding and resampling start a second before the stretch if the codec can be entered there, and the last bits
    /// of a frame may differ.
    ///
    /// - Parameters:
    ///   - from, to: seconds in the recording, clamped to the clip.
    /// - Throws: `ExcerptError`; `LedgerError`; `FileError` or `AudioError` if the system has run out of something.
    package func logMel(of clip: ClipRecord, from: Double, to: Double) throws -> LogMelExcerpt {
        let known = try known(clip)
        let window = try window(from, to, known)
        if let found = try cachedFrames(known) {
            return try cached(found.result, found.frontEnd, window, known.start)
        }
        return try computed(known, window)
    }

    /// - Parameter start: seconds from the recording's start to the clip's.
    private func cached(
        _ result: ResultRecord, _ frontEnd: FrontEnd, _ window: Range<Double>, _ start: Double
    ) throws -> LogMelExcerpt {
        let timing = FrameTiming(frontEnd)
        let frames = timing.frames(window.moved(by: -start), of: Int(result.rowCount))
        let found = try undamaged { try reader.floats(result, rows: frames) }
        guard found.columns == frontEnd.bands, found.values.allSatisfy(\.isFinite) else {
            throw ExcerptError(
                .damaged, path: ledger.path,
                "the cached frames are damaged: found \(found.columns) bands, expected \(frontEnd.bands) of finite numbers; "
                    + "run 'earmark verify --repair'")
        }
        return LogMelExcerpt(
            values: found.values, frontEnd: frontEnd, first: start + timing.seconds(frames.lowerBound), window: window,
            isFromCache: true, isChecked: found.isChecked)
    }

    private func computed(_ known: Known, _ window: Range<Double>) throws -> LogMelExcerpt {
        try checkFile(known)
        let frontEnd = kept.frontEnd
        let frames = RecordingFrames(
            frontEnd: frontEnd, chunkHop: kept.timing.hop, converter: converter, samples: known.samples)
        let timing = FrameTiming(frontEnd)
        let range = timing.frames(window.moved(by: -known.start), of: frames.count)
        let recording = try openRecording(known.clip.path, part: known.part, scans: scans, stream: stream)
        return LogMelExcerpt(
            values: try frames.read(range, of: recording), frontEnd: frontEnd,
            first: known.start + timing.seconds(range.lowerBound), window: window)
    }

    private func cachedFrames(_ known: Known) throws -> (result: ResultRecord, frontEnd: FrontEnd)? {
        func find() throws -> (result: ResultRecord, frontEnd: FrontEnd)? {
            for stage in melStages {
                if let result = try ledger.currentResult(clip: known.clip.name, stage: stage.id), result.rowCount > 0 {
                    return (result, stage.frontEnd)
                }
            }
            return nil
        }
        if let found = try find() { return found }
        // A run may have written frames of another stage since then.
        let now = try Self.melStages(ledger, kept)
        guard now.map(\.id) != melStages.map(\.id) else { return nil }
        melStages = now
        return try find()
    }

    private static func melStages(
        _ ledger: Ledger, _ kept: KeptStage
    ) throws -> [(id: Int64, frontEnd: FrontEnd)] {
        let told = try ledger.frontEnds()
        let own = Set(kept.pipeline.stages)
        let stages = try ledger.stages().filter { $0.kind == "mel" }.compactMap { stage in
            // Before the ledger recorded front-ends, YAMNet's was the only one.
            let frontEnd = told[stage.id].map(\.frontEnd) ?? FrontEnd.standard
            return frontEnd.map { (id: stage.id, frontEnd: $0) }
        }
        func rank(_ stage: (id: Int64, frontEnd: FrontEnd)) -> Int {
            let isSame =
                stage.frontEnd.rate == kept.frontEnd.rate
                && stage.frontEnd.identityOfFrames == kept.frontEnd.identityOfFrames
            return (isSame ? 0 : 2) + (own.contains(stage.id) ? 0 : 1)
        }
        return stages.sorted { (rank($0), -$0.id) < (rank($1), -$1.id) }
    }

    /// The converter of the resample stage upstream of the stage with the rows.
    private static func converter(_ kept: KeptStage) -> Converter {
        let stages = PipelineSettings(text: kept.pipeline.settings)?.stages ?? []
        var waiting = stages.filter { $0.fingerprint == kept.stage.fingerprint }.map(\.name)
        var seen = Set(waiting)
        while let name = waiting.popLast() {
            guard let stage = stages.first(where: { $0.name == name }) else { continue }
            if stage.uses == "resample" { return stage.parameters["converter"].flatMap(Converter.init) ?? .soxrHQ }
            for above in stage.from where seen.insert(above).inserted { waiting.append(above) }
        }
        return .soxrHQ
    }

    // MARK: Curve

    /// The scores of a class for the chunks that overlap a stretch, in order.
    ///
    /// - Parameters:
    ///   - place: the class's index in the model.
    ///   - from, to: seconds in the recording, clamped to the clip.
    /// - Throws: `ExcerptError`, `LedgerError`; `CacheError` if the rows do not match the classes; `FileError` if the system
    ///   has run out of something.
    package func curve(of clip: ClipRecord, class place: Int, from: Double, to: Double) throws -> [CurvePoint] {
        guard let scores else {
            throw ExcerptError(
                .unknownClass, path: clip.path, "pipeline '\(kept.pipeline.name)' keeps no scores of chunks")
        }
        guard scores.classes.indices.contains(place) else {
            throw ExcerptError(
                .unknownClass, path: clip.path,
                "found no class \(place), expected 0 to \(scores.classes.count - 1), the model's classes")
        }
        let known = try known(clip)
        let window = try window(from, to, known).moved(by: -known.start)
        let (rate, hop, length) = (
            Double(scores.timing.rate), Double(scores.timing.hop), Double(scores.timing.length)
        )
        // Chunk i overlaps the window if i hop < to and i hop + length > from.
        let count = known.place.chunks
        let first = max(0, Int(((window.lowerBound * rate - length) / hop).rounded(.down)) + 1)
        let end = min(count, Int((window.upperBound * rate / hop).rounded(.up)))
        let chunks = min(first, count)..<max(end, min(first, count))
        let rows = try undamaged { try scores.values(known.place, chunks: chunks, of: clip) }.values
        return chunks.map { chunk in
            let start = Double(chunk) * hop
            return CurvePoint(
                start: known.start + start / rate,
                end: known.start + min((start + length) / rate, known.seconds),
                score: rows[(chunk - chunks.lowerBound) * scores.classes.count + place])
        }
    }

    // MARK: Sound

    /// The sound of a stretch, cut out of the recording at its own rate and encoded for a browser.
    ///
    /// - Parameters:
    ///   - from, to: seconds in the recording, clamped to the clip.
    /// - Throws: `ExcerptError`, `LedgerError`; `FileError` or `AudioError` if the system has run out of something.
    package func sound(
        of clip: ClipRecord, from: Double, to: Double, encoding: SoundEncoding
    ) throws -> EncodedSound {
        try soundLater(of: clip, from: from, to: to, encoding: encoding)()
    }

    /// Does the same as `sound(of:from:to:encoding:)` in two steps: queries the ledger and checks the file now, and
    /// returns a closure that decodes and encodes, on any thread.
    ///
    /// - Throws: the same errors as `sound(of:from:to:encoding:)`, as does the returned closure.
    package func soundLater(
        of clip: ClipRecord, from: Double, to: Double, encoding: SoundEncoding
    ) throws -> @Sendable () throws -> EncodedSound {
        let known = try known(clip)
        let window = try window(from, to, known)
        try checkFile(known)
        let cutter = SoundCutter(path: known.clip.path, part: known.part?.ofWholeLength, scans: scans, stream: stream)
        return { try cutter.cut(window, as: encoding) }
    }

    // MARK: Checks

    /// What the ledger knows of a clip.
    private struct Known {
        let clip: ClipRecord
        let place: KeptStage.Place
        /// The part of the recording that the clip is; nil for all of it.
        let part: RecordingPart?
        /// The clip's length.
        let seconds: Double
        /// The clip's length in samples at the pipeline's rate.
        let samples: Int

        /// The file as it was when it was read.
        var source: SourceRecord { place.source }
        /// Seconds from the recording's start to the clip's.
        var start: Double { part?.startSeconds ?? 0 }
    }

    private func known(_ clip: ClipRecord) throws -> Known {
        guard let place = try kept.place(of: clip) else {
            throw ExcerptError(
                .unscored, path: clip.path,
                "it has no \(scores == nil ? kept.stage.kind : "scores") of the file as it was last read")
        }
        guard let samples = kept.samples(place) else {
            throw ExcerptError(
                .unscored, path: clip.path,
                "its length is not known; 'earmark run' with pipeline '\(kept.pipeline.name)' notes it")
        }
        return Known(
            clip: clip, place: place, part: try clip.recordingPart(),
            seconds: place.source.seconds ?? Double(samples) / Double(kept.timing.rate), samples: samples)
    }

    private func window(_ from: Double, _ to: Double, _ known: Known) throws -> Range<Double> {
        let (first, end) = (max(known.start, from), min(to, known.start + known.seconds))
        guard !from.isNaN, !to.isNaN, first < end else {
            throw ExcerptError(
                .emptyWindow, path: known.clip.path,
                known.part == nil
                    ? "found the stretch from \(from) to \(to) s, expected some of the recording's \(known.seconds) s"
                    : "found the stretch from \(from) to \(to) s, expected some of the clip's \(known.seconds) s from "
                        + "\(known.start) s on")
        }
        guard end - first <= Self.longest else {
            throw ExcerptError(
                .tooLong, path: known.clip.path,
                "found a stretch of \(end - first) s, expected at most \(Self.longest) s")
        }
        return first..<end
    }

    /// Checks that the file is still the one that was read.
    ///
    /// As in a run, equal size and modification time mean equal content; if either differs, the content is compared.
    ///
    /// - Throws: `ExcerptError` if the file is gone, has changed or cannot be read; `FileError` if a system resource
    ///   has run out.
    private func checkFile(_ known: Known) throws {
        let path = known.clip.path
        guard let stat = SourceStat.find(path) else {
            let code = errno
            if SystemReason.isShortage(code) { throw FileError(path: path, "cannot look at", code: code) }
            throw ExcerptError(
                .gone, path: path, [ENOENT, ENOTDIR].contains(code) ? "gone" : "gone: \(SystemReason.text(code))")
        }
        let source = known.source
        if stat.size == source.size, stat.modified == source.modified { return }
        let key = path + "\0" + (known.part?.text ?? "")
        if let last = compared[key], last.stat == stat, last.content == source.content {
            if last.isSame { return }
            throw Self.changed(path)
        }
        let isSame: Bool
        do {
            isSame = try stat.digest(path, part: known.part?.text, keptIn: digests) == source.content
        } catch let failure as ClipFailure {
            throw ExcerptError(.undecodable, path: path, "cannot be decoded: \(failure.reason)")
        }
        compared[key] = Compared(stat: stat, content: source.content, isSame: isSame)
        if !isSame { throw Self.changed(path) }
    }

    private static func changed(_ path: String) -> ExcerptError {
        ExcerptError(.changed, path: path, "changed since it was read")
    }

    /// Runs a closure that reads cached rows.
    ///
    /// - Throws: `ExcerptError` instead of a `FileError`, unless a system resource has run out; other errors unchanged.
    private func undamaged<Rows>(_ read: () throws -> Rows) throws -> Rows {
        do {
            return try read()
        } catch let error as FileError {
            if error.isShortage { throw error }
            throw ExcerptError(.damaged, path: error.path, "the cached rows cannot be read: \(error.reason)")
        }
    }
}

extension Range<Double> {
    /// The range so many seconds later.
    fileprivate func moved(by seconds: Double) -> Range<Double> { lowerBound + seconds..<upperBound + seconds }
}
