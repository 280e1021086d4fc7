import ArgumentParser

extension CompletionKind {
    static var csv: CompletionKind { .file(extensions: ["csv"]) }
    static var yaml: CompletionKind { .file(extensions: ["yaml", "yml"]) }
    static var safetensors: CompletionKind { .file(extensions: ["safetensors"]) }
    /// Model files and model cards.
    static var model: CompletionKind { .file(extensions: ["safetensors", "yaml", "yml"]) }
}

struct CompletionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Print a script that completes earmark's commands and options in a shell.",
        discussion: """
            Save it as ~/.local/share/bash-completion/completions/earmark for bash, as _earmark in a folder of $fpath
            for zsh, or as ~/.config/fish/completions/earmark.fish for fish.

            EXAMPLE  source <(earmark completions bash)
            """)

    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish

        var kind: CompletionShell {
            switch self {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        }
    }

    @Argument(help: "The shell.") var shell: Shell

    func run() { print(Earmark.completionScript(for: shell.kind)) }
}
