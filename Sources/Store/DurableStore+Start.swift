import GRDB
import Primitives

extension DurableStore {
    /// Looks at both databases, and opens them when both may be used.
    ///
    /// Nothing is changed before it is known that the vault may sign here. May be repeated.
    static func open(_ folder: String, _ settings: StoreSettings, _ notices: Notices) throws
        -> (vault: VaultDatabase, grid: DatabaseFile)
    {
        let earlier = try VaultDatabase.inspect(folder, settings: settings)
        try inspectGrid(folder, isFirstStart: earlier == nil, notices)
        try Disk.remove(VaultMarker.path(folder) + Disk.temporarySuffix)
        try DatabaseFile.removeTemporary(VaultDatabase.path(folder))
        try DatabaseFile.removeTemporary(gridPath(folder))
        let meta = try earlier ?? VaultDatabase.make(folder, settings: settings)
        let vault = try VaultDatabase(folder, meta, settings: settings)
        if try Disk.status(gridPath(folder)) == nil {
            try DatabaseFile.make(.grid, path: gridPath(folder))
        }
        let grid = try DatabaseFile(
            .grid,
            path: gridPath(folder),
            pageCountMax: settings.pageCountMax
        )
        return (vault, grid)
    }

    private static func gridPath(_ folder: String) -> String {
        "\(folder)/\(DatabaseKind.grid.fileName)"
    }

    /// Sets a damaged grid aside: what it held comes back from other peers.
    private static func inspectGrid(
        _ folder: String,
        isFirstStart: Bool,
        _ notices: Notices
    ) throws {
        let path = gridPath(folder)
        guard try Disk.status(path) != nil else {
            if try exists(path) {
                // A log without its database would be taken for that of the next one.
                try setAside(path, notices, "only its log is there")
            } else if !isFirstStart {
                notices.add("\(path) is gone, and is begun anew. \(consequence)")
            }
            return
        }
        switch try DatabaseFile.inspect(.grid, path: path, body: { _ in }) {
        case .sound: break
        case .newer: throw StoreError.newerVersion(path: path)
        case .damaged(let what): try setAside(path, notices, what)
        }
    }

    private static let consequence =
        "The ledger comes back from other peers; nothing that this peer has signed is lost"

    /// What SQLite may have put at and beside a database's path.
    private static let suffixes = ["", "-wal", "-shm", "-journal"]

    private static func exists(_ path: String) throws -> Bool {
        try suffixes.contains { try Disk.status(path + $0) != nil }
    }

    private static func setAside(_ path: String, _ notices: Notices, _ what: String) throws {
        var number = 1
        while try exists("\(path).broken-\(number)") { number += 1 }
        let target = "\(path).broken-\(number)"
        for suffix in suffixes {
            try Disk.move(path + suffix, to: target + suffix)
        }
        try Disk.synchronizeFolder(of: path)
        notices.add(
            "\(path) is damaged: \(what). It is now \(target), to be deleted when you like, and "
                + "is begun anew. \(consequence)"
        )
    }
}
