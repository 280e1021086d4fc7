import Cache
import Corpora
import Ledger
import Pipeline
import Sessions
import Stages
import Training

/// A teacher for the clips of a `TrainingFixture`: a wave encoder, trained for a few epochs on their labels.
extension TrainingFixture {
    /// Trains the teacher, with the fixture's classes.
    ///
    /// - Returns: its model file.
    func makeTeacher() throws -> String {
        var options = TrainingOptions()
        options.epochs = 6
        options.batch = 4
        options.learningRate = 3e-3
        options.seed = 77
        _ = try trainer("teacher", options, validates: false).run(stop: StopSignal()) { _ in }
        return files("teacher").model
    }

    /// Scores the clips with a model, into the fixture's cache.
    ///
    /// - Parameter clips: nil for all.
    /// - Returns: the stage that keeps the scores.
    func score(
        _ model: String, overlap: Double = 0.5, skipBelow: Double? = nil, of clips: [Manifest.Entry]? = nil
    ) throws -> TeacherStage {
        let yaml = """
            name: teacher
            stages:
              decode: {uses: decode}
              resample: {uses: resample, from: decode}
              chunk: {uses: chunk, from: resample, overlap: \(overlap)\(skipBelow.map { ", skip-below: \($0)" } ?? "")}
              raw-cache: {uses: cache, from: chunk, dtype: int16}
              infer: {uses: infer, from: [raw-cache], model: \(model)}
              scores-cache: {uses: cache, from: infer}
            """
        let pipeline = try PipelineLoader.load(yaml: yaml, file: "teacher.yaml", sets: [])
        let session = try RunSession(pipeline: pipeline, manifest: try manifest(clips), cache: cache)
        _ = try session.run(session.plan(), workers: 1, stop: StopSignal()) { _ in }
        try session.close()
        let ledger = try cache.reading()
        let record = try ledger.pipelines().first { $0.name == "teacher" }
        let stage = try ledger.stages().first { stage in
            stage.kind == "scores" && record?.stages.contains(stage.id) == true
        }
        guard let stage else { throw TrainingError(.internal, at: nil, "the run kept no scores") }
        return try TeacherStage(name: "teacher.scores-cache", stage: stage, identifiers: [], ledger: ledger)
    }

    /// The teacher's scores of a set's chunks.
    func teacher(_ stage: TeacherStage, of set: ChunkSet, weight: Float = 1) throws -> TeacherScores {
        try TeacherScores(
            stage, classes: TeacherClasses(student: ClassNames(set.classes), teacher: stage, map: nil), weight: weight,
            set: set, cache: cache)
    }
}
