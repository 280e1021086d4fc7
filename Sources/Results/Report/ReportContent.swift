import Audio
import Cache
import Evaluation

/// Everything that a report's page shows.
package struct ReportContent: Sendable {
    /// A clip's name and path as shown in the page.
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
    /// The details; nil if the report contains only statistics.
    package var details: ReportDetails?
    /// The clips used as examples, by their row in the table of scores.
    package var clips: [Int: Clip]
    /// The clips that could not be processed.
    package var failures: [FailureLine]
    /// Pictures and sounds of the examples; nil if they were not requested.
    package var excerpts: ReportExcerpts?
    /// What the truth is if it is what reviewers judged, which is known for some clips and classes only; nil otherwise.
    package var judged: String?
    /// The clips divided by hour of day, date, month or a column of the manifest.
    package var divisions: [ClipDivision] = []
    /// The course of the model's training; nil if it is not known.
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

/// Settings for which clips a page shows as examples, and how.
package struct ExampleSettings: Sendable, Equatable {
    /// The maximum number of best, doubtful, falsely found and missed clips of a class, each.
    package var perClass: Int
    /// The maximum size of pictures and sounds in bytes, as embedded in the page.
    package var bytes: Int
    package var encoding: SoundEncoding
    /// Whether each picture is also written to a separate file.
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
