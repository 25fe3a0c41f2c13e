import Glibc

/// How far a campaign is, on standard error; silent for one that takes less than a second.
struct Progress {
    private let total: UInt64
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let start = ContinuousClock.now

    /// Seeds between two lines.
    private static let stride: UInt64 = 100

    init(total: UInt64) { self.total = total }

    /// Says how far it is, every hundred seeds; on a terminal the line is written over.
    func show(_ sum: Sum) {
        guard sum.seeds.isMultiple(of: Self.stride) || (isTerminal && sum.seeds == total),
            ContinuousClock.now - start > .seconds(1)
        else { return }
        let line = "\(sum.seeds) of \(total) seeds, \(sum.failed) failed"
        let isLast = sum.seeds == total
        complain(isTerminal ? "\r\(line)" : line, terminator: isTerminal && !isLast ? "" : "\n")
    }
}

/// Writes a line to standard error.
func complain(_ line: String, terminator: String = "\n") {
    let text = line + terminator
    text.withCString { bytes in _ = write(STDERR_FILENO, bytes, text.utf8.count) }
}
