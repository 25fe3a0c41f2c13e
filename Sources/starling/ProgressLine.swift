import Glibc
import Synchronization

/// Shows on standard error how far something is; silent while it takes less than a second.
///
/// A terminal sees one line that is rewritten; a log sees a new line every ten seconds.
final class ProgressLine: Sendable {
    private struct State {
        var done: UInt64 = 0
        var total: UInt64 = 0
        var shown: ContinuousClock.Instant?
    }

    private let verb: String
    private let isTerminal = isatty(STDERR_FILENO) == 1
    private let begin = ContinuousClock.now
    private let state = Mutex(State())

    /// A line about what is `verb`, such as "searched".
    init(verb: String) { self.verb = verb }

    /// States how much there is to do.
    func start(operations: UInt64) { state.withLock { $0.total = operations } }

    /// Adds `operations` to what is done, and shows it when it is time.
    func add(_ operations: UInt64) { update { $0.done += operations } }

    /// States that `done` of `total` is done, and shows it when it is time.
    func show(_ done: UInt64, of total: UInt64) {
        update { state in
            state.done = done
            state.total = total
        }
    }

    private func update(_ change: (inout State) -> Void) {
        let now = ContinuousClock.now
        let interval: Duration = isTerminal ? .milliseconds(200) : .seconds(10)
        let line = state.withLock { state -> String? in
            change(&state)
            let last = state.shown ?? (begin + .seconds(1) - interval)
            guard state.total > 0, now - last >= interval else { return nil }
            state.shown = now
            return "\(verb) \(state.done / (state.total / 100 + 1)) %"
        }
        if let line { write(isTerminal ? "\r\(line) " : "\(line)\n") }
    }

    /// Ends the line, if there is one.
    func finish() {
        let isShown = state.withLock { state in
            defer { state.shown = nil }
            return state.shown != nil
        }
        guard isShown else { return }
        let seconds = (ContinuousClock.now - begin).components.seconds
        write(isTerminal ? "\r\(verb) in \(seconds) s\n" : "\(verb) in \(seconds) s\n")
    }

    private func write(_ text: String) {
        Array(text.utf8).withUnsafeBytes { bytes in
            _ = Glibc.write(STDERR_FILENO, bytes.baseAddress, bytes.count)
        }
    }
}
