import Foundation
import Glibc
import Primitives

/// The folder of one peer: its keys, and the control socket of the process that runs it.
struct PeerFolder: Sendable {
    /// Where it is.
    let path: String

    /// The folder that `option` names or, without one, the environment or the user's home does.
    init(_ option: String?) throws {
        path = try option ?? Self.standard()
        guard !path.isEmpty else { throw CommandFailure("--folder is empty; name a folder") }
    }

    /// `$STARLING_FOLDER`, else `$XDG_DATA_HOME/starling`, else `~/.local/share/starling`.
    private static func standard() throws -> String {
        if let folder = Environment.value("STARLING_FOLDER"), !folder.isEmpty { return folder }
        // The standard says that a path which is not absolute is to be ignored.
        if let data = Environment.value("XDG_DATA_HOME"), data.hasPrefix("/") {
            return "\(data)/starling"
        }
        guard let home = Environment.value("HOME"), !home.isEmpty else {
            throw CommandFailure(
                "this user has no home folder; name the peer's folder with --folder or in "
                    + "STARLING_FOLDER"
            )
        }
        return "\(home)/.local/share/starling"
    }

    /// The path from the root, for people; the socket's path is better short.
    var absolutePath: String {
        path.hasPrefix("/") ? path : "\(FileManager.default.currentDirectoryPath)/\(path)"
    }

    /// Whether a file at `path` would lie in this folder, or below it.
    func contains(_ path: String) -> Bool {
        let own = URL(filePath: absolutePath).resolvingSymlinksInPath().pathComponents
        let above = URL(filePath: path).deletingLastPathComponent().resolvingSymlinksInPath()
        return above.pathComponents.starts(with: own)
    }

    /// Where the running peer is driven.
    var socketPath: String { "\(path)/control.sock" }

    /// Makes the folder, and those above it, when it is not there.
    func make() throws {
        let isThere = access(path, F_OK) == 0
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true
            )
        } catch {
            throw CommandFailure(
                "cannot make the folder \(path); choose another with --folder",
                error: errno
            )
        }
        guard isThere || chmod(path, 0o700) == 0 else {
            throw CommandFailure("cannot keep others out of \(path)", error: errno)
        }
    }

    /// Takes the folder for this process; fails when another process has it.
    func claim() throws -> FolderClaim { try FolderClaim(self) }
}

/// One process's hold on a peer's folder; it ends with the process, however that ends.
final class FolderClaim: Sendable {
    private let descriptor: CInt

    fileprivate init(_ folder: PeerFolder) throws {
        let path = "\(folder.path)/process.lock"
        descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw CommandFailure("cannot open \(path)", error: errno) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            defer { close(descriptor) }
            guard errno == EWOULDBLOCK else {
                throw CommandFailure("cannot lock \(path)", error: errno)
            }
            throw CommandFailure(
                "a peer runs in \(folder.path) already\(Self.owner(descriptor)); stop it, or name "
                    + "another folder with --folder"
            )
        }
        let text = Bytes("\(getpid())\n".utf8)
        guard ftruncate(descriptor, 0) == 0,
            pwrite(descriptor, text, text.count, 0) == text.count
        else {
            defer { close(descriptor) }
            throw CommandFailure("cannot write \(path)", error: errno)
        }
    }

    deinit { close(descriptor) }

    /// The process that wrote the lock, for people.
    private static func owner(_ descriptor: CInt) -> String {
        var bytes = Bytes(repeating: 0, count: 16)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        let digits = bytes.prefix(max(count, 0)).prefix { (48...57).contains($0) }
        return digits.isEmpty ? "" : " (process \(String(decoding: digits, as: UTF8.self)))"
    }
}
