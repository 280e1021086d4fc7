import ArgumentParser
import Foundation
import Wording

/// Finds what is wrong with a command line when the argument parser reports only a consequence: for `--manifset x` it
/// says that `--manifest` is missing.
struct UsageError {
    private struct Tree: Decodable { let command: Command }

    private struct Command: Decodable {
        let commandName: String
        let subcommands: [Command]?
        let arguments: [Argument]?
        let defaultSubcommand: String?

        /// The subcommand that is meant where none is named; nil if one must be.
        func fallback(for word: String) -> Command? {
            guard let name = defaultSubcommand, !["help", "-h", "--help"].contains(word),
                subcommands?.contains(where: { $0.commandName == word }) != true
            else { return nil }
            return subcommands?.first { $0.commandName == name }
        }
    }

    private struct Argument: Decodable {
        struct Name: Decodable {
            let kind: String
            let name: String
            var text: String { (kind == "long" ? "--" : "-") + name }
        }
        let kind: String
        let names: [Name]?
        let valueName: String?

        func has(_ name: String) -> Bool { names?.contains { $0.text == name } == true }
    }

    /// Options that every command has.
    private static let common = [
        "--help", "-h", "--version", "--generate-completion-script", "--experimental-dump-help",
    ]
    /// Value names that mean paths: an empty one would be the working folder, or no file at all.
    private static let paths: Set = ["dir", "csv", "yaml", "path", "safetensors", "file"]

    /// The command words found so far, such as `model import`.
    private(set) var command: [String] = []
    /// What is wrong; nil if nothing was found.
    private(set) var message: String?

    /// - Parameter words: the command line's words, without the program's name.
    init(_ words: [String], parser: ParsableCommand.Type) {
        guard let tree = try? JSONDecoder().decode(Tree.self, from: Data(parser._dumpHelp().utf8)) else { return }
        var current = tree.command
        var positions = Self.positional(current)
        var index = 0
        while index < words.count, message == nil {
            let word = words[index]
            index += 1
            if word == "--" { return }
            if let next = current.fallback(for: word) {
                current = next
                positions = Self.positional(next)
            }
            if word.hasPrefix("-"), word.count > 1, word.dropFirst().first?.isNumber != true {
                let name = String(word.prefix { $0 != "=" })
                let value = word.contains("=") ? String(word.dropFirst(name.count + 1)) : nil
                guard let option = current.arguments?.first(where: { $0.has(name) }) else {
                    if !Self.common.contains(name) { message = Self.unknown(option: name, current) }
                    continue
                }
                guard option.kind == "option" else { continue }
                let given = value ?? (index < words.count ? words[index] : nil)
                if value == nil { index += 1 }
                if given == "", Self.paths.contains(option.valueName ?? "") {
                    message = "\(name) is empty, expected a path"
                }
            } else if let below = current.subcommands, !below.isEmpty {
                guard word != "help" else { return }
                guard let next = below.first(where: { $0.commandName == word }) else {
                    message = Self.unknown(
                        command: word, below.map(\.commandName).filter { $0 != "help" }, in: command)
                    return
                }
                command.append(word)
                current = next
                positions = Self.positional(next)
            } else {
                let name = positions.isEmpty ? nil : positions.removeFirst().valueName
                if word.isEmpty { message = "<\(name ?? "argument")> is empty, expected a path" }
            }
        }
    }

    private static func positional(_ command: Command) -> [Argument] {
        (command.arguments ?? []).filter { $0.kind == "positional" }
    }

    private static func unknown(option: String, _ command: Command) -> String {
        let names = (command.arguments ?? []).flatMap { ($0.names ?? []).map(\.text) }.filter { $0.hasPrefix("--") }
        let near = NearestName.find(option, in: names + ["--help"])
        return "unknown option '\(option)'" + (near.map { ", did you mean '\($0)'?" } ?? "")
    }

    private static func unknown(command: String, _ names: [String], in outer: [String]) -> String {
        let whole = (outer + [command]).joined(separator: " ")
        if let near = NearestName.find(command, in: names) {
            return "unknown command '\(whole)', did you mean '\((outer + [near]).joined(separator: " "))'?"
        }
        return "unknown command '\(whole)', expected one of \(names.joined(separator: ", "))"
    }
}
