import Foundation
import Glibc
import Synchronization
import Testing

/// The connections of peers on this machine, which a test holds up, delays and cuts.
///
/// Others are told a port of this network in place of the one on which a peer listens. Who dials is
/// found by the process that has the other end, so each way between two peers can be treated alone.
final class FaultyNetwork: Sendable {
    /// One way between two peers.
    struct Way: Hashable {
        let sender: Int
        let receiver: Int

        /// Both ways between them.
        static func between(_ one: Int, _ other: Int) -> [Way] {
            [Way(sender: one, receiver: other), Way(sender: other, receiver: one)]
        }
    }

    /// What the test has asked for.
    struct Orders {
        /// Where a peer listens, and the process that is it.
        struct Place {
            let port: UInt16
            let process: Int32
        }

        var isOver = false
        var places: [Int: Place] = [:]
        /// Ways on which nothing arrives.
        var held: Set<Way> = []
        /// Ways on which nothing arrives and nobody gets an answer, whose connections are gone.
        var cut: Set<Way> = []
        var delays: [Way: Duration] = [:]
        /// How often what waits on a held way was let through.
        var passes: [Way: Int] = [:]
        /// How often the connections that use a way were dropped.
        var drops: [Way: Int] = [:]
    }

    /// Shared with the thread that carries the bytes.
    final class Desk: Sendable {
        private let orders = Mutex(Orders())
        private let unanswered = Mutex(0)
        /// Readable once there are new orders.
        let signal: CInt
        private let wakeUp: CInt

        init() throws {
            var ends: [CInt] = [0, 0]
            try #require(pipe(&ends) == 0)
            for end in ends { LocalSocket.prepare(end) }
            (signal, wakeUp) = (ends[0], ends[1])
        }

        deinit {
            close(signal)
            close(wakeUp)
        }

        /// Changes the orders, and wakes the thread.
        func change(_ body: (inout Orders) -> Void) {
            orders.withLock { body(&$0) }
            // A full pipe wakes it as well.
            _ = write(wakeUp, [1], 1)
        }

        /// The orders as they are now.
        var present: Orders { orders.withLock { $0 } }

        /// How many attempts at a connection have been left without an answer.
        var unansweredCount: Int { unanswered.withLock { $0 } }

        /// An attempt at a connection gets no answer.
        func countUnanswered() { unanswered.withLock { $0 += 1 } }

        /// The orders, which are news no more.
        func read() -> Orders {
            var bytes = [UInt8](repeating: 0, count: 256)
            while Glibc.read(signal, &bytes, bytes.count) > 0 {}
            return present
        }
    }

    private let desk: Desk
    private let ports: [UInt16]

    /// A network of so many peers, whose places are not known yet.
    init(peers: Int) throws {
        let desk = try Desk()
        let doors = try (0..<peers).map { _ in try LocalSocket.listening() }
        ports = doors.map(\.port)
        self.desk = desk
        Thread { NetworkRelay(desk, doors: doors.map(\.descriptor)).run() }.start()
    }

    deinit { desk.change { $0.isOver = true } }

    /// The port that others are told of a peer.
    func port(of peer: Int) -> UInt16 { ports[peer] }

    /// Says where a peer listens, and which process it is.
    func place(_ peer: Int, port: UInt16, process: Int32) {
        desk.change { $0.places[peer] = Orders.Place(port: port, process: process) }
    }

    // MARK: - One way

    /// Keeps back what `sender` says to `receiver` from now on; the connection stays.
    func hold(from sender: Int, to receiver: Int) {
        desk.change { $0.held.insert(Way(sender: sender, receiver: receiver)) }
    }

    /// Lets through what waits on a held way now, and keeps back what follows.
    func letThrough(from sender: Int, to receiver: Int) {
        desk.change { $0.passes[Way(sender: sender, receiver: receiver), default: 0] += 1 }
    }

    /// Delivers what was kept back, and whatever follows.
    func release(from sender: Int, to receiver: Int) {
        desk.change { $0.held.remove(Way(sender: sender, receiver: receiver)) }
    }

