@preconcurrency import Dispatch
import Glibc
import Primitives
import Synchronization

/// The control socket of a peer's folder, from which clients come.
///
/// Whoever makes it has claimed the folder, so a socket that lies there belongs to a process that
/// is gone, and is replaced.
final class ControlListener: Sendable {
    /// Clients that were let in.
    let connections: AsyncStream<ControlConnection>
    private let continuation: AsyncStream<ControlConnection>.Continuation
    private let path: String
    private let descriptor: CInt
    private let queue = DispatchQueue(label: "starling.control")
    private let source: any DispatchSourceRead
    private let openCount = Mutex(0)

    /// Clients that are served at once.
    static let connectionsMax = 32
    /// Clients that the system keeps waiting.
    private static let backlog: CInt = 64

    /// Listens in `folder`; clients wait until somebody takes them from `connections`.
    init(in folder: PeerFolder) throws {
        path = folder.socketPath
        descriptor = try Self.listen(path)
        (connections, continuation) = AsyncStream.makeStream()
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        source.setEventHandler { [weak self] in self?.accept() }
        source.setCancelHandler { [descriptor] in Glibc.close(descriptor) }
        source.activate()
    }

    /// Takes nobody else, and removes the socket.
    func close() {
        unlink(path)
        source.cancel()
        continuation.finish()
    }

    private static func listen(_ path: String) throws -> CInt {
        let descriptor = try UnixSocket.make()
        do {
            try removeRemains(path)
            // What the socket's mode is before it gets its name, the file's mode will be.
            guard fchmod(descriptor, 0o600) == 0,
                try UnixSocket.withAddress(of: path, { bind(descriptor, $0, $1) }) == 0,
                Glibc.listen(descriptor, backlog) == 0
            else { throw CommandFailure("cannot listen on \(path)", error: errno) }
            return descriptor
        } catch {
            Glibc.close(descriptor)
            throw error
        }
    }

    private static func removeRemains(_ path: String) throws {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw CommandFailure("\(path) is not a socket; move it away, and start again")
        }
        guard unlink(path) == 0 else { throw CommandFailure("cannot remove \(path)", error: errno) }
    }

    private func accept() {
        let client = Glibc.accept(descriptor, nil, nil)
        guard client >= 0 else {
            // Out of descriptors: the client waits, and this queue does not spin meanwhile.
            if errno == EMFILE || errno == ENFILE { usleep(100_000) }
            return
        }
        guard fcntl(client, F_SETFD, FD_CLOEXEC) == 0, UnixSocket.isTrusted(client) else {
            Glibc.close(client)
            return
        }
        let isFull = openCount.withLock { count in
            count += 1
            return count > Self.connectionsMax
        }
        let connection = ControlConnection(client) { [weak self] in
            self?.openCount.withLock { $0 -= 1 }
        }
        guard isFull else {
            continuation.yield(connection)
            return
        }
        Task {
            let reason =
                "the peer serves \(Self.connectionsMax) commands already; end some, and try again"
            try? await connection.send(ControlServer.line(failure: reason))
            connection.close()
        }
    }
}
