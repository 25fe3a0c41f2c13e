import CZeroMQ
import Glibc

/// How many bytes a connection has brought and libzmq still holds, in whatever stage of decoding.
///
/// libzmq hands over whole messages alone and bounds neither their frames nor their sum: what it
/// holds of a message that never ends, only the system's count of bytes shows.
/// `takenByteCount` are the bytes of the messages that it handed over. Nil for a descriptor that is
/// no TCP connection, or none any more.
func unreadByteCount(of descriptor: CInt, takenByteCount: UInt64) -> Int? {
    var info = [UInt8](repeating: 0, count: TCPInfo.byteCount)
    var size = socklen_t(info.count)
    guard getsockopt(descriptor, CInt(IPPROTO_TCP), TCP_INFO, &info, &size) == 0,
        Int(size) >= info.count
    else { return nil }
    let received = info.withUnsafeBytes {
        $0.loadUnaligned(fromByteOffset: TCPInfo.receivedAt, as: UInt64.self)
    }
    guard received > takenByteCount else { return 0 }
    // What the system has not handed to libzmq yet is bounded by the system.
    var queued: CInt = 0
    guard ioctl(descriptor, UInt(FIONREAD), &queued) == 0 else { return nil }
    return max(0, Int(clamping: received - takenByteCount) - Int(queued))
}

/// Bytes on the wire of a frame of `byteCount` bytes: a flag, its length in one byte or eight, and
/// what CURVE adds.
/// - Source: ZeroMQ RFC 23/ZMTP and RFC 26/CURVEZMQ.
func wireByteCount(ofFrame byteCount: Int) -> Int {
    let body = byteCount + 33
    return body + (body > 255 ? 9 : 2)
}

/// The part of Linux's `struct tcp_info` that is read here; C's own header has an older one.
private enum TCPInfo {
    /// `tcpi_bytes_received`, since Linux 4.1: behind 8 bytes, 24 numbers of 4 and 3 of 8.
    static let receivedAt = 8 + 24 * 4 + 3 * 8
    static let byteCount = receivedAt + 8
}
