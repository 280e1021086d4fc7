import Files

/// A script for `sbatch`: directives, then a command that takes the shell's place.
struct BatchScript {
    /// What it is, for whoever reads it.
    let comment: String
    /// Options of `sbatch`, such as `--requeue`.
    let options: [String]
    /// The folder that relative paths of the command start from.
    let folder: String
    /// Words of the command, each as the shell shall read it.
    let command: [String]

    /// The script's text.
    var text: String {
        let directives = options.map { "#SBATCH " + Self.directive($0) + "\n" }.joined()
        return "#!/bin/bash\n# " + comment + "\n" + directives + "cd -- " + Self.quoted(folder)
            + " || exit 74\nexec " + command.joined(separator: " ") + "\n"
    }

    /// A word as the shell reads it literally.
    static func quoted(_ word: String) -> String {
        let isPlain =
            !word.isEmpty
            && word.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default: "-_./=:,+@".utf8.contains(byte)
                }
            }
        if isPlain { return word }
        // By scalars: a quote and an accent that follows it are one `Character`.
        return "'" + word.unicodeScalars.map { $0 == "'" ? "'\\''" : String($0) }.joined() + "'"
    }

    /// An option as a directive: `sbatch` reads double quotes and backslashes in it.
    private static func directive(_ option: String) -> String {
        guard option.utf8.contains(where: { $0 == 0x20 || $0 == 0x22 || $0 == 0x27 || $0 == 0x5C || $0 == 0x23 }),
            let sign = option.firstIndex(of: "=")
        else { return option }
        var value = ""
        for scalar in option[option.index(after: sign)...].unicodeScalars {
            if scalar == "\"" || scalar == "\\" { value.append("\\") }
            value.unicodeScalars.append(scalar)
        }
        return option[...sign] + "\"" + value + "\""
    }

    /// A path in an option that has patterns such as `%a`: its own percent signs are doubled.
    static func pattern(_ path: String) -> String {
        path.unicodeScalars.map { $0 == "%" ? "%%" : String($0) }.joined()
    }

    /// A list of numbers as `--array` takes it, such as `0-3,7`.
    ///
    /// - Parameter numbers: ascending.
    static func array(_ numbers: [Int]) -> String {
        var ranges: [ClosedRange<Int>] = []
        for number in numbers {
            if let last = ranges.last, last.upperBound + 1 == number {
                ranges[ranges.count - 1] = last.lowerBound...number
            } else {
                ranges.append(number...number)
            }
        }
        return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }
}
