package import Primitives
package import Wire

/// What a store holds at a peer's start.
package struct StorageContents: Sendable {
    /// The journal's rows, in any order.
    package var rows: [JournalRow] = []
    /// Hashes of the results that are whole.
    package var results: [Digest] = []
    /// The single chunks that are kept.
    package var chunks: [ChunkWant] = []
    /// The datasets that are kept whole.
    package var datasets: [WholeDataset] = []

    /// Nothing: a first start.
    package init() {}

    /// A dataset that is kept whole.
    package struct WholeDataset: Hashable, Sendable {
        /// Root of its hash tree.
        package let root: Digest
        /// Its bytes.
        package let byteCount: UInt64

        /// The dataset of `root`.
        package init(root: Digest, byteCount: UInt64) {
            self.root = root
            self.byteCount = byteCount
        }
    }
}
