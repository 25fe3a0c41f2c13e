import CZeroMQ
import Glibc

/// Wakes the transport's thread out of its wait; any thread may call `raise`.
final class WakeSignal: Sendable {
    /// The descriptor that becomes readable.
    let descriptor: CInt

    init() throws(TransportError) {
        descriptor = eventfd(0, CInt(EFD_NONBLOCK | EFD_CLOEXEC))
        guard descriptor >= 0 else {
            throw .system(operation: "make an event", reason: String(cString: strerror(errno)))
        }
    }

    deinit { close(descriptor) }

    func raise() { eventfd_write(descriptor, 1) }

    /// Makes the descriptor unreadable until the next `raise`.
    func lower() {
        var count: UInt64 = 0
        eventfd_read(descriptor, &count)
    }
}
