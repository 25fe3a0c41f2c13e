import GRDB
import Primitives

/// One of a store's databases, open through the one connection that ever writes or checkpoints it.
///
/// SQLite before 3.51.3 can lose pages when two connections reset a log at once. Here there is one,
/// and it holds the file's lock for as long as it is open, so that no other program can write, and
/// no index of the log is shared through memory.
final class DatabaseFile: Sendable {
    private let kind: DatabaseKind
    private let path: String
    private let queue: DatabaseQueue

    /// Bytes to which a log is cut when a checkpoint has emptied it.
    private static let logByteCount = 16 << 20

    /// Opens the database at `path`, which exists and was inspected, and brings its schema up.
    init(_ kind: DatabaseKind, path: String, pageCountMax: Int?) throws {
        self.kind = kind
        self.path = path
        queue = try Self.translated(path) {
            let queue = try DatabaseQueue(
                path: path,
                configuration: Self.configuration(kind, pageCountMax: pageCountMax)
            )
            try kind.migrator.migrate(queue)
            return queue
        }
    }

    /// Makes a database at `path`: under another name first, so that it is whole or not there.
    static func make(
        _ kind: DatabaseKind,
        path: String,
        fill: (Database) throws -> Void = { _ in }
    ) throws {
        let temporary = path + Disk.temporarySuffix
        try removeTemporary(path)
        try translated(path) {
            let queue = try DatabaseQueue(
                path: temporary,
                configuration: configuration(kind, pageCountMax: nil)
            )
            try kind.migrator.migrate(queue)
            try queue.write { try fill($0) }
            try queue.close()
        }
        try Disk.hideFromOthers(temporary)
        try Disk.synchronize(temporary)
        try Disk.move(temporary, to: path)
        try Disk.synchronizeFolder(of: path)
    }

    /// Removes what a `make` has left that was cut short.
    static func removeTemporary(_ path: String) throws {
        for suffix in ["", "-wal", "-shm", "-journal"] {
            try Disk.remove(path + Disk.temporarySuffix + suffix)
        }
    }

    /// Performs `body` in one transaction: all of it is kept, or nothing.
    func write<Answer>(_ body: (Database) throws -> Answer) throws -> Answer {
        try Self.translated(path) { try queue.write { try body($0) } }
    }

    /// Performs `body`, which only reads, on one state of the database.
    func read<Answer>(_ body: (Database) throws -> Answer) throws -> Answer {
        try Self.translated(path) { try queue.read { try body($0) } }
    }

    /// Puts everything into the file itself and closes it.
    func close() { try? queue.close() }

    private static func configuration(_ kind: DatabaseKind, pageCountMax: Int?) -> Configuration {
        var configuration = Configuration()
        configuration.label = "starling.\(kind.fileName)"
        configuration.foreignKeysEnabled = false
        configuration.prepareDatabase { database in
            // The first of them comes before anything is read: then no index is ever shared.
            try database.execute(
                sql: """
                    PRAGMA locking_mode = EXCLUSIVE;
                    PRAGMA mmap_size = 0;
                    PRAGMA cell_size_check = ON;
                    PRAGMA synchronous = \(kind.synchronous);
                    PRAGMA journal_size_limit = \(logByteCount);
                    """
            )
            let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
            guard mode == "wal" else {
                throw Damage("it cannot be switched to a write-ahead log")
            }
            if let pageCountMax {
                try database.execute(sql: "PRAGMA max_page_count = \(pageCountMax)")
            }
        }
        return configuration
    }

    /// Performs `body`, and tells of SQLite's errors in the words of a store.
    private static func translated<Answer>(_ path: String, _ body: () throws -> Answer) throws
        -> Answer
    {
        do {
            return try body()
        } catch let error as DatabaseError {
            throw StoreError(error, path: path)
        } catch let damage as Damage {
            throw StoreError.database(
                path: path,
                code: ResultCode.SQLITE_CORRUPT.rawValue,
                reason: damage.what
            )
        }
    }
}

/// Something in a database that is not as it was written.
struct Damage: Error {
    /// What, as the end of a sentence.
    let what: String

    init(_ what: String) { self.what = what }
}

extension StoreError {
    /// What SQLite says of the database at `path`.
    init(_ error: DatabaseError, path: String) {
        let said = error.message ?? "\(error.resultCode)"
        self = .database(
            path: path,
            code: error.extendedResultCode.rawValue,
            reason: error.resultCode == .SQLITE_BUSY ? "another program has it open" : said
        )
    }
}
