package import Primitives

/// What a durable store is told beside its folder.
package struct StoreSettings: Sendable {
    /// Bytes of strangers' chunks on disk; the least recently used make room.
    ///
    /// The newest chunk always stays, however small the quota is.
    package var chunkQuotaByteCount: UInt64 = 10 << 30
    /// Bytes of the ballast, which is given up when the disk is full; 0 for none.
    package var ballastByteCount: UInt64 = 64 << 20
    /// Whether a folder that was moved or restored may be used from here on.
    ///
    /// Set it for one start, when nobody uses the folder at its other place and nothing was
    /// signed there since: two peers of one key contradict each other.
    package var acceptsMove = false
    /// Names this machine: a vault that another machine used is not opened.
    package var host: Digest = Host.id
    /// Pages of 4 KiB that each database may have; nil for as many as the disk holds.
    package var pageCountMax: Int?

    /// Every setting at its default.
    package init() {}
}
