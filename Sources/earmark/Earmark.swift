import Errors
import ArgumentParser
import Foundation
import Wording

/// The `earmark` command.
@main
struct Earmark: ParsableCommand {
    static let version = ProgramVersion.number

    static let configuration = CommandConfiguration(
        commandName: "earmark",
        abstract: "Listens to a whole audio collection and marks what is in it.",
        discussion: """
            A pipeline turns files into cached log-mel features, runs a small audio-tagging network over them and \
            leaves scores, labels and per-class statistics. An interrupted job resumes where it stopped; a job that \
            is started again does only what is new.

            EXAMPLE
              earmark synth /tmp/corpus
              earmark manifest fsd50k /tmp/corpus --out /tmp/corpus.csv
              earmark run features.yaml --manifest /tmp/corpus.csv --cache c

            EXIT STATUS
               0  all done
               3  finished, but some clips failed, or are missing from what was
                  exported
              64  wrong usage
              65  bad input file
              70  an error in the program itself
              74  reading or writing failed
              75  interrupted, out of space, memory or descriptors, or the cache is in
                  use: run again to resume
             141  the reader of standard output has gone

            ENVIRONMENT
              EARMARK_DATA     the folder of the pipelines and models to use instead
                               of those installed with the program
              EARMARK_ENGINES  libraries of foreign engines, or folders that hold
                               them, separated by ':'
              EARMARK_MIRROR   the address of a folder, such as https://host/folder
                               or file:///folder, from which models are fetched by
                               file name instead of from their official addresses
              XDG_CACHE_HOME   fetched models are kept in earmark/models below this
                               folder, else below ~/.cache
            """,
        version: VersionText.text,
        subcommands: [
            DemoCommand.self, SynthCommand.self, ManifestCommand.self, ModelCommand.self, PlanCommand.self,
            RunCommand.self, WorkCommand.self, MergeCommand.self, SubmitCommand.self, StatusCommand.self,
            VerifyCommand.self, RetryCommand.self, PruneCommand.self,
            ExportCommand.self, SearchCommand.self, StatsCommand.self, ReviewCommand.self, CalibrateCommand.self,
            TrainCommand.self, EvaluateCommand.self,
            BenchCommand.self,
            CompletionsCommand.self,
        ])

    /// Parses the command line, runs the command, and turns every error into a short message and a documented exit
    /// status.
    static func main() {
        StandardDescriptors.open()
        // A write to a closed pipe fails with an error that the writer handles, instead of ending the process.
        signal(SIGPIPE, SIG_IGN)
        // A write beyond the file size limit fails, instead of ending the process.
        signal(SIGXFSZ, SIG_IGN)
        let words = Array(CommandLine.arguments.dropFirst())
        do {
            if words.contains(where: { $0.isEmpty || $0.hasSuffix("=") }) { try refuseEmptyPaths(words) }
            var command = try parseAsRoot()
            try command.run()
        } catch {
            Failure.end(with: error, parser: Self.self)
        }
        ProgramEnd.exit(0)
    }

    private static func refuseEmptyPaths(_ words: [String]) throws {
        if let message = UsageError(words, parser: Self.self).message { throw CommandError(.usage, message) }
    }
}
