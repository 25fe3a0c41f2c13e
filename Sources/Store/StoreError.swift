import GRDB
import Glibc
package import Primitives

/// Why a store cannot be opened, or cannot keep something, and what its owner can do about it.
package enum StoreError: Error, Hashable, Sendable {
    /// Another process uses the folder.
    case locked(folder: String)
    /// The vault is not what it was: pages, rows or whole commits are damaged or gone.
    case vaultDamaged(path: String, what: String)
    /// There is no vault, although there was one.
    case vaultMissing(folder: String)
    /// The vault was last used on another machine, or is a copy.
    case copied(folder: String, what: String)
    /// A newer program has written the database.
    case newerVersion(path: String)
    /// The disk is full, and giving up the ballast was not enough.
    case diskFull(folder: String)
    /// A slot holds another value already, which stays.
    case slotFilled(key: Bytes)
    /// A result is longer than any result may be.
    case resultTooLong(byteCount: Int)
    /// SQLite refused an operation; its result code and words.
    case database(path: String, code: Int32, reason: String)
    /// The system refused an operation; its error number.
    case system(path: String, operation: String, code: Int32)
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .locked(let folder):
            "another starling runs in the folder \(folder); stop it, or give this one a folder "
                + "of its own"
        case .vaultDamaged(let path, let what):
            "the vault \(path) is damaged: \(what). \(Self.danger); \(Self.wayOn)"
        case .vaultMissing(let folder):
            "the folder \(folder) has no vault.sqlite any more. \(Self.danger); \(Self.wayOn)"
        case .copied(let folder, let what):
            "the folder \(folder) was copied or moved: \(what). If the peer still runs elsewhere, "
                + "or has run since the copy was made, both would sign with one key and "
                + "contradict each other: then start with a new folder, which makes a new key. "
                + "If this is the only one and the newest, start once with --accept-move"
        case .newerVersion(let path):
            "a newer version of Starling has written \(path); install that version or a later "
                + "one. Nothing was changed"
        case .diskFull(let folder):
            "the disk of \(folder) is full; free some space, 200 MB or more, then try again. "
                + "What was kept before is safe"
        case .slotFilled(let key):
            "the slot \(hexadecimal(key)) holds another statement already, and keeps it; this is "
                + "a bug in Starling, please report it"
        case .resultTooLong(let byteCount):
            "a result of \(byteCount) bytes is longer than any result may be"
        case .database(let path, let code, let reason):
            "\(path) cannot be read or written: \(reason) (SQLite \(code)); check the disk and "
                + "what else uses it, then start again"
        case .system(let path, let operation, let code):
            "cannot \(operation) \(path): \(String(cString: strerror(code))); check that the disk "
                + "is sound and that this user may write there"
        }
    }

    private static let danger =
        "What this peer has signed may be forgotten, and signing on with its key could contradict "
        + "it, so the peer does not start"
    private static let wayOn =
        "restore the whole folder from a copy that was made after the peer last ran, or start "
        + "with a new folder, which makes a new key"

    /// Whether space is what was missing: freeing some may help.
    func isFull(freeByteCount: () -> UInt64) -> Bool {
        switch self {
        case .diskFull: true
        case .system(_, _, let code): code == ENOSPC || code == EDQUOT
        case .database(_, let code, _):
            switch ResultCode(rawValue: code) {
            case .SQLITE_FULL: true
            // A file that cannot be made or grown has many names.
            case .SQLITE_IOERR, .SQLITE_CANTOPEN: freeByteCount() < Self.fullByteCount
            default: false
            }
        default: false
        }
    }

    /// Whether a write failed for a reason that SQLite does not tell, such as a user's quota.
    var isFailedWrite: Bool {
        guard case .database(_, let code, _) = self else { return false }
        return ResultCode(rawValue: code) == .SQLITE_IOERR_WRITE
    }

    /// A disk with less room than this is full: the index of a log takes 32 KiB.
    private static let fullByteCount: UInt64 = 64 << 10
}
