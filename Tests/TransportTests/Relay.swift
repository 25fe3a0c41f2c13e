import CZeroMQ
import Foundation
import Glibc
import Primitives
import Testing
import Transport

/// Stands between one dialler and a hub, and holds up what the dialler or the hub says after so
/// many bytes, so that the other one has the beginning of something and never its end.
final class Relay: Sendable {
    let endpoint: String
    private let stop: CInt
    private let isOver = DispatchSemaphore(value: 0)

    /// Passes on `upMax` bytes to `hub` and `downMax` bytes from it.
    init(to hub: TestPeer, upMax: Int = .max, downMax: Int = .max) throws {
        let listener = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        let isListening = PlainSocket.with(host: 0x7f00_0001, port: 0) { bind(listener, $0, $1) }
        try #require(isListening == 0 && listen(listener, 1) == 0)
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        _ = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(listener, $0, &size)
            }
        }
        endpoint = "tcp://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        stop = eventfd(0, 0)
        let port = try #require(hub.transport.boundPort)
        let (stop, isOver) = (stop, isOver)
        Thread {
            let dialler = accept(listener, nil, nil)
            close(listener)
            if let hub = try? PlainSocket(port: port), dialler >= 0 {
                var ways = [
                    Way(from: dialler, to: hub.descriptor, rest: upMax),
                    Way(from: hub.descriptor, to: dialler, rest: downMax),
                ]
                while Self.pass(&ways, until: stop) {}
            }
            close(dialler)
            isOver.signal()
        }.start()
    }

    /// Ends both connections, if they have not ended by themselves.
    deinit {
        eventfd_write(stop, 1)
        isOver.wait()
        close(stop)
    }

    /// `POLLRDHUP`, which C's header offers to GNU programs alone.
    private static let endOfStream: CInt = 0x2000

    /// One direction, and how many bytes may still pass.
    private struct Way {
        let from: CInt
        let to: CInt
        var rest: Int
    }

    /// Passes on what waits; false when an end is gone or `stop` was raised.
    ///
    /// A direction that is held up is still watched for its end.
    private static func pass(_ ways: inout [Way], until stop: CInt) -> Bool {
        var items = ways.map { way in
            pollfd(
                fd: way.from,
                events: Int16(way.rest > 0 ? POLLIN : endOfStream),
                revents: 0
            )
        }
        items.append(pollfd(fd: stop, events: Int16(POLLIN), revents: 0))
        guard poll(&items, nfds_t(items.count), -1) > 0, items[2].revents == 0 else {
            return false
        }
        for index in ways.indices where items[index].revents != 0 {
            var buffer = Bytes(repeating: 0, count: 1 << 16)
            let count = recv(ways[index].from, &buffer, min(buffer.count, ways[index].rest), 0)
            guard count > 0, send(ways[index].to, buffer, count, CInt(MSG_NOSIGNAL)) == count
            else { return false }
            ways[index].rest -= count
        }
        return true
    }
}
