import ArgumentParser
import Cache
import Ledger
import Wording

struct RetryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "retry", abstract: "Make failed clips pending again, for the next run to try.",
        discussion: "EXAMPLE  earmark retry --cache c")

    @OptionGroup var cache: CacheOption
    @Flag(help: "Print one JSON object.") var json = false

    func run() throws {
        _ = try cache.value.reading()
        let lock = try CacheLock(folder: cache.cache)
        defer { withExtendedLifetime(lock) {} }
        let count = try Ledger(path: cache.value.ledgerPath).forgetFailures()
        let verb = count == 1 ? "is" : "are"
        print(
            json
                ? #"{"pending_again":\#(count)}"#
                : "\(counted(count, "clip")) \(verb) pending again; run the pipeline to try them")
    }
}
