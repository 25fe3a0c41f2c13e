import Glibc
import Primitives
import Testing
import Transport

/// A TCP connection that speaks no protocol by itself.
final class PlainSocket {
    let descriptor: CInt

    /// Connects to `port` of the loopback interface, from the loopback address that ends in
    /// `source`: to the other side, each of them is another machine.
    init(port: UInt16, source: UInt8 = 1) throws {
        descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        let size = socklen_t(MemoryLayout.size(ofValue: patience))
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, size)
        let isBound = Self.with(host: 0x7f00_0000 + UInt32(source), port: 0) {
            bind(descriptor, $0, $1)
        }
        let isConnected = Self.with(host: 0x7f00_0001, port: port) { connect(descriptor, $0, $1) }
        try #require(isBound == 0 && isConnected == 0)
    }

    /// A connection to the port that `hub` listens on.
    convenience init(_ hub: TestPeer, source: UInt8 = 1) throws {
        try self.init(port: try #require(hub.transport.boundPort), source: source)
    }

    deinit { close(descriptor) }

    /// Sends all of `bytes`; false when the other side has ended the connection.
    @discardableResult
    func send(_ bytes: Bytes) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }

    /// Has the connection end with a reset: what the other side has not read then is lost.
    func resetAtEnd() {
        var setting = linger(l_onoff: 1, l_linger: 0)
        let size = socklen_t(MemoryLayout.size(ofValue: setting))
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &setting, size)
    }

    /// Whether the other side ends the connection within 20 s.
    func isEnded() -> Bool {
        while true {
            switch readSome(flags: 0) {
            case .some: continue
            case .ended: return true
            case .nothing: return false
            }
        }
    }

    /// Sends `bytes` one by one, again and again, until the other side ends the connection; false
    /// when that takes more than 2 000 of them.
    func isEndedUnderTrickle(of bytes: Bytes) -> Bool {
        for index in 0..<2_000 {
            guard send([bytes[index % bytes.count]]) else { return true }
            var item = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            guard poll(&item, 1, 10) > 0 else { continue }
            if case .ended = readSome(flags: CInt(MSG_DONTWAIT)) { return true }
        }
        return false
    }

    private enum Reading {
        case some
        case ended
        case nothing
    }

    private func readSome(flags: CInt) -> Reading {
        var buffer = Bytes(repeating: 0, count: 4096)
        let count = recv(descriptor, &buffer, buffer.count, flags)
        if count > 0 { return .some }
        return count == 0 || errno == ECONNRESET ? .ended : .nothing
    }

    /// Calls `body` with a socket address.
    static func with(
        host: UInt32,
        port: UInt16,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) -> CInt {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = host.bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
