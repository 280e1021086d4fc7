import Audio
import Cache
import Evaluation

/// All that a report's page shows.
package struct ReportContent: Sendable {
    /// A clip as the page names it.
    package struct Clip: Sendable, Equatable {
        package let name: String
        package let path: String

        package init(name: String, path: String) {
            self.name = name
            self.path = path
        }
    }

    /// The page's heading.
    package var title: String
    package var summary: SummaryReport
    /// nil for the statistics alone.
    package var details: ReportDetails?
    /// The clips that are examples, by their row in the table of scores.
    package var clips: [Int: Clip]
    /// Clips that could not be done.
    package var failures: [FailureLine]
    /// Pictures and sound of the examples; nil if they were not asked for.
    package var excerpts: ReportExcerpts?
    /// How the model's training went; nil if that is not known.
    package var history: TrainingHistory?

    package init(
        title: String = "Earmark statistics", summary: SummaryReport, details: ReportDetails? = nil,
        clips: [Int: Clip] = [:], failures: [FailureLine] = [], excerpts: ReportExcerpts? = nil,
        history: TrainingHistory? = nil
    ) {
        self.title = title
        self.summary = summary
        self.details = details
        self.clips = clips
        self.failures = failures
        self.excerpts = excerpts
        self.history = history
    }
}

/// Which clips a page shows as examples, and how.
package struct ExampleSettings: Sendable, Equatable {
    /// Most best, doubtful, falsely found and missed clips of a class, each.
    package var perClass: Int
    /// Most bytes of pictures and sound, as they stand in the page.
    package var bytes: Int
    package var encoding: SoundEncoding
    /// Whether each picture is made as a file of its own too.
    package var hasFiles: Bool

    package init(
        perClass: Int = 3, bytes: Int = 8_000_000, encoding: SoundEncoding = .opus, hasFiles: Bool = false
    ) {
        self.hasFiles = hasFiles
        self.perClass = perClass
        self.bytes = bytes
        self.encoding = encoding
    }
}
