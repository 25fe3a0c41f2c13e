import Glibc

/// What Unix domain sockets need of the system.
enum UnixSocket {
    /// Bytes of a path; one more ends it.
    static let pathByteCountMax = 107

    /// A new stream socket.
    static func make() throws -> CInt {
        let kind = CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue)
        let descriptor = socket(AF_UNIX, kind, 0)
        guard descriptor >= 0 else { throw CommandFailure("cannot open a socket", error: errno) }
        return descriptor
    }

    /// Calls `connect` or `bind` with the address of `path`; its result.
    static func withAddress(
        of path: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) throws -> CInt {
        let bytes = Array(path.utf8)
        guard bytes.count <= pathByteCountMax else {
            throw CommandFailure(
                "the path of the control socket, \(path), has \(bytes.count) bytes, and the system "
                    + "takes \(pathByteCountMax); choose a shorter --folder"
            )
        }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    /// Whether the process at the other end may drive, or be trusted by, this one.
    ///
    /// It runs for the same user or for root; root itself takes everybody's word.
    static func isTrusted(_ descriptor: CInt) -> Bool {
        // The kernel's struct ucred: process, user and group.
        var credentials: (process: pid_t, user: uid_t, group: gid_t) = (0, 0, 0)
        var size = socklen_t(MemoryLayout.size(ofValue: credentials))
        guard getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else {
            return false
        }
        return [0, geteuid()].contains(credentials.user) || geteuid() == 0
    }
}
