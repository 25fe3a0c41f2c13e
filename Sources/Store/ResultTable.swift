import Foundation
import GRDB
import Primitives
import Wire

/// The vault's table of results.
enum ResultTable {
    /// Keeps a result under its hash.
    static func put(_ bytes: Bytes, hash: Digest, into database: Database) throws {
        let key = hash.bytes
        try database.cachedStatement(
            sql: "INSERT OR REPLACE INTO results VALUES (?, ?, coalesce(?, x''))"
        )
        .execute(
            arguments: [
                Data(key), RowSum.of(resultHash: key, byteCount: bytes.count), Data(bytes),
            ]
        )
    }

    /// The bytes under a hash, as they stand on the disk.
    static func bytes(_ hash: Digest, in database: Database) throws -> Bytes? {
        try Row.fetchOne(
            database.cachedStatement(sql: "SELECT bytes FROM results WHERE hash = ?"),
            arguments: [Data(hash.bytes)]
        )?.bytes(0)
    }

    /// Drops a result.
    static func remove(_ hash: Digest, from database: Database) throws {
        try database.cachedStatement(sql: "DELETE FROM results WHERE hash = ?")
            .execute(arguments: [Data(hash.bytes)])
    }

    /// The hashes of all results.
    static func hashes(in database: Database) throws -> [Digest] {
        var hashes: [Digest] = []
        let cursor = try Row.fetchCursor(
            database,
            sql: "SELECT hash, sum, length(bytes) FROM results"
        )
        while let row = try cursor.next() {
            let hash = try row.digest(0)
            let sum = RowSum.of(resultHash: hash.bytes, byteCount: Int(try row.number(2)))
            guard try row.number(1) == sum else {
                throw Damage("a row of the table results is not as it was written")
            }
            hashes.append(hash)
        }
        return hashes
    }

    /// Throws when a row is not as it was written.
    static func check(in database: Database) throws { _ = try hashes(in: database) }
}
