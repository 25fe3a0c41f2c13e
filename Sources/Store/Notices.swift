import Synchronization

/// What a store has to tell its owner.
final class Notices: Sendable {
    private let lines = Mutex<[String]>([])

    /// Lines that are kept, the newest; each is said once.
    private static let linesMax = 100

    /// Every line, oldest first.
    var all: [String] { lines.withLock { $0 } }

    /// Says something, unless it was said before.
    func add(_ line: String) {
        lines.withLock { lines in
            guard !lines.contains(line) else { return }
            if lines.count >= Self.linesMax { lines.removeFirst() }
            lines.append(line)
        }
    }
}
