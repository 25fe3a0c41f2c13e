import Foundation
import GRDB
import Primitives
import Wire

extension DatabaseFile {
    /// Inserts, replaces and deletes rows of the journal in their order.
    ///
    /// A filled slot keeps its value: another one for it is an error.
    static func put(_ rows: some Sequence<JournalRow>, into database: Database) throws {
        for row in rows {
            guard let value = row.value else {
                try database.cachedStatement(
                    sql: "DELETE FROM \(row.table.name) WHERE key = \(blob)"
                )
                .execute(arguments: [Data(row.key)])
                continue
            }
            let sum = RowSum.of(row.table, key: row.key, value: value)
            let action = row.table == .slots ? "IGNORE" : "REPLACE"
            try database.cachedStatement(
                sql: "INSERT OR \(action) INTO \(row.table.name) VALUES (\(blob), \(blob), ?)"
            )
            .execute(arguments: [Data(row.key), Data(value), sum])
            if row.table == .slots { try checkSlot(row.key, holds: value, in: database) }
        }
    }

    /// Every row of a table of the journal.
    static func forEachRow(
        of table: JournalTable,
        in database: Database,
        _ body: (JournalRow) throws -> Void
    ) throws {
        let cursor = try Row.fetchCursor(
            database,
            sql: "SELECT key, value, sum FROM \(table.name)"
        )
        while let row = try cursor.next() {
            let key = try row.bytes(0)
            let value = try row.bytes(1)
            guard try row.number(2) == RowSum.of(table, key: key, value: value) else {
                throw Damage("a row of the table \(table.name) is not as it was written")
            }
            try body(JournalRow(table, key: key, value: value))
        }
    }

    /// Bytes as an argument; without any, GRDB binds NULL.
    private static let blob = "coalesce(?, x'')"

    private static func checkSlot(
        _ key: Bytes,
        holds value: Bytes,
        in database: Database
    ) throws {
        let held = try Row.fetchOne(
            database.cachedStatement(sql: "SELECT value FROM slots WHERE key = \(blob)"),
            arguments: [Data(key)]
        )
        guard try held?.bytes(0) == value else { throw StoreError.slotFilled(key: key) }
    }
}

extension Row {
    /// The bytes in a column; an error when something else stands there.
    func bytes(_ column: Int) throws -> Bytes {
        let value: DatabaseValue = self[column]
        guard case .blob(let data) = value.storage else { throw Damage("a row holds no bytes") }
        return Bytes(data)
    }

    /// The whole number in a column; an error when something else stands there.
    func number(_ column: Int) throws -> Int64 {
        let value: DatabaseValue = self[column]
        guard case .int64(let number) = value.storage else {
            throw Damage("a row holds no whole number")
        }
        return number
    }

    /// The digest in a column; an error when something else stands there.
    func digest(_ column: Int) throws -> Digest {
        guard let digest = Digest(try bytes(column)) else { throw Damage("a row holds no digest") }
        return digest
    }
}
