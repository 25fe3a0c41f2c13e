package import Primitives
package import Wire

/// What a driver tells the core, apart from messages and the passing of time.
package enum LocalEvent: Sendable {
    /// The hour has changed, or the peer has just started: UTC hours since 1970.
    case epoch(UInt64)
    /// The peer's own record is to be signed and passed on.
    case advertise(Record)
    /// The peer stops for good, or until its next record: others are to know at once.
    case leave
    /// The first record, of incarnation 0, is to be signed and kept for a REVOKE, and not sent.
    case keep(Record)
    /// The owner, whose key the driver signs with as the project's, adopts this peer, which agrees.
    case adopt(owner: OwnerID, consent: Signature)
    /// This peer's key takes over from that of a first record, and says so.
    case succeed(Verified<Signed<Record>>)
    /// The project, whose key the driver signs with, takes a peer's word in its jobs, up to an
    /// epoch; nothing happens when it has said so before, with whatever end.
    case anchor(PeerID, project: ProjectID, until: UInt64)
    /// A link to a peer is up; its first frame held this record, and it is seen in this network.
    case linked(Verified<Signed<Record>>, network: NetworkPrefix? = nil)
    /// The last link to a peer is down.
    case unlinked(PeerID)
    /// How much the owner donates: bundles at once, and operations per second by workload.
    case donate(places: Int, speeds: SortedTable<String, UInt64>)
    /// The owner wants this job served before any other, and nothing until it is known; while it is
    /// on hold, others are.
    case serveFirst(ManifestID)
    /// A job of this peer's own; its whole dataset is kept by the driver.
    case submit(Manifest)
    /// A job of this peer's own is to have so many ringers: units whose results it finds out by
    /// itself, in secret, to compare them with what their votes come to.
    case plant(ManifestID, ringers: UInt32)
    /// A job of this peer's own is to end.
    case cancel(ManifestID)
    /// A job of this peer's own is to be held; nothing happens to one that is held already.
    case hold(ManifestID)
    /// A job of this peer's own that is held is to go on.
    case resume(ManifestID)
    /// The results of a job of this peer's own that is over are needed no longer.
    case release(ManifestID)
    /// The answer to `Effect.sign`.
    case signed(UInt64, Signature)
    /// The answer to `Effect.prepareWork`: the chunks that the order needs.
    case workPrepared(UInt64, chunks: [UInt32])
    /// The answer to `Effect.startWork`: one core for each unit, and the results are kept.
    case workFinished(UInt64, [Core])
    /// The order cannot be computed here.
    case workFailed(UInt64)
    /// The answer to `Effect.storeChunk`.
    case chunkStored(ChunkWant)
    /// A chunk that was kept is gone: it made room for others, or its bytes were damaged.
    case chunkLost(ChunkWant)
    /// The answer to `Effect.storePiece` once a result is whole and of the right hash.
    case resultStored(Digest)
    /// A result is whole and of another hash.
    case resultCorrupt(Digest)
    /// A result that was kept is gone: its bytes were damaged.
    case resultLost(Digest)
}
