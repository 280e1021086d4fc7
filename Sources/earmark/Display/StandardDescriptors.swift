import Glibc

/// The descriptors 0, 1 and 2, which every process expects to be open.
enum StandardDescriptors {
    /// Which of them were closed when the process began. They lead to `/dev/null` since: otherwise the next file to be
    /// opened, such as a cache's lock, would get the number, and progress would be written into it.
    private static let closedAtStart: [Bool] = (0...2).map { number in
        guard fcntl(Int32(number), F_GETFD) < 0, errno == EBADF else { return false }
        // The lowest free number is this one.
        let file = open("/dev/null", O_RDWR)
        precondition(file < 0 || file == number, "descriptor \(number) went to another thread")
        return true
    }

    /// Opens the closed ones; must be called before anything else is opened.
    static func open() { _ = closedAtStart }

    static func wasClosed(_ number: Int32) -> Bool {
        closedAtStart.indices.contains(Int(number)) && closedAtStart[Int(number)]
    }

    private static func open(_ path: String, _ flags: Int32) -> Int32 { Glibc.open(path, flags) }
}
