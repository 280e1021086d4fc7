import Cache
import Errors
import Foundation
import Ledger
import Results

/// Answers the page's requests. Requests name events by number; no path from a request ever reaches the file system.
package struct ReviewHandler: Sendable {
    /// The longest stretch that is shown and played at once, in seconds.
    static let longestWindow = 60.0
    /// The seconds shown and played before and after an event, unless the page asks for another number.
    static let lead = 1.0
    private static let mostEvents = 500
    private static let mostLost = 1000

    private let session: ReviewSession
    private let guardian: RequestGuard
    private let sounds = SoundCache()

    /// - Parameters:
    ///   - token: the token that a request must present.
    ///   - port: the port that the page is served on.
    package init(_ session: ReviewSession, token: String, port: UInt16) {
        self.session = session
        guardian = RequestGuard(token: token, port: port)
    }

    /// The refusal of a request that does not come from the page; nil for one that does. Looks at its head alone.
    package func refusal(of request: HTTPRequest) -> Answer? {
        guard case .refuse(let status, let reason) = guardian.check(request) else { return nil }
        var answer = Answer.text(status, reason)
        if status == .methodNotAllowed { answer.headers["Allow"] = RequestGuard.methods }
        return answer
    }

    /// Whether the answer may have megabytes: only sounds do.
    package static func isLarge(_ request: HTTPRequest) -> Bool { request.path.hasSuffix("/sound.wav") }

    /// Answers a request, or refuses it. May wait for files and for other threads.
    package func answer(_ request: HTTPRequest) -> Answer {
        if let refusal = refusal(of: request) { return refusal }
        var answer = admitted(request)
        if case .pass(let cookie?) = guardian.check(request) { answer.headers["Set-Cookie"] = cookie }
        return answer
    }

    // MARK: - Paths

    private func admitted(_ request: HTTPRequest) -> Answer {
        let query = Query(request.query)
        // The path is split undecoded: only these literal words and numbers are recognized.
        let words = request.path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map(String.init)
        do {
            // The server leaves the body of an answer to HEAD out.
            switch (request.method == "HEAD" ? "GET" : request.method, words.first ?? "", words.count) {
            case ("GET", "", 1): return .page(PageFiles.index, "text/html; charset=utf-8")
            case ("GET", "review.css", 1): return .page(PageFiles.style, "text/css; charset=utf-8")
            case ("GET", "review.js", 1): return .page(PageFiles.script, "text/javascript; charset=utf-8")
            case ("GET", "facts", 1): return try .json(facts(query))
            case ("GET", "run", 1): return try .json(RunProgress(session.settings.cache))
            case ("GET", "events", 1): return try events(query)
            case ("GET", "lost", 1): return try .json(lost())
            case ("GET", "event", 3), ("GET", "event", 4):
                // One address an event: Int would also read a sign and leading zeros.
                guard let event = Int(words[1]), "\(event)" == words[1], event >= 0, words.count == 3 else { break }
                return try excerpt(event, words[2], query, request)
            case ("POST", "judge", 1): return try judge(request.body)
            case ("POST", "undo", 1): return try undo(request.body)
            case ("POST", "find", 1):
                session.find()
                return .text(.accepted, "")
            case ("POST", "", 1), ("POST", "review.css", 1), ("POST", "review.js", 1), ("POST", "facts", 1),
                ("POST", "events", 1), ("POST", "run", 1), ("POST", "lost", 1), ("POST", "event", _):
                return .wrongMethod(request.method, "GET, HEAD")
            case ("GET", "judge", 1), ("GET", "undo", 1), ("GET", "find", 1):
                return .wrongMethod(request.method, "POST")
            default: break
            }
            return .text(.notFound, "there is no such page")
        } catch let error as ExcerptError {
            return .text(.gone, error.reason)
        } catch let error as SettingError {
            return .text(.unprocessableContent, "\(error)")
        } catch {
            let text = ReviewSession.text(error)
            let category = (error as? any EarmarkError)?.category ?? .internal
            return .text(category == .busy ? .serviceUnavailable : .internalServerError, text)
        }
    }

    // MARK: - Facts

    private func facts(_ query: Query) -> Facts {
        let (state, generation) = session.snapshot()
        return session.judgements { board, _, fault in
            var facts = Facts(
                cache: session.settings.cache.folder, reviewer: session.settings.reviewer,
                writable: session.isWritable)
            switch state {
            case .finding(let clips, let events):
                (facts.state, facts.finding) = ("finding", Facts.Finding(clips: clips, events: events))
            case .ready: break
            case .failed(let reason): (facts.state, facts.fault) = ("failed", reason)
            }
            facts.fault = facts.fault ?? fault
            facts.judgements = board.count
            facts.lost = board.lostCount
            guard let generation else { return facts }
            let index = generation.index
            facts.generation = generation.number
            facts.pipeline = generation.pipeline
            facts.thresholds = generation.thresholdText
            facts.events = index.count
            facts.recordings = index.clipCount
            facts.notices = generation.notices + board.damage
            facts.classes = index.classes.enumerated().map {
                Facts.Class(
                    name: $1, threshold: EventIndex.number(index.thresholds[$0]), events: index.counts[$0])
            }
            for (event, standing) in board.standings {
                guard event < index.count, let verdict = standing.review?.verdict else { continue }
                let place = Int(index.places[event])
                switch verdict {
                case .accept: facts.classes[place].accept += 1
                case .reject: facts.classes[place].reject += 1
                case .unsure: facts.classes[place].unsure += 1
                case .disputed: facts.classes[place].disputed += 1
                }
            }
            return facts
        }
    }

    private func lost() -> [LostLine] {
        session.judgements { board, _, _ in board.lost.prefix(Self.mostLost).map(LostLine.init) }
    }

    // MARK: - Events

    /// For a request that needs events, if there are none.
    private func noEvents(_ state: ReviewSession.State) -> Answer {
        guard case .failed(let reason) = state else {
            return .text(.serviceUnavailable, "the events are being found")
        }
        return .text(.serviceUnavailable, "the events could not be found: \(reason)")
    }

    private func events(_ query: Query) throws -> Answer {
        let (state, found) = session.snapshot()
        guard let generation = found else { return noEvents(state) }
        let index = generation.index
        var wanted = EventQuery()
        wanted.low = Float(try query.number("low", 0...1) ?? 0)
        wanted.high = Float(try query.number("high", 0...1) ?? 1)
        wanted.text = query["text"] ?? ""
        wanted.order = query["order"].flatMap(EventQuery.Order.init) ?? .doubt
        wanted.sample = try query.number("sample", 1...1e6).map { Int($0) }
        wanted.seed = UInt64(try query.number("seed", 0...1e15) ?? 1)
        if let name = query["class"], !name.isEmpty {
            wanted.classes = Set(index.classes.indices.filter { index.classes[$0] == name })
        }
        let reviewer = query["reviewer"] ?? session.settings.reviewer
        let hidesJudged = query["judged"] == "no"
        let offset = try query.integer("offset", 0...1_000_000_000_000) ?? 0
        let limit = try query.integer("limit", 1...Self.mostEvents) ?? 100
        // Copies only the standings from the board, so that the rest runs without the lock.
        let standings = session.judgements { board, current, _ in
            current?.number == generation.number ? board.standings : [:]
        }
        let places = wanted.run(index) { hidesJudged && standings[$0]?.own(reviewer) != nil }
        let lines = places.dropFirst(offset).prefix(limit).map {
            EventLine(Int($0), index, standings[Int($0)], reviewer: reviewer)
        }
        return try .json(
            Queue(generation: generation.number, total: places.count, offset: offset, events: Array(lines)))
    }

    private func excerpt(_ event: Int, _ what: String, _ query: Query, _ request: HTTPRequest) throws -> Answer {
        let (state, found) = session.snapshot()
        guard let generation = found else { return noEvents(state) }
        guard let wanted = try query.integer("generation", 0...1_000_000_000) else {
            return .text(.conflict, "expected the parameter generation, which says of which events this is one")
        }
        guard wanted == generation.number else { return .foundAnew }
        guard event < generation.index.count else {
            return .text(.conflict, "expected the number of one of \(generation.index.count) events, found \(event)")
        }
        let lead = try query.number("lead", 0...10) ?? Self.lead
        let part = try query.integer("part", 0...1_000_000) ?? 0
        let window = Self.window(generation.index, event, lead: lead, part: part)
        let clip = Int(generation.index.clips[event])
        switch what {
        case "detail": return try .json(detail(event, generation, window, query))
        case "picture.png":
            let picture = try generation.picture(ofClip: clip, window: window.range)
            return Answer(.ok, picture[...], "image/png", isKept: true)
        case "sound.wav":
            let key = SoundCache.Key(
                generation: generation.number, clip: clip, from: window.range.lowerBound, to: window.range.upperBound)
            let sound = try sounds.sound(key) { try generation.sound(ofClip: clip, window: window.range) }
            return .bytes(sound, tag: key.tag, for: request)
        default: return .text(.notFound, "there is no such page")
        }
    }

    /// The stretch shown and played for an event; a long event has several, its parts.
    struct Window {
        let range: Range<Double>
        let part: Int
        let parts: Int
    }

    static func window(_ index: EventIndex, _ event: Int, lead: Double, part: Int) -> Window {
        let clip = index.clip(Int(index.clips[event]))
        let from = max(clip.start, index.starts[event] - lead)
        let to = max(min(index.ends[event] + lead, clip.end ?? .infinity), from + 0.01)
        let parts = max(1, Int(((to - from) / longestWindow).rounded(.up)))
        let part = min(part, parts - 1)
        let first = from + Double(part) * longestWindow
        return Window(range: first..<min(to, first + longestWindow), part: part, parts: parts)
    }

    private func detail(_ event: Int, _ generation: EventGeneration, _ window: Window, _ query: Query) -> EventDetail {
        let index = generation.index
        let reviewer = query["reviewer"] ?? session.settings.reviewer
        let clip = Int(index.clips[event])
        let around = index.events(of: clip)
        // A recording may last for days: looks only at events nearby in the list.
        let close = max(around.lowerBound, event - 200)..<min(around.upperBound, event + 200)
        let near = close.filter {
            $0 != event && index.starts[$0] < window.range.upperBound && index.ends[$0] > window.range.lowerBound
        }
        return session.judgements { board, current, _ in
            let standings = current?.number == generation.number ? board.standings : [:]
            return Detail(
                line: EventLine(event, index, standings[event], reviewer: reviewer),
                near: near.prefix(40).map { EventLine($0, index, standings[$0], reviewer: reviewer) },
                said: (standings[event]?.judgements ?? []).map(EventDetail.Said.init))
        }.made(event, generation, window)
    }

    /// The data taken from the judgements, so that the recording can be read without holding their lock.
    private struct Detail {
        /// The lowest score at which another class is shown.
        private static let leastOther: Float = 0.05

        let line: EventLine
        let near: [EventLine]
        let said: [EventDetail.Said]

        func made(_ event: Int, _ generation: EventGeneration, _ window: Window) -> EventDetail {
            let index = generation.index
            let clip = Int(index.clips[event])
            var detail = EventDetail(
                generation: generation.number, event: line, seconds: index.clip(clip).end,
                threshold: index.threshold(ofEvent: event), from: window.range.lowerBound, to: window.range.upperBound,
                part: window.part, parts: window.parts)
            detail.near = near
            detail.judgements = said
            do {
                detail.columns = try generation.columns(ofClip: clip, start: index.starts[event])
                let place = Int(index.places[event])
                (detail.low, detail.high) = (generation.band.lowerBound, generation.band.upperBound)
                if place < generation.modelClasses {
                    let steps = try generation.curve(ofClip: clip, place: place, window: window.range)
                    detail.curve = steps.map { EventDetail.Step(start: $0.start, end: $0.end, score: $0.score) }
                } else if !generation.hasScores {
                    detail.fault = "there is none, as pipeline '\(generation.pipeline)' keeps no scores of chunks"
                } else {
                    detail.fault = "there is none, as '\(index.classes[place])' is no class of the model"
                }
                detail.others = try generation.others(
                    ofClip: clip, span: index.starts[event]..<max(index.ends[event], index.starts[event] + 0.001),
                    count: 8
                ).filter { $0.place != place && $0.score >= Self.leastOther }.prefix(6).map {
                    EventDetail.Other(label: index.classes[$0.place], score: EventIndex.number($0.score))
                }
            } catch {
                detail.fault = ReviewSession.text(error)
            }
            return detail
        }
    }

    // MARK: - Judging

    private func judge(_ body: Data) throws -> Answer {
        guard let request = try? JSONDecoder().decode(JudgeRequest.self, from: body) else {
            return .text(
                .badRequest,
                "expected an object of JSON with generation, event, reviewer and verdict: accept, reject or unsure")
        }
        let correction = Judgement.Correction(label: request.label, start: request.start, end: request.end)
        let made = try session.judge(
            request.event, of: request.generation, request.verdict, correction, reviewer: request.reviewer,
            key: request.key)
        guard let made else { return .foundAnew }
        return try .json(EventDetail.Said(made))
    }

    private func undo(_ body: Data) throws -> Answer {
        guard let request = try? JSONDecoder().decode(UndoRequest.self, from: body) else {
            return .text(.badRequest, "expected an object of JSON with judgement, a number, and reviewer")
        }
        try session.undo(request.judgement, reviewer: request.reviewer)
        return .text(.ok, "")
    }
}

/// The query of an address: the part after the question mark.
private struct Query {
    private let items: [(name: String, value: String)]

    init(_ items: [(name: String, value: String)]) { self.items = items }

    subscript(name: String) -> String? { items.first { $0.name == name }?.value }

    /// The parameter's value; nil if it is absent or empty.
    ///
    /// - Throws: `SettingError` if the value is not a number within the range.
    func number(_ name: String, _ range: ClosedRange<Double>) throws -> Double? {
        guard let text = self[name], !text.isEmpty else { return nil }
        guard let value = Double(text), range.contains(value) else {
            throw SettingError(
                name: name, found: "'\(text.prefix(40))'", expected: "\(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// The parameter's value; nil if it is absent or empty.
    ///
    /// - Throws: `SettingError` if the value is not digits alone, without leading zeros, or not within the range.
    func integer(_ name: String, _ range: ClosedRange<Int>) throws -> Int? {
        guard let text = self[name], !text.isEmpty else { return nil }
        guard let value = Int(text), "\(value)" == text, range.contains(value) else {
            throw SettingError(
                name: name, found: "'\(text.prefix(40))'",
                expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }
}
