import Glibc

/// What carries the bytes of a `FaultyNetwork`, on a thread of its own.
final class NetworkRelay {
    private typealias Way = FaultyNetwork.Way
    private typealias Orders = FaultyNetwork.Orders

    /// What one end of a connection says to the other.
    private struct Flow {
        struct Piece {
            var bytes: ArraySlice<UInt8>
            /// When it may arrive.
            let due: ContinuousClock.Instant
            /// Whether it was let through, though its way is held.
            var isFree = false
        }

        let way: Way
        let source: CInt
        let sink: CInt
        var pieces: [Piece] = []
        /// How often what waits was let through already.
        var passes: Int
        /// Whether the source says nothing more.
        var isOver = false

        /// Whether more may be read: who is held up for long must wait, like on a slow line.
        var hasRoom: Bool { !isOver && pieces.count < Self.piecesMax }

        /// When the next piece may arrive; nil as long as there is none, or it is kept back.
        func nextDue(isHeld: Bool) -> ContinuousClock.Instant? {
            guard let first = pieces.first, !isHeld || first.isFree else { return nil }
            return first.due
        }

        static let piecesMax = 64
    }

    /// A connection, or an attempt at one that gets no answer.
    private struct Connection {
        let dialler: CInt
        /// Missing while the two are parted.
        let acceptor: CInt?
        let way: Way
        /// How often the way's connections had been dropped before this one.
        let drops: Int
        /// From the dialler, and to it.
        var flows: [Flow]
    }

    private let desk: FaultyNetwork.Desk
    private let doors: [CInt]
    private var connections: [Connection] = []
    private var orders = Orders()
    private var buffer = [UInt8](repeating: 0, count: 1 << 16)

    init(_ desk: FaultyNetwork.Desk, doors: [CInt]) {
        self.desk = desk
        self.doors = doors
    }

    /// Carries bytes until the network is gone.
    func run() {
        while true {
            orders = desk.read()
            guard !orders.isOver else { break }
            obey()
            let ready = wait()
            for (index, door) in doors.enumerated() where ready[door] != nil { admit(at: index) }
            connections = connections.compactMap { carry($0, ready) }
        }
        for connection in connections { end(connection) }
        for door in doors { close(door) }
    }

    // MARK: - Orders

    /// Ends connections that must not be, and marks what may pass.
    private func obey() {
        connections = connections.compactMap { connection in
            var connection = connection
            let isCut = orders.cut.contains(connection.way)
            let isDropped = orders.drops[connection.way, default: 0] > connection.drops
            guard isCut == (connection.acceptor == nil), !isDropped else {
                end(connection)
                return nil
            }
            for index in connection.flows.indices {
                let passes = orders.passes[connection.flows[index].way, default: 0]
                guard passes > connection.flows[index].passes else { continue }
                connection.flows[index].passes = passes
                for piece in connection.flows[index].pieces.indices {
                    connection.flows[index].pieces[piece].isFree = true
                }
            }
            return connection
        }
    }

    private func end(_ connection: Connection) {
        close(connection.dialler)
        if let acceptor = connection.acceptor { close(acceptor) }
    }

    // MARK: - Waiting

    /// What can be read or written, by descriptor.
    private func wait() -> [CInt: Int16] {
        var wanted: [CInt: Int16] = [desk.signal: Int16(POLLIN)]
        for door in doors { wanted[door] = Int16(POLLIN) }
        var next: ContinuousClock.Instant?
        let now = ContinuousClock.now
        for flow in connections.flatMap(\.flows) {
            if flow.hasRoom { wanted[flow.source, default: 0] |= Int16(POLLIN) }
            guard let due = flow.nextDue(isHeld: orders.held.contains(flow.way)) else { continue }
            if due <= now {
                wanted[flow.sink, default: 0] |= Int16(POLLOUT)
            } else {
                next = min(next ?? due, due)
            }
        }
        var items = wanted.map { pollfd(fd: $0.key, events: $0.value, revents: 0) }
        let span = next.map { due in
            let (seconds, fraction) = (due - now).components
            return CInt(clamping: seconds * 1_000 + fraction / 1_000_000_000_000_000 + 1)
        }
        guard poll(&items, nfds_t(items.count), span ?? -1) > 0 else { return [:] }
        return [:].merging(
            items.filter { $0.revents != 0 }.map { ($0.fd, $0.revents) },
            uniquingKeysWith: { $0 | $1 }
        )
    }

