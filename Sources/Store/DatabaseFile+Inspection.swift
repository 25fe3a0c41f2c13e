import GRDB
import Primitives
import Wire

extension DatabaseFile {
    /// What a look at a database found.
    enum Inspection<Content> {
        /// It is sound, and this was asked of it.
        case sound(Content)
        /// A newer program has written it.
        case newer
        /// It cannot be trusted; why.
        case damaged(String)
    }

    /// Looks at the database at `path` without changing it or its log: whose it is, whether its
    /// pages and rows are sound, and what `body` reads.
    ///
    /// Errors are those that say nothing of the database, such as missing rights.
    static func inspect<Content>(
        _ kind: DatabaseKind,
        path: String,
        body: (Database) throws -> Content
    ) throws -> Inspection<Content> {
        defer { removeTraces(of: path) }
        do {
            try checkHeader(path)
            var configuration = Configuration()
            configuration.readonly = true
            configuration.foreignKeysEnabled = false
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            let inspection = try queue.read { database -> Inspection<Content> in
                guard try !isNewer(kind, database) else { return .newer }
                try check(kind, database)
                return .sound(try body(database))
            }
            try? queue.close()
            return inspection
        } catch let damage as Damage {
            return .damaged(damage.what)
        } catch let error as DatabaseError {
            switch error.extendedResultCode {
            case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_ERROR, .SQLITE_IOERR_READ,
                .SQLITE_IOERR_SHORT_READ, .SQLITE_IOERR_CORRUPTFS, .SQLITE_IOERR_DATA,
                .SQLITE_FORMAT, .SQLITE_TOOBIG, .SQLITE_MISMATCH:
                return .damaged(error.message ?? "\(error.resultCode)")
            default:
                throw StoreError(error, path: path)
            }
        } catch let error as RowDecodingError {
            return .damaged("\(error)")
        }
    }

    /// Removes what a reader leaves: the index of a log, and a log that holds nothing.
    private static func removeTraces(of path: String) {
        try? Disk.remove(path + "-shm")
        if (try? Disk.status(path + "-wal"))??.byteCount == 0 { try? Disk.remove(path + "-wal") }
    }

    /// A database whose header asks for a later SQLite than there is can be read, not written.
    private static func checkHeader(_ path: String) throws {
        let version = try Disk.read(path, at: 18, upTo: 1)
        guard version.allSatisfy({ $0 <= 2 }) else {
            throw Damage("its header is not as it was written")
        }
    }

    /// Whether the database has had steps that this program does not know.
    private static func isNewer(_ kind: DatabaseKind, _ database: Database) throws -> Bool {
        let application = try Int64.fetchOne(database, sql: "PRAGMA application_id")
        guard application == kind.applicationID else {
            throw Damage("it was not made by this program")
        }
        let migrator = kind.migrator
        let version = try version(database)
        let isSuperseded = try migrator.hasBeenSuperseded(database)
        let hasLaterVersion = version > migrator.migrations.count
        guard isSuperseded == hasLaterVersion else {
            throw Damage("it contradicts itself about its version")
        }
        return isSuperseded
    }

    private static func version(_ database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    }

    private static func check(_ kind: DatabaseKind, _ database: Database) throws {
        // Unlike quick_check, it holds indices against their tables: a wrong one would fail later,
        // and after each start again.
        let finding = try String.fetchOne(database, sql: "PRAGMA integrity_check(1)")
        guard finding == "ok" else { throw Damage(finding ?? "its check says nothing") }
        // The steps of its schema that are left are taken when it is opened.
        let version = try version(database)
        for table in kind.tables where table.step <= version {
            try forEachRow(of: table, in: database) { _ in }
        }
    }
}
