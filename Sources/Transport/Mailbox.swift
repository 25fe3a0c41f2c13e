import Synchronization

/// The transport's events on their way to the owner, in order and bounded.
///
/// When the bound of events or bytes is reached, the transport stops reading from its sockets:
/// libzmq's queues fill, then TCP's windows, and the senders wait. No message is lost. Reports of
/// refusals and failed dials are dropped meanwhile; link changes are always kept, at most one for
/// each link. Reading goes on when half of the mailbox is free. One task drains it.
package final class Mailbox: AsyncSequence, Sendable {
    private struct State {
        var events = Queue<TransportEvent>()
        var byteCount = 0
        var isFull = false
        var isFinished = false
        var waiter: CheckedContinuation<TransportEvent?, Never>?
    }

    private let state = Mutex(State())
    private let eventsMax: Int
    private let bytesMax: Int
    private let onRoom: @Sendable () -> Void

    /// A mailbox that calls `onRoom` when it was full and half of it is free again.
    init(eventsMax: Int, bytesMax: Int, onRoom: @escaping @Sendable () -> Void) {
        self.eventsMax = eventsMax
        self.bytesMax = bytesMax
        self.onRoom = onRoom
    }

    /// Walks through the events; ends when the transport is closed and everything was read.
    package struct Iterator: AsyncIteratorProtocol {
        fileprivate let mailbox: Mailbox

        /// The next event; nil when there will be none, or when the task was cancelled.
        package mutating func next() async -> TransportEvent? { await mailbox.next() }
    }

    /// A walk through the events from here on.
    package func makeAsyncIterator() -> Iterator { Iterator(mailbox: self) }

    /// The next event; nil when there will be none, or when the task was cancelled, which ends the
    /// sequence.
    package func next() async -> TransportEvent? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in take(continuation) }
        } onCancel: {
            let waiter = state.withLock { state in
                state.isFinished = true
                return state.waiter.take()
            }
            waiter?.resume(returning: nil)
        }
    }

    /// Whether the transport may go on reading.
    var hasRoom: Bool { state.withLock { !$0.isFull } }

    /// Adds an event that must not be lost.
    func post(_ event: TransportEvent) {
        let waiter = state.withLock { state -> CheckedContinuation<TransportEvent?, Never>? in
            if let waiter = state.waiter.take() { return waiter }
            state.events.append(event)
            state.byteCount += event.byteCount
            if state.events.count >= eventsMax || state.byteCount >= bytesMax {
                state.isFull = true
            }
            return nil
        }
        waiter?.resume(returning: event)
    }

    /// Adds a report that nobody misses while the mailbox is full.
    func postIfRoom(_ event: TransportEvent) {
        if hasRoom { post(event) }
    }

    /// Ends the sequence after the events that are in it.
    func finish() {
        let waiter = state.withLock { state in
            state.isFinished = true
            return state.waiter.take()
        }
        waiter?.resume(returning: nil)
    }

    private func take(_ continuation: CheckedContinuation<TransportEvent?, Never>) {
        enum Outcome {
            case event(TransportEvent, madeRoom: Bool)
            case end
            case wait
        }
        let outcome = state.withLock { state -> Outcome in
            if let event = state.events.popFirst() {
                state.byteCount -= event.byteCount
                let isHalfFree =
                    state.events.count <= eventsMax / 2 && state.byteCount <= bytesMax / 2
                let madeRoom = state.isFull && isHalfFree
                if madeRoom { state.isFull = false }
                return .event(event, madeRoom: madeRoom)
            }
            if state.isFinished { return .end }
            precondition(state.waiter == nil, "one task drains the mailbox")
            state.waiter = continuation
            return .wait
        }
        switch outcome {
        case .event(let event, let madeRoom):
            continuation.resume(returning: event)
            if madeRoom { onRoom() }
        case .end: continuation.resume(returning: nil)
        case .wait: break
        }
    }
}
