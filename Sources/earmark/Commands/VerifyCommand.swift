import ArgumentParser
import Cache
import Wording

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify", abstract: "Check every byte of a cache against its checksums.",
        discussion: "EXAMPLE  earmark verify --cache c --repair   (damaged clips become pending)")

    @OptionGroup var cache: CacheOption
    @Flag(help: "Make the clips of damaged rows pending, so that the next run processes them again.") var repair = false
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        let report = try Verifier(cache: cache.value).run(repair: repair)
        if json {
            let findings = report.findings.map { finding in
                #"{"what":\#(JSON.text(finding.what)),"mended":\#(finding.isMended),"clips":[\#(finding.clips.map(JSON.text).joined(separator: ","))]}"#
            }
            print(
                #"{"shards":\#(report.shards),"results":\#(report.results),"bytes":\#(report.bytes),"#
                    + #""repaired":\#(report.repaired),"findings":[\#(findings.joined(separator: ","))]}"#)
        } else {
            for finding in report.findings {
                print("damaged: \(TerminalText.plain(finding.what))")
                for clip in finding.clips { print("  clip \(TerminalText.plain(clip))") }
            }
            print(
                "\(counted(report.shards, "shard")), \(counted(report.results, "result")), \(Figures.bytes(report.bytes)) read: "
                    + (report.findings.isEmpty ? "all sound" : counted(report.findings.count, "fault"))
                    + (repair && report.repaired > 0
                        ? "; \(counted(report.repaired, "result")) made pending, run again" : ""))
        }
        if report.findings.contains(where: { !$0.isMended }) { throw ExitCode(Status.badInput) }
    }
}
