/// Gathers each recording's events, for callers that need them together.
private final class GatheredEvents: EventSink {
    private let body: (EventClip, [Event]) throws -> Void
    private var clip: EventClip?
    private var events: [Event] = []

    init(_ body: @escaping (EventClip, [Event]) throws -> Void) { self.body = body }

    func begin(clip: EventClip) throws {
        try end()
        self.clip = clip
    }

    func write(_ event: Event) throws { events.append(event) }

    func end() throws {
        defer {
            clip = nil
            events.removeAll(keepingCapacity: true)
        }
        if let clip { try body(clip, events) }
    }
}

extension EventSource {
    /// Passes every chosen recording with all its events to `body`; the same at every call.
    ///
    /// - Throws: as `forEach(_:)` does, and anything `body` throws.
    package func forEachClip(_ body: (EventClip, [Event]) throws -> Void) throws -> Summary {
        try withoutActuallyEscaping(body) { body in
            let gathered = GatheredEvents(body)
            let summary = try forEach(gathered)
            try gathered.end()
            return summary
        }
    }
}
