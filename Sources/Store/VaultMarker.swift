import Glibc
import Primitives
import Synchronization

/// The file `vault.id`: it says that there is a vault, which one, and how far it had come.
///
/// ```
/// starling-vault 1
/// instance 00112233445566778899aabbccddeeff
/// commits 00000000000000000042
/// ```
/// The count is written after each commit is durable, and not synchronized: it never runs ahead of
/// an honest disk. A vault that is behind it has lost what it said it had kept, for example because
/// its log was deleted, or because the vault alone came from a backup.
final class VaultMarker: Sendable {
    /// What the file says.
    struct Content: Equatable {
        let instance: Bytes
        let commits: Int64

        /// The file's text.
        var text: String {
            "\(VaultMarker.head)\(hexadecimal(instance))\ncommits \(VaultMarker.digits(commits))\n"
        }
    }

    private static let head = "starling-vault 1\ninstance "
    private static let countDigits = 20
    private static let byteCount = Content(
        instance: Bytes(repeating: 0, count: VaultMeta.instanceByteCount),
        commits: 0
    ).text.utf8.count

    private let descriptor: CInt
    private let commits: Mutex<Int64>

    /// The name of the file.
    static func path(_ folder: String) -> String { "\(folder)/vault.id" }

    /// What the marker in `folder` says; nil when there is none, or when it is damaged.
    static func content(in folder: String) throws -> Content? {
        guard try Disk.status(path(folder)) != nil else { return nil }
        let bytes = try Disk.read(path(folder), upTo: byteCount + 1)
        let text = String(decoding: bytes, as: UTF8.self)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 4, let instance = Primitives.bytes(hexadecimal: lines[1].dropFirst(9)),
            let commits = Int64(lines[2].dropFirst(8))
        else { return nil }
        let content = Content(instance: instance, commits: commits)
        return content.text == text ? content : nil
    }

    /// Opens the marker of the vault that `meta` describes, and makes it anew unless it is right.
    init(_ folder: String, of meta: VaultMeta) throws {
        let path = Self.path(folder)
        if try Self.content(in: folder)?.instance != meta.instance {
            let content = Content(instance: meta.instance, commits: meta.commits)
            try Disk.write(Bytes(content.text.utf8), to: path, isDurable: true)
        }
        descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Disk.error(path, "open") }
        commits = Mutex(meta.commits)
    }

    deinit { _ = close(descriptor) }

    /// Notes that `count` commits are durable.
    ///
    /// Without room for it the note is left out: the next one says more.
    func record(_ count: Int64) {
        commits.withLock { commits in
            guard count > commits else { return }
            commits = count
            let bytes = Bytes(Self.digits(count).utf8)
            let offset = off_t(Self.byteCount - Self.countDigits - 1)
            _ = pwrite(descriptor, bytes, bytes.count, offset)
        }
    }

    private static func digits(_ count: Int64) -> String {
        let digits = String(count)
        return String(repeating: "0", count: max(0, countDigits - digits.count)) + digits
    }
}
