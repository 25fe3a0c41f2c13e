import CZeroMQ
import Glibc
import Primitives

/// The ZeroMQ context: its threads and all sockets made in it.
///
/// One for each transport, and one transport for each process outside of tests. Owned like a
/// socket: by the thread that made it, then by the transport's thread.
final class Context {
    fileprivate let pointer: UnsafeMutableRawPointer

    init(socketsMax: Int) throws(TransportError) {
        _ = Self.randomnessIsSeeded
        guard let pointer = zmq_ctx_new() else { throw lastError("start libzmq") }
        self.pointer = pointer
        zmq_ctx_set(pointer, ZMQ_MAX_SOCKETS, CInt(socketsMax))
    }

    /// Waits until every socket has let go of its port, at most as long as they linger.
    func terminate() {
        while zmq_ctx_term(pointer) != 0 && zmq_errno() == EINTR {}
    }

    /// libzmq numbers connections from `rand()` and never seeds it: a stranger who knew the next
    /// number could claim it, and the next connection would abort the process.
    private static let randomnessIsSeeded: Bool = {
        var seed: CUnsignedInt = 0
        let failure = getentropy(&seed, MemoryLayout.size(ofValue: seed))
        precondition(failure == 0, "the system has no randomness; check that getrandom is allowed")
        srand(seed)
        return true
    }()
}

/// A ZeroMQ socket, used by one thread at a time and closed with its last reference.
final class Socket {
    let pointer: UnsafeMutableRawPointer
    private let message = UnsafeMutablePointer<zmq_msg_t>.allocate(capacity: 1)

    init(_ context: Context, _ kind: CInt) throws(TransportError) {
        guard let pointer = zmq_socket(context.pointer, kind) else {
            throw lastError("open a socket")
        }
        self.pointer = pointer
    }

    deinit {
        zmq_close(pointer)
        message.deallocate()
    }

    func set(_ option: CInt, _ value: Int) throws(TransportError) {
        var value = CInt(clamping: value)
        let size = MemoryLayout.size(ofValue: value)
        guard zmq_setsockopt(pointer, option, &value, size) == 0 else {
            throw lastError("set socket option \(option)")
        }
    }

    func set(_ option: CInt, bytes: Bytes) throws(TransportError) {
        guard zmq_setsockopt(pointer, option, bytes, bytes.count) == 0 else {
            throw lastError("set socket option \(option)")
        }
    }

    /// `ZMQ_MAXMSGSIZE` alone is 64 bits wide.
    func setMessageBytesMax(_ value: Int) throws(TransportError) {
        var value = Int64(value)
        guard zmq_setsockopt(pointer, ZMQ_MAXMSGSIZE, &value, 8) == 0 else {
            throw lastError("bound the size of messages")
        }
    }

    /// Lets the socket take in what its connections reported; a send that does not wait skips it.
    func refresh() {
        var events: CInt = 0
        var size = MemoryLayout.size(ofValue: events)
        zmq_getsockopt(pointer, ZMQ_EVENTS, &events, &size)
    }

    /// The endpoint that `bind` chose.
    var lastEndpoint: String {
        var text = [CChar](repeating: 0, count: 256)
        var size = text.count
        guard zmq_getsockopt(pointer, ZMQ_LAST_ENDPOINT, &text, &size) == 0 else { return "" }
        return String(decoding: text.prefix(max(size, 1) - 1).map(UInt8.init), as: UTF8.self)
    }

    /// How a send that never waits ended.
    enum SendResult {
        case sent
        case full
        case gone
    }

    /// Sends a message whose first frame is `kind` and `frames[0]`, to `routingID` on a ROUTER.
    func send(to routingID: Bytes? = nil, _ kind: FrameKind, _ frames: [Bytes]) -> SendResult {
        if let routingID {
            let result = sendFrame(nil, routingID, isLast: false)
            guard result == .sent else { return result }
        }
        for (index, frame) in frames.enumerated() {
            let isLast = index == frames.count - 1
            let result = sendFrame(index == 0 ? kind : nil, frame, isLast: isLast)
            // libzmq takes or refuses a message with its first frame; later ones always fit.
            guard result == .sent else { return result }
        }
        return .sent
    }

