package import Primitives
import Synchronization

/// Tells listeners that something may have changed, without saying what.
///
/// However often it rings, a listener that is busy hears of it once. What only time brings about, a
/// verdict that settles, gets an echo: it rings once more when the given span has passed.
package final class ChangeSignal: Sendable {
    private struct State {
        var listeners: [UInt64: AsyncStream<Void>.Continuation] = [:]
        var nextNumber: UInt64 = 0
        var isFinished = false
        var lastRing = ContinuousClock.now
        /// How long after the last ring there is one more.
        var span = Duration.zero
        var echo: Task<Void, Never>?

        /// When the echo is due: a moment later, so that what settles by then has settled.
        var echoTime: ContinuousClock.Instant {
            lastRing.advanced(by: span + .milliseconds(1))
        }
    }

    private let state = Mutex(State())

    /// A signal that nobody listens to.
    package init() {}

    /// A stream that begins with one element, and has another after each change or several.
    ///
    /// It ends when the signal is finished.
    package func listen() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: Void.self,
            bufferingPolicy: .bufferingNewest(1)
        )
        continuation.yield()
        let number = state.withLock { state -> UInt64? in
            guard !state.isFinished else { return nil }
            state.nextNumber += 1
            state.listeners[state.nextNumber] = continuation
            armEcho(&state)
            return state.nextNumber
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.listeners.removeValue(forKey: number) }
        }
        return stream
    }

    /// Wakes every listener now, and again when nothing has rung for `span`.
    package func ring(echoAfter span: TimeSpan) {
        let listeners = state.withLock { state in
            state.lastRing = .now
            state.span = .nanoseconds(Int64(clamping: span.nanoseconds))
            armEcho(&state)
            return Array(state.listeners.values)
        }
        // Outside the lock: to wake a task takes its own lock, and a task that is cancelled holds
        // that one while its stream's end takes this one.
        for listener in listeners { listener.yield() }
    }

    /// Ends every stream, and those that are asked for later.
    package func finish() {
        let listeners = state.withLock { state in
            state.isFinished = true
            defer { state.listeners = [:] }
            return Array(state.listeners.values)
        }
        // Outside the lock: the end of a stream takes it.
        for listener in listeners { listener.finish() }
    }

    private func armEcho(_ state: inout State) {
        guard state.echo == nil, !state.listeners.isEmpty, state.echoTime > .now else { return }
        state.echo = Task { [weak self] in await self?.runEcho() }
    }

    private func runEcho() async {
        var isDone = false
        while !isDone, !Task.isCancelled {
            let end = state.withLock { $0.echoTime }
            try? await Task.sleep(until: end, clock: .continuous)
            let listeners = state.withLock { Array($0.listeners.values) }
            for listener in listeners { listener.yield() }
            isDone = state.withLock { state in
                guard state.echoTime == end || state.listeners.isEmpty else { return false }
                state.echo = nil
                return true
            }
        }
    }
}

extension Node {
    /// A stream that begins with one element, and has another when a view may have changed.
    ///
    /// Changes that come faster than they are read count once. It ends when the peer has stopped.
    package nonisolated var changes: AsyncStream<Void> { signal.listen() }

    /// Reads a view again after each change until it is what is waited for.
    ///
    /// Returns nil when the peer stops, or the task is cancelled, before that.
    package nonisolated func first<View: Sendable>(
        _ view: @Sendable (Node) async throws -> View?
    ) async rethrows -> View? {
        for await _ in changes {
            if let found = try await view(self) { return found }
        }
        return nil
    }
}