    /// Delivers later what `sender` says to `receiver` from now on.
    func delay(from sender: Int, to receiver: Int, by span: Duration) {
        desk.change { $0.delays[Way(sender: sender, receiver: receiver)] = span }
    }

    // MARK: - Both ways

    /// Ends the connections of two peers; they may dial again.
    func drop(_ one: Int, _ other: Int) {
        desk.change { orders in
            for way in Way.between(one, other) { orders.drops[way, default: 0] += 1 }
        }
    }

    /// Parts two groups of peers: connections end, and who dials gets no answer.
    func part(_ one: [Int], from others: [Int]) {
        desk.change { orders in
            for peer in one {
                for other in others { orders.cut.formUnion(Way.between(peer, other)) }
            }
        }
    }

    /// How many attempts at a connection between parted peers there have been.
    var unansweredCount: Int { desk.unansweredCount }

    /// Delivers everything at once again, between all peers.
    func heal() {
        desk.change { orders in
            (orders.cut, orders.held, orders.delays) = ([], [], [:])
        }
    }
}

/// Sockets on 127.0.0.1.
enum LocalSocket {
    /// A socket that listens on a port of the kernel's choice.
    static func listening() throws -> (descriptor: CInt, port: UInt16) {
        let descriptor = socket(AF_INET, streaming, 0)
        try #require(descriptor >= 0)
        let isBound = withAddress(port: 0) { bind(descriptor, $0, $1) == 0 }
        try #require(isBound && listen(descriptor, 128) == 0, "errno \(errno)")
        return (descriptor, try #require(port(of: descriptor, getsockname)))
    }

    /// A connection to `port`; nil when nobody listens there.
    static func connected(to port: UInt16) -> CInt? {
        let descriptor = socket(AF_INET, streaming, 0)
        guard descriptor >= 0 else { return nil }
        guard withAddress(port: port, { connect(descriptor, $0, $1) == 0 }) else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// Keeps a descriptor from programs that are started, and nobody waits at it.
    static func prepare(_ descriptor: CInt) {
        _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    /// The port of a connection's other end.
    static func remotePort(of descriptor: CInt) -> UInt16? { port(of: descriptor, getpeername) }

    /// The number by which the kernel knows the other end of a connection within this machine.
    static func remoteNumber(of descriptor: CInt) -> String? {
        guard let near = port(of: descriptor, getsockname), let far = remotePort(of: descriptor)
        else { return nil }
        let ends = [far, near].map { port in
            let digits = String(port, radix: 16, uppercase: true)
            return "0100007F:" + String(repeating: "0", count: 4 - digits.count) + digits
        }
        for line in KernelTable.text("/proc/net/tcp").split(separator: "\n") {
            let fields = line.split(separator: " ")
            if fields.count > 9, fields[1] == ends[0], fields[2] == ends[1] {
                return String(fields[9])
            }
        }
        return nil
    }

    /// Whether the process has the socket of that number.
    static func isOpen(_ number: String, in process: Int32) -> Bool {
        let folder = "/proc/\(process)/fd"
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.contains { name in
            let target = try? FileManager.default.destinationOfSymbolicLink(
                atPath: "\(folder)/\(name)"
            )
            return target == "socket:[\(number)]"
        }
    }

    private static let streaming = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)

    private static func withAddress(
        port: UInt16,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Bool
    ) -> Bool {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    private static func port(
        of descriptor: CInt,
        _ ask: (CInt, UnsafeMutablePointer<sockaddr>?, UnsafeMutablePointer<socklen_t>?) -> CInt
    ) -> UInt16? {
        var address = sockaddr_in()
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                ask(descriptor, $0, &size)
            }
        }
        return result == 0 ? UInt16(bigEndian: address.sin_port) : nil
    }
}

/// Tables that the kernel writes as files.
enum KernelTable {
    /// The whole text of a table: it comes in parts, of which Foundation would read the first.
    static func text(_ path: String) -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while case let count = read(file, &buffer, buffer.count), count > 0 {
            bytes += buffer[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
