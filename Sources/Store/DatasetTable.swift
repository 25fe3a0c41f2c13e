import Foundation
import GRDB
import Primitives
import Wire

/// The vault's table of own datasets, whose bytes stand in files.
enum DatasetTable {
    /// A dataset's hash tree.
    struct Entry: Sendable {
        let root: Digest
        let byteCount: UInt64
        let leaves: [Digest]
    }

    /// Keeps the tree of a dataset.
    static func put(_ dataset: StoredDataset, into database: Database) throws {
        var leaves: Bytes = []
        leaves.reserveCapacity(dataset.leaves.count * Digest.byteCount)
        for leaf in dataset.leaves { leaf.append(to: &leaves) }
        try database.execute(
            sql: "INSERT OR REPLACE INTO datasets VALUES (?, ?, ?)",
            arguments: [Data(dataset.root.bytes), Int64(dataset.bytes.count), Data(leaves)]
        )
    }

    /// Drops the tree of a dataset.
    static func remove(_ root: Digest, from database: Database) throws {
        try database.execute(
            sql: "DELETE FROM datasets WHERE root = ?",
            arguments: [Data(root.bytes)]
        )
    }

    /// Every tree; each one leads to its root.
    static func entries(in database: Database) throws -> [Entry] {
        var entries: [Entry] = []
        let cursor = try Row.fetchCursor(
            database,
            sql: "SELECT root, byteCount, leaves FROM datasets"
        )
        while let row = try cursor.next() {
            let root = try row.digest(0)
            let count = try row.number(1)
            let bytes = try row.bytes(2)
            let leaves = stride(from: 0, to: bytes.count, by: Digest.byteCount).compactMap {
                start in
                Digest(bytes[start...].prefix(Digest.byteCount))
            }
            guard count >= 0, count <= Int64(Limits.datasetByteCount),
                leaves.count == DataTree.chunkCount(byteCount: UInt64(count)),
                DataTree.root(leaves: leaves, byteCount: UInt64(count)) == root
            else { throw Damage("a row of the table datasets is not as it was written") }
            entries.append(Entry(root: root, byteCount: UInt64(count), leaves: leaves))
        }
        return entries
    }

    /// Throws when a row is not as it was written.
    static func check(in database: Database) throws { _ = try entries(in: database) }
}
