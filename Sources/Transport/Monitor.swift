import CZeroMQ
import Primitives

/// Reports what happens to the connections of one socket.
final class Monitor {
    /// A change of a connection.
    enum Change {
        case accepted(CInt)
        case connected(CInt)
        case ready
        case disconnected(CInt)
        case failed(reason: String)
    }

    let socket: Socket
    private let watched: Socket

    /// A monitor of `watched`, which has no connection yet; `number` is unique in the context.
    init(of watched: Socket, in context: Context, number: Int) throws(TransportError) {
        let address = "inproc://monitor-\(number)"
        let events =
            ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_CONNECTED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_CLOSED
            | ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH
            | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL
        self.watched = watched
        socket = try Socket(context, ZMQ_PAIR)
        guard zmq_socket_monitor(watched.pointer, address, events) == 0 else {
            throw lastError("watch a socket")
        }
        try socket.set(ZMQ_LINGER, 0)
        guard zmq_connect(socket.pointer, address) == 0 else { throw lastError("watch a socket") }
    }

    /// Reports end before our half is closed: libzmq's thread would wait for ever to deliver one.
    deinit { zmq_socket_monitor(watched.pointer, nil, 0) }

    /// The next change; nil when there is none.
    func next() -> Change? {
        while let message = socket.receive(framesMax: 2) {
            if let change = change(message) { return change }
        }
        return nil
    }

    /// The first frame is a 16-bit event and a 32-bit value in the machine's byte order.
    private func change(_ message: IncomingMessage) -> Change? {
        guard let frame = message.frames.first, frame.count == 6 else { return nil }
        let (event, value) = frame.withUnsafeBytes { bytes in
            (
                CInt(bytes.loadUnaligned(as: UInt16.self)),
                bytes.loadUnaligned(fromByteOffset: 2, as: Int32.self)
            )
        }
        switch event {
        case ZMQ_EVENT_ACCEPTED: return .accepted(value)
        case ZMQ_EVENT_CONNECTED: return .connected(value)
        case ZMQ_EVENT_HANDSHAKE_SUCCEEDED: return .ready
        case ZMQ_EVENT_DISCONNECTED: return .disconnected(value)
        case ZMQ_EVENT_CLOSED: return .failed(reason: "nobody listens there")
        case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
            return .failed(reason: "our key is refused there")
        case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
            return .failed(reason: "no peer of this grid listens there")
        default: return nil
        }
    }
}
