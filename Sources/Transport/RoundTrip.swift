import Glibc
import Primitives

/// How long an answer takes on a TCP connection, as the kernel has smoothed it.
///
/// Nil for a descriptor that is no TCP connection, or none any more.
func roundTrip(of descriptor: CInt) -> TimeSpan? {
    var info = tcp_info()
    var size = socklen_t(MemoryLayout<tcp_info>.size)
    guard getsockopt(descriptor, CInt(IPPROTO_TCP), TCP_INFO, &info, &size) == 0,
        info.tcpi_rtt > 0
    else { return nil }
    return TimeSpan(nanoseconds: UInt64(info.tcpi_rtt) * 1_000)
}