    // MARK: - Connections

    /// Takes a connection to a peer, and makes the other half of it.
    private func admit(at receiver: Int) {
        let dialler = accept(doors[receiver], nil, nil)
        guard dialler >= 0 else { return }
        LocalSocket.prepare(dialler)
        // What was ordered before it dialled counts for it.
        orders = desk.present
        // A process may dial before the test knows that it is there: it tries again.
        guard let place = orders.places[receiver], let sender = peer(at: dialler) else {
            close(dialler)
            return
        }
        let way = Way(sender: sender, receiver: receiver)
        let drops = orders.drops[way, default: 0]
        guard !orders.cut.contains(way) else {
            connections.append(
                Connection(dialler: dialler, acceptor: nil, way: way, drops: drops, flows: [])
            )
            desk.countUnanswered()
            return
        }
        guard let acceptor = LocalSocket.connected(to: place.port) else {
            close(dialler)
            return
        }
        LocalSocket.prepare(acceptor)
        for descriptor in [dialler, acceptor] {
            var isOn: CInt = 1
            let size = socklen_t(MemoryLayout<CInt>.size)
            setsockopt(descriptor, CInt(IPPROTO_TCP), TCP_NODELAY, &isOn, size)
        }
        let back = Way(sender: receiver, receiver: sender)
        let flows = [
            Flow(way: way, source: dialler, sink: acceptor, passes: orders.passes[way] ?? 0),
            Flow(way: back, source: acceptor, sink: dialler, passes: orders.passes[back] ?? 0),
        ]
        connections.append(
            Connection(dialler: dialler, acceptor: acceptor, way: way, drops: drops, flows: flows)
        )
    }

    /// The peer that has the other end of a connection.
    private func peer(at descriptor: CInt) -> Int? {
        guard let number = LocalSocket.remoteNumber(of: descriptor) else { return nil }
        return orders.places.first { LocalSocket.isOpen(number, in: $0.value.process) }?.key
    }

    /// Reads and writes what can be; nil when the connection has ended.
    private func carry(_ connection: Connection, _ ready: [CInt: Int16]) -> Connection? {
        var connection = connection
        for index in connection.flows.indices {
            let flow = connection.flows[index]
            if flow.hasRoom, ready[flow.source] != nil { read(&connection.flows[index]) }
            let isWritten = write(&connection.flows[index])
            let rest = connection.flows[index]
            // What is kept back when its sender goes is lost with it.
            let isHeld = orders.held.contains(rest.way)
            guard isWritten, !rest.isOver || rest.nextDue(isHeld: isHeld) != nil else {
                end(connection)
                return nil
            }
        }
        return connection
    }

    private func read(_ flow: inout Flow) {
        let count = Glibc.read(flow.source, &buffer, buffer.count)
        if count < 0, errno == EAGAIN || errno == EINTR { return }
        guard count > 0 else {
            flow.isOver = true
            return
        }
        // What was ordered before this was said counts for it.
        orders = desk.present
        let due = ContinuousClock.now + (orders.delays[flow.way] ?? .zero)
        flow.pieces.append(Flow.Piece(bytes: buffer[..<count], due: due))
    }

    /// Writes what may arrive by now; false when nobody takes it.
    private func write(_ flow: inout Flow) -> Bool {
        let isHeld = orders.held.contains(flow.way)
        while let due = flow.nextDue(isHeld: isHeld), due <= ContinuousClock.now {
            let count = flow.pieces[0].bytes.withUnsafeBytes { bytes in
                send(flow.sink, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL))
            }
            if count < 0 { return errno == EAGAIN || errno == EINTR }
            flow.pieces[0].bytes.removeFirst(count)
            if flow.pieces[0].bytes.isEmpty { flow.pieces.removeFirst() }
        }
        return true
    }
}
