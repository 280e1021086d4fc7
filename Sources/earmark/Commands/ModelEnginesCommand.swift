import ArgumentParser
import Engines

extension ModelCommand {
    struct Engines: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the foreign engines that were found, and how to get the others.",
            discussion: """
                A foreign engine computes models in formats that this program does not read itself. Its shared library is
                looked for in what EARMARK_ENGINES names, in the system's folders, and in Python's; the first one that can
                be used is used.

                EXAMPLE  earmark model engines
                """)

        @Flag(help: "Print one JSON object.") var json = false

        func run() throws {
            let engines = ForeignEngines.standard
            let findings = ForeignEngineKind.allCases.map(engines.finding)
            if json {
                let rows = findings.map(Self.json).joined(separator: ",")
                let empty = engines.emptyPlaces.map(JSON.text).joined(separator: ",")
                print(#"{"engines":[\#(rows)],"empty":[\#(empty)]}"#)
                return
            }
            for finding in findings { print(TerminalText.wrapped(Self.text(finding), on: 1)) }
            for place in engines.emptyPlaces {
                say(TerminalText.plain("note: \(EngineSearch.variable) names \(place), but no engine is there"))
            }
        }

        /// A line with the engine and what it reads, then its path and what was passed over, or the command that brings it.
        private static func text(_ finding: ForeignEngines.Finding) -> String {
            let formats = finding.kind.formats.map(\.rawValue).joined(separator: ", ")
            var lines: [String]
            if let engine = finding.engine {
                lines = ["\(engine.title): reads \(formats)", "  \(engine.path)"]
            } else {
                lines = ["\(finding.kind.title): not found; reads \(formats)", "  \(finding.kind.installAdvice)"]
            }
            lines += finding.passedOver.map { "  not used: \($0.path): \($0.reason)" }
            return lines.map(TerminalText.plain).joined(separator: "\n")
        }

        private static func json(_ finding: ForeignEngines.Finding) -> String {
            let text = { (value: String?) in value.map(JSON.text) ?? "null" }
            let formats = finding.kind.formats.map { JSON.text($0.rawValue) }.joined(separator: ",")
            let passedOver = finding.passedOver.map {
                #"{"path":\#(JSON.text($0.path)),"reason":\#(JSON.text($0.reason))}"#
            }
            return #"{"engine":\#(JSON.text(finding.kind.rawValue)),"name":\#(JSON.text(finding.kind.title)),"#
                + #""version":\#(text(finding.engine?.version)),"path":\#(text(finding.engine?.path)),"#
                + #""formats":[\#(formats)],"install":\#(JSON.text(finding.kind.installCommand)),"#
                + #""passed_over":[\#(passedOver.joined(separator: ","))]}"#
        }
    }
}
