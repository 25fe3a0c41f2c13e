import Glibc
import Synchronization

/// Shows on standard error how far a search is; silent for searches under a second.
///
/// A terminal sees one line that is rewritten; a log sees a new line every ten seconds.
final class ProgressLine: Sendable {
    private struct State {
        var done: UInt64 = 0
        var total: UInt64 = 0
        var shown: ContinuousClock.Instant?
    }

    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let begin = ContinuousClock.now
    private let state = Mutex(State())

    /// States how much there is to do.
    func start(operations: UInt64) { state.withLock { $0.total = operations } }

    /// Adds `operations` to what is done, and shows it when it is time.
    func add(_ operations: UInt64) {
        let now = ContinuousClock.now
        let interval: Duration = isTerminal ? .milliseconds(200) : .seconds(10)
        let line = state.withLock { state -> String? in
            state.done += operations
            let last = state.shown ?? (begin + .seconds(1) - interval)
            guard state.total > 0, now - last >= interval else { return nil }
            state.shown = now
            return "searched \(state.done / (state.total / 100 + 1)) %"
        }
        if let line { write(isTerminal ? "\r\(line) " : "\(line)\n") }
    }

    /// Ends the line, if there is one.
    func finish() {
        let isShown = state.withLock { $0.shown != nil }
        guard isShown else { return }
        let seconds = (ContinuousClock.now - begin).components.seconds
        write(isTerminal ? "\rsearched in \(seconds) s\n" : "searched in \(seconds) s\n")
    }

    private func write(_ text: String) {
        Array(text.utf8).withUnsafeBytes { bytes in
            _ = Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
        }
    }
}
