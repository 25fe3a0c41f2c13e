import Foundation
import GRDB
import Primitives
import Wire

/// The grid's table of strangers' chunks, whose bytes stand in files.
enum ChunkTable {
    /// A chunk that is kept.
    struct Entry: Sendable {
        let want: ChunkWant
        let byteCount: UInt64
    }

    /// Keeps a row; `lastUsed` rises with every use of any chunk.
    static func put(_ entry: Entry, lastUsed: Int64, into database: Database) throws {
        try database.cachedStatement(sql: "INSERT OR REPLACE INTO chunks VALUES (?, ?, ?, ?)")
            .execute(
                arguments: [
                    Data(entry.want.root.bytes), Int64(entry.want.index), Int64(entry.byteCount),
                    lastUsed,
                ]
            )
    }

    /// Notes that a chunk was used.
    static func touch(_ want: ChunkWant, lastUsed: Int64, in database: Database) throws {
        try database.cachedStatement(
            sql: "UPDATE chunks SET lastUsed = ? WHERE root = ? AND number = ?"
        )
        .execute(arguments: [lastUsed, Data(want.root.bytes), Int64(want.index)])
    }

    /// Drops a row.
    static func remove(_ want: ChunkWant, from database: Database) throws {
        try database.cachedStatement(sql: "DELETE FROM chunks WHERE root = ? AND number = ?")
            .execute(arguments: [Data(want.root.bytes), Int64(want.index)])
    }

    /// The bytes that a chunk takes up; nil when it is not kept.
    static func byteCount(_ want: ChunkWant, in database: Database) throws -> UInt64? {
        try Row.fetchOne(
            database.cachedStatement(
                sql: "SELECT byteCount FROM chunks WHERE root = ? AND number = ?"
            ),
            arguments: [Data(want.root.bytes), Int64(want.index)]
        )
        .map { UInt64(clamping: try $0.number(0)) }
    }

    /// Drops rows until `byteCount` bytes are free, the one that was used longest ago first, and
    /// never that of `newest`; what was dropped.
    static func evict(
        _ byteCount: UInt64,
        but newest: ChunkWant?,
        from database: Database
    ) throws -> [Entry] {
        guard byteCount > 0 else { return [] }
        var evicted: [Entry] = []
        var freed: UInt64 = 0
        let cursor = try Row.fetchCursor(
            database,
            sql: "SELECT root, number, byteCount FROM chunks ORDER BY lastUsed"
        )
        while freed < byteCount, let row = try cursor.next() {
            let entry = try entry(row)
            guard entry.want != newest else { continue }
            evicted.append(entry)
            freed += entry.byteCount
        }
        for entry in evicted { try remove(entry.want, from: database) }
        return evicted
    }

    /// Every row, the one that was used longest ago first, and the highest `lastUsed`.
    static func entries(in database: Database) throws -> (entries: [Entry], lastUsed: Int64) {
        var entries: [Entry] = []
        var lastUsed: Int64 = 0
        let cursor = try Row.fetchCursor(
            database,
            sql: "SELECT root, number, byteCount, lastUsed FROM chunks ORDER BY lastUsed"
        )
        while let row = try cursor.next() {
            lastUsed = max(lastUsed, try row.number(3))
            entries.append(try entry(row))
        }
        return (entries, lastUsed)
    }

    private static func entry(_ row: Row) throws -> Entry {
        guard let number = UInt32(exactly: try row.number(1)),
            let byteCount = UInt64(exactly: try row.number(2))
        else { throw Damage("a row of the table chunks is not as it was written") }
        return Entry(want: ChunkWant(root: try row.digest(0), index: number), byteCount: byteCount)
    }
}