    /// Sends `frames` as they are.
    func sendPlain(_ frames: [Bytes]) {
        for (index, frame) in frames.enumerated() {
            guard sendFrame(nil, frame, isLast: index == frames.count - 1) == .sent else { return }
        }
    }

    /// The next message, at most its first `framesMax` frames; nil when there is none.
    func receive(framesMax: Int) -> IncomingMessage? {
        var incoming = IncomingMessage()
        repeat {
            zmq_msg_init(message)
            guard zmq_msg_recv(message, pointer, ZMQ_DONTWAIT) >= 0 else { return nil }
            incoming.frameCount += 1
            incoming.wireByteCount += wireByteCount(ofFrame: zmq_msg_size(message))
            if incoming.frameCount <= framesMax {
                let content = UnsafeRawBufferPointer(
                    start: zmq_msg_data(message),
                    count: zmq_msg_size(message)
                )
                incoming.frames.append(Bytes(content))
            }
            incoming.hasMore = zmq_msg_more(message) != 0
            if !incoming.hasMore { readOrigin(into: &incoming) }
            zmq_msg_close(message)
        } while incoming.hasMore
        return incoming
    }

    /// The last frame tells where a message came from; the id frame of libzmq 4.3.4 may not.
    private func readOrigin(into incoming: inout IncomingMessage) {
        if let text = zmq_msg_gets(message, "User-Id") {
            incoming.userID = Bytes(UnsafeRawBufferPointer(start: text, count: strlen(text)))
        }
        incoming.descriptor = zmq_msg_get(message, ZMQ_SRCFD)
        // Only the first message of a connection is asked, and it is short.
        guard let kind = incoming.frames.last?.first.flatMap(FrameKind.init(rawValue:)),
            kind == .hello || kind == .welcome,
            let text = zmq_msg_gets(message, "Peer-Address")
        else { return }
        incoming.address = String(cString: text)
    }

    private func sendFrame(_ kind: FrameKind?, _ bytes: Bytes, isLast: Bool) -> SendResult {
        let prefixCount = kind == nil ? 0 : 1
        guard zmq_msg_init_size(message, bytes.count + prefixCount) == 0,
            let start = zmq_msg_data(message)
        else { return .full }
        if let kind { start.storeBytes(of: kind.rawValue, as: UInt8.self) }
        bytes.withUnsafeBytes { source in
            let room = UnsafeMutableRawBufferPointer(
                start: start + prefixCount,
                count: source.count
            )
            room.copyMemory(from: source)
        }
        let flags = isLast ? ZMQ_DONTWAIT : ZMQ_DONTWAIT | ZMQ_SNDMORE
        guard zmq_msg_send(message, pointer, flags) >= 0 else {
            let reason = zmq_errno()
            zmq_msg_close(message)
            return reason == EAGAIN ? .full : .gone
        }
        return .sent
    }
}

/// A message as it came off a socket.
struct IncomingMessage {
    /// The first frames, as many as were asked for.
    var frames: [Bytes] = []
    /// How many frames there were in all.
    var frameCount = 0
    /// Bytes of all frames on an encrypted wire.
    var wireByteCount = 0
    /// The proven key of the sender as text; empty when nothing was proven.
    var userID: Bytes = []
    /// The numeric address of the sender of a HELLO or WELCOME; empty when it is not known.
    var address = ""
    /// The descriptor of the connection.
    var descriptor: CInt = -1
    /// Whether frames are still to be read.
    var hasMore = false
}

/// What libzmq says about its last failure.
func lastError(_ operation: String) -> TransportError {
    .system(operation: operation, reason: String(cString: zmq_strerror(zmq_errno())))
}
