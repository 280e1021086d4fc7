/// Divides clips into parts of nearly equal length.
///
/// The longest clip goes first, each to the part with the least so far (Graham's rule of the longest processing time).
/// Parts of consecutive clips were rejected: the longest of them may exceed the mean by a whole recording of ten hours.
package enum PartBalance {
    /// What a clip counts besides its length, in seconds: opening a file takes time even if there is nothing in it, and
    /// without this all empty clips would go to one part.
    private static let perClip = 0.01

    /// The part of each clip, from 0. Depends on nothing but the arguments.
    ///
    /// - Parameters:
    ///   - seconds: each clip's length; not negative.
    ///   - parts: number of parts, at least 1.
    package static func assign(_ seconds: [Double], parts: Int) -> [Int32] {
        let order = seconds.indices.sorted { (seconds[$0], $1) > (seconds[$1], $0) }
        var result = [Int32](repeating: 0, count: seconds.count)
        var heap = (0..<Int32(parts)).map { Load(seconds: 0, part: $0) }
        for clip in order {
            result[clip] = heap[0].part
            heap[0].seconds += seconds[clip] + perClip
            sink(&heap)
        }
        return result
    }

    private struct Load {
        var seconds: Double
        let part: Int32

        /// Of two parts with equal loads, the one with the lower number is first.
        static func < (a: Load, b: Load) -> Bool { (a.seconds, a.part) < (b.seconds, b.part) }
    }

    /// Restores the order of a binary heap, smallest first, whose first element grew.
    private static func sink(_ heap: inout [Load]) {
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            if least == place { return }
            heap.swapAt(place, least)
            place = least
        }
    }
}
