import Foundation
import GRDB
import Primitives

/// What a vault says of itself, in its table `meta`.
struct VaultMeta: Hashable, Sendable {
    /// Random, the same for as long as the vault lives.
    let instance: Bytes
    /// The machine that used it last.
    let host: Digest
    /// The number of the vault's file on that machine's disk: a copy has another one.
    let inode: UInt64
    /// Starts of the peer, this one included.
    let boots: Int64
    /// Transactions that were made durable.
    let commits: Int64

    /// Bytes of an instance.
    static let instanceByteCount = 16

    /// The first state of a new vault.
    static func first(host: Digest, inode: UInt64) -> VaultMeta {
        var generator = SystemRandomNumberGenerator()
        return VaultMeta(
            instance: (0..<instanceByteCount).map { _ in
                UInt8.random(in: .min ... .max, using: &generator)
            },
            host: host,
            inode: inode,
            boots: 0,
            commits: 0
        )
    }

    /// The same vault, used on from `host` under `inode`, by one more start.
    func atStart(host: Digest, inode: UInt64) -> VaultMeta {
        VaultMeta(
            instance: instance,
            host: host,
            inode: inode,
            boots: boots + 1,
            commits: commits
        )
    }

    /// Reads it from a vault.
    init(in database: Database) throws {
        func row(_ name: String) throws -> Row {
            let row = try Row.fetchOne(
                database,
                sql: "SELECT value FROM meta WHERE name = ?",
                arguments: [name]
            )
            guard let row else { throw Damage("its table meta has no \(name)") }
            return row
        }
        instance = try row("instance").bytes(0)
        host = try row("host").digest(0)
        inode = UInt64(bitPattern: try row("inode").number(0))
        boots = try row("boots").number(0)
        commits = try row("commits").number(0)
        guard instance.count == Self.instanceByteCount, boots >= 0, commits >= 0 else {
            throw Damage("its table meta holds what was never written")
        }
    }

    /// Writes it into a vault.
    func write(to database: Database) throws {
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO meta VALUES ('instance', ?), ('host', ?), ('inode', ?),
                    ('boots', ?), ('commits', ?)
                """,
            arguments: [
                Data(instance), Data(host.bytes), Int64(bitPattern: inode), boots, commits,
            ]
        )
    }

    /// Counts one more transaction; the new count.
    static func countCommit(in database: Database) throws -> Int64 {
        let row = try Row.fetchOne(
            database.cachedStatement(
                sql: "UPDATE meta SET value = value + 1 WHERE name = 'commits' RETURNING value"
            )
        )
        guard let row else { throw Damage("its table meta has no commits") }
        return try row.number(0)
    }

    private init(instance: Bytes, host: Digest, inode: UInt64, boots: Int64, commits: Int64) {
        self.instance = instance
        self.host = host
        self.inode = inode
        self.boots = boots
        self.commits = commits
    }
}
