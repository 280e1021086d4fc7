import Evaluation
import Wording

/// The examples of one class, with picture and sound if the page contains them.
struct ExampleList {
    private let content: ReportContent
    private let details: ReportDetails
    private let index: Int
    private let stem: String
    private var row: ClassReport { content.summary.classes[index] }

    /// - Parameter stem: the common prefix of the class's picture names.
    init(_ content: ReportContent, _ details: ReportDetails, _ index: Int, stem: String) {
        self.content = content
        self.details = details
        self.index = index
        self.stem = stem
    }

    private var groups: [(title: String, kinds: [ExampleClip.Kind])] {
        let isJudged = content.judged != nil
        return [
            ("Best examples", [.best]), ("Most doubtful", [.justAbove, .justBelow]),
            (isJudged ? "Found, but rejected" : "Found, but not in the truth", [.falseAlarm]),
            (isJudged ? "Accepted, but below the threshold" : "In the truth, but not found", [.missed]),
        ]
    }

    /// The lists; their pictures are added to `figures`.
    func html(_ figures: inout [ReportFigure]) -> String {
        if details.exampleLimit == 0 { return "" }
        var text = ""
        for (title, kinds) in groups {
            let chosen = details.classes[index].examples.filter { kinds.contains($0.kind) }
            guard !chosen.isEmpty else { continue }
            let isBelow = kinds == [.best] && row.clipsAbove == 0
            text +=
                "<h4>\(isBelow ? "Highest scores, all below the threshold" : title)</h4>\n<div class=\"examples\">\n"
            for (place, example) in chosen.enumerated() { text += html(example, place + 1, &figures) }
            text += "</div>\n"
        }
        return text
    }

    private func html(_ example: ExampleClip, _ number: Int, _ figures: inout [ReportFigure]) -> String {
        let clip = content.clips[example.clip]
        let name = clip?.name ?? "clip \(example.clip)"
        var caption = "<span class=\"score\">\(HTMLText.number(Double(example.score)))</span> \(HTMLText.name(name))"
        if let path = clip?.path, !path.utf8.reversed().starts(with: name.utf8.reversed()) {
            caption += "<span class=\"path\">\(HTMLText.name(path))</span>"
        }
        var media = ""
        switch content.excerpts?.outcomes[.init(classIndex: index, example: example)] {
        case .shown(let excerpt):
            caption += "<span class=\"note\">\(HTMLText.escaped(excerpt.text))</span>"
            if let picture = excerpt.picture {
                media += "<div class=\"excerpt\">\(picture)</div>"
            }
            if let file = excerpt.file {
                figures.append(ReportFigure("\(stem)-\(Self.word(example.kind))-\(number)", svg: file))
            }
            if let sound = excerpt.sound {
                media +=
                    "<audio controls=\"\" preload=\"none\" src=\"\(HTMLText.dataURL(sound.bytes, type: sound.type))\"></audio>"
            }
            for problem in excerpt.problems { media += ReportText.note(problem) }
        case .lost(let reason): media += ReportText.note("No picture and no sound: \(reason).")
        case nil: break
        }
        return "<figure class=\"example\">\(media)<figcaption>\(caption)</figcaption></figure>\n"
    }

    private static func word(_ kind: ExampleClip.Kind) -> String {
        switch kind {
        case .best: "best"
        case .justAbove, .justBelow: "doubtful"
        case .falseAlarm: "false"
        case .missed: "missed"
        }
    }
}
