/// Stable sort of 64-bit words by their upper 32 bits, ascending: three passes of 11 bits.
enum RadixSort {
    /// Sorts `words`; `spare` is scratch space of the same length.
    static func sort(_ words: UnsafeMutableBufferPointer<UInt64>, spare: UnsafeMutableBufferPointer<UInt64>) {
        let count = words.count
        if count < 2 { return }
        var from = words
        var to = spare
        var moved = false
        var starts = [Int](repeating: 0, count: 2048)
        for shift in [UInt64(32), 43, 54] {
            for place in 0..<2048 { starts[place] = 0 }
            for index in 0..<count { starts[Int((from[index] >> shift) & 2047)] += 1 }
            if starts.contains(count) { continue }
            var next = 0
            for place in 0..<2048 { (starts[place], next) = (next, next + starts[place]) }
            for index in 0..<count {
                let digit = Int((from[index] >> shift) & 2047)
                to[starts[digit]] = from[index]
                starts[digit] += 1
            }
            swap(&from, &to)
            moved.toggle()
        }
        if moved { _ = words.update(fromContentsOf: spare) }
    }
}
