import ArgumentParser

extension CompletionKind {
    static var csv: CompletionKind { .file(extensions: ["csv"]) }
    static var yaml: CompletionKind { .file(extensions: ["yaml", "yml"]) }
    static var safetensors: CompletionKind { .file(extensions: ["safetensors"]) }
}

struct CompletionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions",
        abstract: "Print a script that completes earmark's commands and options in a shell.",
        discussion: """
            bash: put it into ~/.local/share/bash-completion/completions/earmark
            zsh: put it into a folder of $fpath, as _earmark
            fish: put it into ~/.config/fish/completions/earmark.fish

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
