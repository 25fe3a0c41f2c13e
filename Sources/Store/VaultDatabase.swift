import GRDB
import Primitives

/// The vault, open: what this peer has signed, and what nobody else may hold.
final class VaultDatabase: Sendable {
    /// What it says of itself since this start.
    let meta: VaultMeta
    private let file: DatabaseFile
    private let marker: VaultMarker

    /// The path of the vault in `folder`.
    static func path(_ folder: String) -> String { "\(folder)/\(DatabaseKind.vault.fileName)" }

    /// Looks at the vault of `folder` and refuses one that must not sign; nil when there was none.
    static func inspect(_ folder: String, settings: StoreSettings) throws -> VaultMeta? {
        let path = path(folder)
        let hasMarker = try Disk.status(VaultMarker.path(folder)) != nil
        guard let status = try Disk.status(path) else {
            // A log without its vault would be taken for that of the next one.
            let hasLog = try Disk.status(path + "-wal") != nil
            guard !hasMarker, !hasLog else { throw StoreError.vaultMissing(folder: folder) }
            return nil
        }
        let inspection = try DatabaseFile.inspect(.vault, path: path) { database in
            try ResultTable.check(in: database)
            try DatasetTable.check(in: database)
            return try VaultMeta(in: database)
        }
        switch inspection {
        case .newer:
            throw StoreError.newerVersion(path: path)
        case .damaged(let what):
            throw StoreError.vaultDamaged(path: path, what: what)
        case .sound(let meta):
            try compare(meta, with: VaultMarker.content(in: folder), path: path)
            if !settings.acceptsMove {
                try checkPlace(meta, host: settings.host, inode: status.inode, folder: folder)
            }
            return meta
        }
    }

    /// Makes a vault in `folder`, which has none.
    static func make(_ folder: String, settings: StoreSettings) throws -> VaultMeta {
        let path = path(folder)
        var meta: VaultMeta?
        try DatabaseFile.make(.vault, path: path) { database in
            let inode = try Disk.status(path + Disk.temporarySuffix)?.inode ?? 0
            let first = VaultMeta.first(host: settings.host, inode: inode)
            try first.write(to: database)
            meta = first
        }
        guard let meta else { preconditionFailure("a database that was made was filled") }
        return meta
    }

    /// Opens the vault of `folder`, of which an inspection or `make` has told `earlier`, and binds
    /// it to this place.
    init(_ folder: String, _ earlier: VaultMeta, settings: StoreSettings) throws {
        let path = Self.path(folder)
        file = try DatabaseFile(.vault, path: path, pageCountMax: settings.pageCountMax)
        let inode = try Disk.status(path)?.inode ?? 0
        meta = earlier.atStart(host: settings.host, inode: inode)
        marker = try VaultMarker(folder, of: earlier)
        let meta = meta
        try write { try meta.write(to: $0) }
    }

    /// Performs `body` in one transaction, durable when this returns.
    func write<Answer>(_ body: (Database) throws -> Answer) throws -> Answer {
        let (answer, commits) = try file.write { database in
            (try body(database), try VaultMeta.countCommit(in: database))
        }
        marker.record(commits)
        return answer
    }

    /// Performs `body`, which only reads.
    func read<Answer>(_ body: (Database) throws -> Answer) throws -> Answer {
        try file.read(body)
    }

    /// Puts everything into the file itself and closes it.
    func close() { file.close() }

    private static func compare(
        _ meta: VaultMeta,
        with marker: VaultMarker.Content?,
        path: String
    ) throws {
        guard let marker else { return }
        guard marker.instance == meta.instance else {
            throw StoreError.vaultDamaged(path: path, what: "it is not the one that vault.id names")
        }
        guard marker.commits <= meta.commits else {
            throw StoreError.vaultDamaged(
                path: path,
                what: "its last \(marker.commits - meta.commits) changes are gone"
            )
        }
    }

    private static func checkPlace(
        _ meta: VaultMeta,
        host: Digest,
        inode: UInt64,
        folder: String
    ) throws {
        guard meta.host == host else {
            throw StoreError.copied(folder: folder, what: "another machine used it last")
        }
        guard meta.inode == inode else {
            throw StoreError.copied(folder: folder, what: "its vault is a copy of another file")
        }
    }
}
