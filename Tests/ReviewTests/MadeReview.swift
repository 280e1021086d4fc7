import Audio
import Cache
import Foundation
import Ledger
import Results
import TestSupport
import Testing

import Review

/// A review of a cache of made-up scores, whose recordings are not there: chunks of a second, one after the other.
final class MadeReview {
    static let classes = ["Dog", "Cat", "=Bird <b>"]
    static let token = "abcdefghijklmnopqrstuvwxyz012345"

    let folder: TemporaryFolder
    let cache: CacheFolder
    let session: ReviewSession
    let handler: ReviewHandler

    /// - Parameters:
    ///   - clips: by name the scores of a class in each chunk; the others score 0.
    ///   - threshold: from which there is an event.
    ///   - part: the part of its recording that each clip is.
    ///   - recordings: the folder of the recordings, which need not be there.
    ///   - metadata: each clip's further columns, as the ledger has them.
    ///   - events: a table of events to judge; nil for those that are found.
    ///   - keepsScores: whether the pipeline keeps its chunk scores; if not, it keeps embeddings alone.
    init(
        _ clips: [(name: String, place: Int, scores: [Float])], threshold: Double = 0.5, part: RecordingPart? = nil,
        recordings: String = "/nowhere", metadata: String? = nil, events: String? = nil,
        keepsScores: Bool = true
    ) async throws {
        folder = try TemporaryFolder()
        cache = CacheFolder(folder: folder.path + "/cache")
        let made = ScoreCache(
            cache: cache, classes: Self.classes, timing: ChunkTiming(rate: 16_000, hop: 16_000, length: 16_000),
            embeddingSize: keepsScores ? 0 : 1, pipeline: keepsScores ? "label" : "embeddings")
        try made.make(clips: clips.count) { index in
            let clip = clips[index]
            let scores = clip.scores.flatMap { score in Self.classes.indices.map { $0 == clip.place ? score : 0 } }
            return ScoreCache.Clip(
                name: clip.name, path: "\(recordings)/\(clip.name)", samples: 16_000 * clip.scores.count,
                scores: scores, embeddings: clip.scores, metadata: metadata, part: part)
        }
        if !keepsScores { try Self.forgetScores(cache) }
        var request = SelectionRequest()
        request.threshold = threshold
        var settings = ReviewSettings(cache: cache, request: request, reviewer: "Ann")
        if let events { settings.events = try folder.put("events.csv", events) }
        session = ReviewSession(settings)
        handler = ReviewHandler(session, token: Self.token, port: 4000)
        try await find()
    }

    /// Leaves a cache's only pipeline with the stage that keeps embeddings.
    private static func forgetScores(_ cache: CacheFolder) throws {
        let ledger = try Ledger(path: cache.ledgerPath)
        let made = try #require(try ledger.pipelines().first)
        let kept = try ledger.stages().filter { $0.kind == "embeddings" }.map(\.id)
        try ledger.put(
            PipelineRecord(
                name: made.name, fingerprint: made.fingerprint, stages: kept, file: made.file, updated: made.updated))
        try ledger.close()
    }

    /// Finds the events, and waits for them.
    func find() async throws {
        let state = await withCheckedContinuation { done in
            session.find { done.resume(returning: $0) }
        }
        try #require(state == .ready)
    }

    /// Asks as the page does, unless told otherwise.
    func ask(
        _ path: String, method: String = "GET", headers: [String: String?] = [:], body: String = ""
    ) async throws -> Answer {
        var all: [String: String?] = [
            "Host": "127.0.0.1:4000", "Cookie": "other=1; earmark-4000=\(Self.token)",
        ]
        if method == "POST" {
            all["Origin"] = "http://127.0.0.1:4000"
            all["Content-Type"] = "application/json"
            all["Content-Length"] = "\(body.utf8.count)"
        }
        for (name, value) in headers { all[name] = value }
        var found = HTTPHeaders()
        for (name, value) in all { found[name] = value }
        return handler.answer(HTTPRequest(method: method, target: path, headers: found, body: Data(body.utf8)))
    }

    func json(_ path: String) async throws -> [String: Any] {
        let answer = try await ask(path)
        let data = answer.body
        try #require(answer.status == .ok, "\(path): \(String(decoding: data, as: UTF8.self))")
        return try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    }

    /// The events of a queue, by clip and start.
    func queue(_ query: String = "") async throws -> [(
        id: Int, clip: String, start: Double, score: Double, own: String?
    )] {
        let events = try #require(try await json("/events?" + query)["events"] as? [[String: Any]])
        return try events.map {
            (
                try #require($0["id"] as? Int), try #require($0["clip"] as? String),
                try #require($0["start"] as? Double),
                try #require($0["score"] as? Double), $0["own"] as? String
            )
        }
    }

    /// Judges, and hands out the status and what is answered.
    func judge(
        _ event: Int, _ verdict: String, generation: Int = 1, by reviewer: String = "Ann", more: String = ""
    ) async throws -> (status: Int, text: String) {
        let answer = try await ask(
            "/judge", method: "POST",
            body:
                #"{"generation":\#(generation),"event":\#(event),"verdict":"\#(verdict)","reviewer":"\#(reviewer)"\#(more)}"#
        )
        return (answer.status.rawValue, String(decoding: answer.body, as: UTF8.self))
    }
}
