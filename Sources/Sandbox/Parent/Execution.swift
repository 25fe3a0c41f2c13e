import CLinux
import Glibc
package import Kernels
import Synchronization

/// Units that run one after the other, seen from the threads that do not run them.
///
/// It outlives its processes: what was asked of it before, between or during two of them holds for
/// the next one too.
package final class Execution: Sendable {
    private struct State {
        /// The process that runs, as long as nobody has collected it: its number is nobody else's.
        var process: pid_t?
        var isStopped = false
        var isPaused = false
        var watch = Stopwatch()
        var progress: Progress?
        /// Makes the thread that runs the unit look again.
        var wake: Int32?

        /// Sends a signal to the process and all that it has started, and wakes its thread.
        func signal(_ number: Int32) {
            guard let process else { return }
            kill(-process, number)
            if let wake { eventfd_write(wake, 1) }
        }
    }

    private let state = Mutex(State())

    /// An execution of nothing yet.
    package init() {}

    /// Ends the unit that runs, at once, and all that would follow.
    package func stop() {
        state.withLock { state in
            state.isStopped = true
            state.signal(SIGKILL)
        }
    }

    /// Halts the unit that runs, or the next one; its deadline waits with it.
    package func pause() {
        state.withLock { state in
            state.isPaused = true
            state.watch.halt()
            state.signal(SIGSTOP)
        }
    }

    /// Lets a unit go on that was paused.
    package func resume() {
        state.withLock { state in
            state.isPaused = false
            guard state.process != nil else { return }
            state.watch.start()
            state.signal(SIGCONT)
        }
    }

    /// Whether it was stopped.
    package var isStopped: Bool { state.withLock(\.isStopped) }

    /// The number of the process that runs, if one does.
    package var process: Int32? { state.withLock(\.process) }

    /// How far the unit that runs is, as it said last.
    package var progress: Progress? { state.withLock(\.progress) }

    /// For how long the unit has run, pauses apart.
    package var runningTime: Duration {
        .nanoseconds(Int64(clamping: state.withLock(\.watch.elapsed)))
    }

    // MARK: - The thread that runs the unit

    /// Takes over a process that was just started.
    func begin(_ process: pid_t, wake: borrowing Descriptor) {
        let wake = wake.number
        state.withLock { state in
            state.process = process
            state.wake = wake
            state.progress = nil
            state.watch = Stopwatch()
            if state.isPaused { state.signal(SIGSTOP) } else { state.watch.start() }
            if state.isStopped { state.signal(SIGKILL) }
        }
    }

    /// Lets go of the process, before anybody collects it.
    func end() {
        state.withLock { state in
            state.process = nil
            state.wake = nil
            state.watch.halt()
        }
    }

    func advance(to progress: Progress) { state.withLock { $0.progress = progress } }

    /// Nanoseconds that are left of `deadline`; nil while it waits.
    func remaining(of deadline: UInt64) -> UInt64? {
        state.withLock { state in
            guard !state.isPaused else { return nil }
            let elapsed = state.watch.elapsed
            return deadline > elapsed ? deadline - elapsed : 0
        }
    }
}
