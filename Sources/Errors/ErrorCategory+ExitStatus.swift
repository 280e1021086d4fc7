extension ErrorCategory {
    /// The exit status of a program that ends with an error, using the names of sysexits.h; the only place that decides
    /// it.
    package var exitStatus: Int32 {
        switch self {
        case .incomplete: 3
        case .usage: 64
        case .badInput: 65
        case .internal: 70
        case .inputOutput: 74
        case .busy, .shortage, .interrupted: 75
        }
    }
}
