import GRDB
package import Wire

/// The two databases of a store: one whose loss is the loss of the key, and one that can be made
/// again from what other peers hold.
enum DatabaseKind: CaseIterable, Sendable {
    case vault
    case grid

    /// The file's name in the folder.
    var fileName: String {
        switch self {
        case .vault: "vault.sqlite"
        case .grid: "grid.sqlite"
        }
    }

    /// What SQLite keeps in the file's header: `StrV`, `StrG`.
    var applicationID: Int64 {
        switch self {
        case .vault: 0x5374_7256
        case .grid: 0x5374_7247
        }
    }

    /// When a commit is durable: at once, or some time later but never in part.
    var synchronous: String {
        switch self {
        case .vault: "FULL"
        case .grid: "NORMAL"
        }
    }

    /// The journal's tables that it holds.
    var tables: [JournalTable] { JournalTable.allCases.filter { $0.database == self } }

    /// Its schema, as the steps that lead to it.
    ///
    /// A step that was released is never changed; another one follows it, and sets
    /// `user_version` to the number of steps.
    var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        switch self {
        case .vault:
            migrator.registerMigration("1") { try $0.execute(sql: Self.vaultSchema) }
            migrator.registerMigration("2") { try $0.execute(sql: Self.vaultReleases) }
            migrator.registerMigration("3") { try $0.execute(sql: Self.vaultRingers) }
        case .grid: migrator.registerMigration("1") { try $0.execute(sql: Self.gridSchema) }
        }
        return migrator
    }

    /// Short rows stand in their key's tree alone; long ones would make that tree slow.
    private static let vaultSchema = """
        PRAGMA application_id = 0x53747256;
        PRAGMA user_version = 1;
        CREATE TABLE slots (\(row)) WITHOUT ROWID;
        CREATE TABLE sealed (\(row)) WITHOUT ROWID;
        CREATE TABLE statements (\(row));
        CREATE TABLE rounds (\(row));
        CREATE TABLE bundles (\(row));
        CREATE TABLE openings (\(row));
        CREATE TABLE results (
            hash BLOB NOT NULL PRIMARY KEY, sum INTEGER NOT NULL, bytes BLOB NOT NULL);
        CREATE TABLE datasets (
            root BLOB NOT NULL PRIMARY KEY, byteCount INTEGER NOT NULL, leaves BLOB NOT NULL);
        CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
        CREATE TRIGGER slotsAreFilledOnce BEFORE UPDATE ON slots
        BEGIN SELECT RAISE(ABORT, 'a slot is filled once'); END;
        """

    private static let vaultReleases = """
        PRAGMA user_version = 2;
        CREATE TABLE released (\(row)) WITHOUT ROWID;
        """

    private static let vaultRingers = """
        PRAGMA user_version = 3;
        CREATE TABLE ringers (\(row)) WITHOUT ROWID;
        """

    private static let gridSchema = """
        PRAGMA application_id = 0x53747247;
        PRAGMA user_version = 1;
        CREATE TABLE items (\(row));
        CREATE TABLE records (\(row));
        CREATE TABLE chunks (
            root BLOB NOT NULL, number INTEGER NOT NULL, byteCount INTEGER NOT NULL,
            lastUsed INTEGER NOT NULL, PRIMARY KEY (root, number)) WITHOUT ROWID;
        CREATE INDEX chunksByUse ON chunks (lastUsed);
        """

    private static let row =
        "key BLOB NOT NULL PRIMARY KEY, value BLOB NOT NULL, sum INTEGER NOT NULL"
}

extension JournalTable {
    /// Whether its rows are in the vault, durable as soon as they are committed.
    package var isOfVault: Bool { database == .vault }

    /// The database that holds the table.
    var database: DatabaseKind {
        switch self {
        case .slots, .statements, .rounds, .bundles, .sealed, .openings, .released,
            .ringers:
            .vault
        case .items, .records: .grid
        }
    }

    /// The step of the database's schema that makes it.
    var step: Int {
        switch self {
        case .slots, .statements, .items, .rounds, .bundles, .sealed, .records, .openings: 1
        case .released: 2
        case .ringers: 3
        }
    }

    /// The table's name there.
    var name: String {
        switch self {
        case .slots: "slots"
        case .statements: "statements"
        case .items: "items"
        case .rounds: "rounds"
        case .bundles: "bundles"
        case .sealed: "sealed"
        case .records: "records"
        case .openings: "openings"
        case .released: "released"
        case .ringers: "ringers"
        }
    }
}
