package import Primitives
package import Wire

/// What a peer keeps: the journal's rows, chunks of datasets, and results.
///
/// The driver calls it in the order of an outbox: when `commit` returns, its rows are as durable as
/// the store makes them. A store that cannot keep something throws, and what depends on it is not
/// sent. Every call may come from any thread.
package protocol Storage: Sendable {
    /// Makes rows durable.
    ///
    /// All or none of the rows of one database: the vault's come first, and when they fail nothing
    /// else is kept.
    func commit(_ rows: [JournalRow]) throws
    /// Everything that a peer is told of at its start.
    func contents() throws -> StorageContents
    /// Keeps a checked chunk with its proof.
    func keep(_ chunk: Chunk) throws
    /// A chunk that is kept, alone or as part of a whole dataset.
    func chunk(_ want: ChunkWant) throws -> Chunk?
    /// Keeps a whole dataset.
    func keep(_ dataset: StoredDataset) throws
    /// Keeps a result under its hash.
    func keep(result: Bytes, hash: Digest) throws
    /// A result that is kept.
    func result(_ hash: Digest) throws -> Bytes?
    /// Drops a whole dataset of this peer's own; does nothing when there is none.
    func forget(dataset root: Digest) throws
    /// Drops a result; does nothing when there is none.
    func forget(result hash: Digest) throws
    /// The chunks that are gone since the last call: they made room for others, or were damaged.
    func takeEvicted() -> [ChunkWant]
    /// The results that are gone since the last call because they were damaged.
    func takeDamagedResults() -> [Digest]
    /// Whether the disk is full, so that a peer ends what it has begun and takes no new work.
    var isDraining: Bool { get }
    /// Ends draining when the disk has room again; to be called now and then.
    func recover()
}
