/// A clip of the manifest.
package struct ClipRecord: Sendable, Equatable {
    package let id: Int64
    /// Position in the last run's manifest.
    package let position: Int64
    package let name: String
    package let path: String

    static func check(_ name: String, _ path: String, _ position: Int64?) -> Int64 {
        var check = RowCheck()
        check.add(name)
        check.add(path)
        check.add(position)
        return check.value
    }
}
