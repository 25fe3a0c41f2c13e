import CZeroMQ
import Glibc
import Primitives
import Testing
import Transport

/// A libzmq DEALER that obeys no rule of ours; the thread that made it uses it alone.
final class RawClient {
    private let context: UnsafeMutableRawPointer
    private let socket: UnsafeMutableRawPointer
    private let monitor: UnsafeMutableRawPointer
    let keys: CurveKeyPair

    /// Dials `endpoint`.
    ///
    /// Without `serverKey`, without any encryption. Claims `routingID`, if there is one.
    init(
        _ endpoint: String,
        serverKey: CurveKey?,
        keys: CurveKeyPair = .generate(),
        routingID: Bytes? = nil
    ) throws {
        self.keys = keys
        context = try #require(zmq_ctx_new())
        socket = try #require(zmq_socket(context, ZMQ_DEALER))
        monitor = try #require(zmq_socket(context, ZMQ_PAIR))
        if let serverKey {
            set(ZMQ_CURVE_SERVERKEY, serverKey.digest.bytes)
            set(ZMQ_CURVE_PUBLICKEY, keys.publicKey.digest.bytes)
            set(ZMQ_CURVE_SECRETKEY, keys.secretKey.bytes)
        }
        if let routingID { set(ZMQ_ROUTING_ID, routingID) }
        set(ZMQ_LINGER, 0)
        set(ZMQ_SNDTIMEO, 20_000)
        set(ZMQ_RCVTIMEO, 20_000)
        let ends = ZMQ_EVENT_DISCONNECTED
        #expect(zmq_socket_monitor(socket, "inproc://monitor", ends) == 0)
        #expect(zmq_connect(monitor, "inproc://monitor") == 0)
        #expect(zmq_connect(socket, endpoint) == 0)
    }

    /// A client with valid encryption towards `hub`, from the loopback address that ends in
    /// `source`.
    convenience init(
        _ hub: TestPeer,
        keys: CurveKeyPair = .generate(),
        source: UInt8 = 1,
        routingID: Bytes? = nil
    ) throws {
        let port = try #require(hub.transport.boundPort)
        try self.init(
            "tcp://127.0.0.\(source):0;127.0.0.1:\(port)",
            serverKey: hub.keys.publicKey,
            keys: keys,
            routingID: routingID
        )
    }

    deinit {
        zmq_socket_monitor(socket, nil, 0)
        zmq_close(monitor)
        zmq_close(socket)
        zmq_ctx_term(context)
    }

    /// Sends a message; false when libzmq does not take it in 20 s.
    @discardableResult
    func send(_ frames: [Bytes], waits: Bool = true) -> Bool {
        for (index, frame) in frames.enumerated() {
            let more = index < frames.count - 1 ? ZMQ_SNDMORE : 0
            let flags = waits ? more : more | ZMQ_DONTWAIT
            guard zmq_send(socket, frame, frame.count, flags) >= 0 else { return false }
        }
        return true
    }

    /// The next frame; nil when none came in 20 s.
    func receive() -> Bytes? {
        var buffer = Bytes(repeating: 0, count: 1 << 16)
        let count = zmq_recv(socket, &buffer, buffer.count, 0)
        return count < 0 ? nil : Bytes(buffer.prefix(Int(count)))
    }

    /// Says HELLO as `name` and waits for WELCOME.
    func introduce(as name: UInt64) throws -> PeerID {
        let peer = PeerID(Digest(0, 0, 0, name))
        send([[0x01] + PlainAdmission.hello(peer, keys.publicKey)])
        #expect(try #require(receive()).first == 0x02)
        return peer
    }

    /// Whether the other side ended the connection within so many milliseconds.
    func isDisconnected(within milliseconds: Int = 20_000) -> Bool {
        var item = zmq_pollitem_t(
            socket: monitor,
            fd: 0,
            events: Int16(ZMQ_POLLIN),
            revents: 0
        )
        return zmq_poll(&item, 1, milliseconds) > 0
    }

    private func set(_ option: CInt, _ value: CInt) {
        var value = value
        #expect(zmq_setsockopt(socket, option, &value, MemoryLayout.size(ofValue: value)) == 0)
    }

    private func set(_ option: CInt, _ bytes: Bytes) {
        #expect(zmq_setsockopt(socket, option, bytes, bytes.count) == 0)
    }
}
