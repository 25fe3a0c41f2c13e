import Glibc
import Primitives

/// The connections that others opened, by descriptor, and what each source of them may still open.
///
/// A source may have so many connections open, open that many at once, and then one more in each
/// `sourceInterval`. What comes beyond a bound is cut before its handshake costs anything.
struct Connections {
    /// A connection that may stay.
    struct Connection {
        let since: Instant
        fileprivate let source: SourceNetwork?
        /// Bytes on the wire of the messages that were read.
        var takenByteCount: UInt64 = 0
    }

    /// What a source has used of its share.
    private struct Share {
        var openCount = 0
        /// When it may open as many connections at once as if it had never opened one.
        var restedAt = Instant.zero
    }

    private let limits: TransportLimits
    private let sourceInterval: TimeSpan
    private let descriptorsMax: Int
    private var kept: [CInt: Connection] = [:]
    /// Those that were cut at once and whose end is not reported yet.
    private var cut: Set<CInt> = []
    private var shares: [SourceNetwork: Share] = [:]

    /// No connection yet; `descriptorsMax` are open in the whole process at most.
    init(_ configuration: TransportConfiguration, descriptorsMax: Int) {
        limits = configuration.limits
        sourceInterval = configuration.timing.sourceInterval
        self.descriptorsMax = descriptorsMax
    }

    /// Connections that may stay, HELLO or not.
    var count: Int { kept.count }

    /// Sources that are remembered.
    var sourceCount: Int { shares.count }

    /// Connections that may stay, by descriptor.
    var all: [CInt: Connection] { kept }

    /// Whether the connection with this descriptor is open and may stay.
    func contains(_ descriptor: CInt) -> Bool { kept[descriptor] != nil }

    /// Whether a connection that was just accepted may stay; if not, the caller ends it.
    mutating func accepted(_ descriptor: CInt, at now: Instant) -> Bool {
        ended(descriptor)
        let source = SourceNetwork(of: descriptor)
        // The system hands out the lowest free number: so many descriptors are open.
        guard kept.count < limits.connectionsMax, Int(descriptor) < descriptorsMax,
            source.map({ admits($0, at: now) }) ?? true
        else {
            cut.insert(descriptor)
            return false
        }
        kept[descriptor] = Connection(since: now, source: source)
        return true
    }

    /// The connection is gone.
    mutating func ended(_ descriptor: CInt) {
        cut.remove(descriptor)
        guard let source = kept.removeValue(forKey: descriptor)?.source else { return }
        shares[source]?.openCount -= 1
    }

    /// A message was read that took `byteCount` bytes on the wire.
    mutating func took(_ byteCount: Int, from descriptor: CInt) {
        kept[descriptor]?.takenByteCount += UInt64(byteCount)
    }

    /// Forgets sources that have nothing open and their whole share again.
    mutating func forgetRested(at now: Instant) {
        shares = shares.filter { $0.value.openCount > 0 || $0.value.restedAt > now }
    }

    /// Counts a connection in, if the source's share has room for it.
    /// - Source: the generic cell rate algorithm, ITU-T I.371.
    private mutating func admits(_ source: SourceNetwork, at now: Instant) -> Bool {
        if shares[source] == nil { makeRoom() }
        var share = shares[source, default: Share()]
        let burst = sourceInterval.times(UInt64(max(0, limits.connectionsPerSourceMax - 1)))
        guard share.openCount < limits.connectionsPerSourceMax,
            share.restedAt.since(now) <= burst
        else { return false }
        share.openCount += 1
        share.restedAt = max(share.restedAt, now).advanced(by: sourceInterval)
        shares[source] = share
        return true
    }

    /// When too many sources are remembered, the one that has rested first makes room.
    private mutating func makeRoom() {
        guard shares.count >= limits.sourcesMax else { return }
        let idle = shares.filter { $0.value.openCount == 0 }
        if let first = idle.min(by: { $0.value.restedAt < $1.value.restedAt }) {
            shares[first.key] = nil
        }
    }
}
