package import Primitives

/// What the transport reports to its owner.
package enum TransportEvent: Sendable, Equatable {
    /// The first link with this peer is up; `hello` is what the peer said of itself, and `address`
    /// the numeric address at the other end, empty when the system does not tell.
    case linked(PeerID, hello: Bytes, inbound: Bool, address: String)
    /// The last link with this peer is down; messages still queued for it are lost.
    case unlinked(PeerID)
    /// A message from an admitted peer, one to three frames.
    case received(from: PeerID, frames: [Bytes])
    /// A link was not admitted or was cut off, and why; not reported while the mailbox is full.
    case refused(CurveKey, reason: String)
    /// An attempt to dial failed, and why; the next one follows by itself. Not reported while the
    /// mailbox is full.
    case dialFailed(endpoint: String, reason: String)

    /// Bytes of frames that this event keeps in memory.
    var byteCount: Int {
        switch self {
        case .linked(_, let hello, _, _): hello.count
        case .received(_, let frames): frames.reduce(0) { $0 + $1.count }
        case .unlinked, .refused, .dialFailed: 0
        }
    }
}

/// What became of a message given to `send`.
package enum SendOutcome: Sendable, Equatable {
    /// It leaves in order, unless the last link with the peer goes first.
    case queued
    /// There is no link with the peer.
    case noLink
    /// Too much waits already; try again later, or drop it.
    case queueFull
    /// No frame, more than three frames, or a frame over the bound: it can never be sent.
    case invalid
}

/// Why the transport did not start or an order was not taken, and what to do.
package enum TransportError: Error, Equatable, Sendable {
    /// Another program listens on the port.
    case portInUse(UInt16)
    /// This user may not listen on the port.
    case portForbidden(UInt16)
    /// No interface of this machine has the address.
    case addressUnavailable(String)
    /// The endpoint is not `host:port`.
    case malformedEndpoint(String)
    /// Too many endpoints are dialled, or too many orders wait.
    case tooManyDials(maximum: Int)
    /// `close` was called before.
    case closed
    /// libzmq refused an operation.
    case system(operation: String, reason: String)
}

extension TransportError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .portInUse(let port):
            "port \(port) is in use by another program; choose another with --listen or stop the "
                + "other peer"
        case .portForbidden(let port):
            "this user may not listen on port \(port); choose one above 1023 with --listen"
        case .addressUnavailable(let address):
            "this machine has no address \(address); listen on * for all of its addresses"
        case .malformedEndpoint(let endpoint):
            "\(endpoint) is no endpoint; write host:port, or [address]:port for IPv6"
        case .tooManyDials(let maximum):
            "\(maximum) endpoints are dialled already; hang up on one first"
        case .closed:
            "the transport is closed; start a new one"
        case .system(let operation, let reason):
            "cannot \(operation): \(reason); check that libzmq 4.3 with CURVE is installed and "
                + "that the limit of open files (ulimit -n) is not reached"
        }
    }
}
