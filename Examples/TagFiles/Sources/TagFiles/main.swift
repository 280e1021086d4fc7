// Prints the three likeliest labels of each file: TagFiles PIPELINE.yaml CACHE FILE ...
import EarmarkKit
import Foundation

let words = CommandLine.arguments
guard words.count > 3 else { exit(64) }
do {
    let cache = FeatureCache(folder: words[2])
    let summary = try await AudioPipeline(path: words[1]).run(ClipList(files: words[3...]), into: cache)
    for clip in summary.failures { print("\(clip.name): \(clip.failureClass): \(clip.reason)") }
    try cache.results().forEachClip { name, scores in
        print("\(name): \(scores.top(3).map { "\($0.label) \($0.score)" }.joined(separator: ", "))")
    }
} catch {
    print("\(error)")
    exit(1)
}
