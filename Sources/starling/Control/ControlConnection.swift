@preconcurrency import Dispatch
import Glibc
import Primitives
import Synchronization

/// One client of the control socket, as the peer sees it.
///
/// It may send one request, and then only end its side or hang up. A client that asks nothing or
/// reads nothing for `patience` is cut off.
final class ControlConnection: Sendable {
    /// What a client does.
    enum Action: Sendable {
        /// It asks, on one line.
        case asks(Bytes)
        /// Its line is longer than a request may be.
        case asksTooMuch
    }

    private struct State {
        var pending: Bytes = []
        var hasAsked = false
        /// Whether the descriptor is still this client's; changed before it is closed.
        var isOpen = true
        /// Whether the client has ended its side, and waits for the answer.
        var isHalfClosed = false
    }

    /// What the client does; ends when it is gone.
    let actions: AsyncStream<Action>
    private let continuation: AsyncStream<Action>.Continuation
    private let descriptor: CInt
    private let queue: DispatchQueue
    private let source: any DispatchSourceRead
    private let state = Mutex(State())

    /// How long a client may take to ask, and to read what was written.
    private static let patience = DispatchTimeInterval.seconds(10)
    private static let patienceMilliseconds: CInt = 10_000

    /// Serves the client at `descriptor`, and closes that in the end; then calls `onClose`.
    init(_ descriptor: CInt, onClose: @escaping @Sendable () -> Void) {
        self.descriptor = descriptor
        queue = DispatchQueue(label: "starling.control.client")
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        (actions, continuation) = AsyncStream.makeStream()
        source.setEventHandler { [weak self] in self?.read() }
        source.setCancelHandler {
            Glibc.close(descriptor)
            onClose()
        }
        source.activate()
        queue.asyncAfter(deadline: .now() + Self.patience) { [weak self] in
            guard let self, !state.withLock({ $0.hasAsked }) else { return }
            cut()
        }
    }

    /// Sends a line; fails when the client is gone or does not read.
    func send(_ line: Bytes) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation {
                (done: CheckedContinuation<Void, any Error>) in
                queue.async { [self] in done.resume(with: Result { try write(line) }) }
            }
        } onCancel: {
            // Wakes a write that waits for the client; the queue closes the descriptor later.
            state.withLock { state in
                if state.isOpen { _ = shutdown(descriptor, CInt(SHUT_RDWR)) }
            }
        }
    }

    /// Ends the connection after what was sent.
    func close() { queue.async { [self] in cut() } }

    // MARK: - On the queue

    private func cut() {
        let (wasOpen, isSuspended) = state.withLock { state in
            defer { state.isOpen = false }
            return (state.isOpen, state.isHalfClosed)
        }
        guard wasOpen else { return }
        source.cancel()
        if isSuspended { source.resume() }
        continuation.finish()
    }

    /// Nothing more comes: the client is gone, or reads the answer and is heard of no more.
    private func ended() {
        var item = pollfd(fd: descriptor, events: 0, revents: 0)
        let isGone = poll(&item, 1, 0) != 0
        guard !isGone, state.withLock({ $0.hasAsked }) else { return cut() }
        state.withLock { $0.isHalfClosed = true }
        source.suspend()
    }

    private func read() {
        var buffer = Bytes(repeating: 0, count: 1 << 16)
        let count = recv(descriptor, &buffer, buffer.count, CInt(MSG_DONTWAIT))
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else { return ended() }
        let action = state.withLock { state -> Action? in
            // What follows the request is nobody's.
            guard !state.hasAsked else { return nil }
            let end = buffer[..<count].firstIndex(of: UInt8(ascii: "\n"))
            state.pending += buffer[..<(end ?? count)]
            let isTooLong = state.pending.count > ControlLine.requestByteCountMax
            guard end != nil || isTooLong else { return nil }
            state.hasAsked = true
            defer { state.pending = [] }
            return isTooLong ? .asksTooMuch : .asks(state.pending)
        }
        if let action { continuation.yield(action) }
    }

    private func write(_ line: Bytes) throws {
        var rest = line[...]
        while !rest.isEmpty {
            guard state.withLock({ $0.isOpen }) else { throw CancellationError() }
            let count = rest.withUnsafeBytes { buffer in
                Glibc.send(
                    descriptor,
                    buffer.baseAddress,
                    buffer.count,
                    CInt(MSG_DONTWAIT) | CInt(MSG_NOSIGNAL)
                )
            }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if count < 0, errno == EINTR {
                continue
            } else if count < 0, errno == EAGAIN, waitsForRoom() {
                continue
            } else {
                cut()
                throw CancellationError()
            }
        }
    }

    private func waitsForRoom() -> Bool {
        var item = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        return poll(&item, 1, Self.patienceMilliseconds) > 0
    }
}
