import Glibc
import Primitives

/// Files with mode 0600 that appear whole or not at all.
enum PrivateFile {
    /// The content of `path`, which is a regular file with exactly `byteCount` bytes, and ours
    /// alone unless `isForeign`.
    static func read(
        _ path: String,
        byteCount: Int,
        isForeign: Bool = false
    ) throws(KeyFileError) -> Bytes {
        // Not blocking: a pipe in the file's place must not hang the start.
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw openingError(path) }
        defer { _ = close(descriptor) }
        try check(descriptor, path, byteCount, isForeign: isForeign)
        var content = Bytes(repeating: 0, count: byteCount)
        var offset = 0
        while offset < byteCount {
            let count = content.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress?.advanced(by: offset), byteCount - offset)
            }
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw systemError(path, "read") }
            guard count > 0 else {
                throw .wrongLength(path: path, actual: offset, expected: byteCount)
            }
            offset += count
        }
        return content
    }

    /// Makes `path` with `content`, durable before it has its name; when it exists, does nothing
    /// and returns false.
    ///
    /// The name is given by `link`, which fails when another process was first: nothing is ever
    /// overwritten, and no reader sees half a file.
    @discardableResult
    static func createUnlessPresent(_ path: String, content: Bytes) throws(KeyFileError) -> Bool {
        let temporary = try temporaryFile(beside: path, content: content)
        defer { _ = unlink(temporary) }
        let isMade = link(temporary, path) == 0
        guard isMade || errno == EEXIST else { throw systemError(path, "create") }
        try synchronizeFolder(of: path)
        return isMade
    }

    /// The length of what stands at `path`, whatever it is.
    static func byteCount(of path: String) throws(KeyFileError) -> Int {
        var status = stat()
        guard lstat(path, &status) == 0 else { throw openingError(path) }
        return Int(status.st_size)
    }

    /// Gives `path` another content in one step: a reader sees the old or the new one, whole.
    static func replace(_ path: String, content: Bytes) throws(KeyFileError) {
        let temporary = try temporaryFile(beside: path, content: content)
        guard rename(temporary, path) == 0 else {
            let error = systemError(path, "replace")
            _ = unlink(temporary)
            throw error
        }
        try synchronizeFolder(of: path)
    }

    /// Removes `path` for good, if it is there.
    static func remove(_ path: String) throws(KeyFileError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw systemError(path, "remove") }
        try synchronizeFolder(of: path)
    }

    /// A durable file with `content` and a name of its own, which the caller moves or removes.
    private static func temporaryFile(
        beside path: String,
        content: Bytes
    ) throws(KeyFileError) -> String {
        let temporary = "\(path).\(hexadecimal(randomBytes(count: 8))).new"
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC
        let descriptor = open(temporary, flags, 0o600)
        guard descriptor >= 0 else { throw systemError(temporary, "create") }
        do throws(KeyFileError) {
            try writeAndClose(descriptor, content, temporary)
        } catch {
            _ = unlink(temporary)
            throw error
        }
        return temporary
    }

    private static func writeAndClose(
        _ descriptor: CInt,
        _ content: Bytes,
        _ path: String
    ) throws(KeyFileError) {
        defer { _ = close(descriptor) }
        var offset = 0
        while offset < content.count {
            let count = content.withUnsafeBytes { buffer in
                Glibc.write(
                    descriptor,
                    buffer.baseAddress?.advanced(by: offset),
                    content.count - offset
                )
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw systemError(path, "write") }
            offset += count
        }
        guard fchmod(descriptor, 0o600) == 0, fsync(descriptor) == 0 else {
            throw systemError(path, "write")
        }
    }

    private static func check(
        _ descriptor: CInt,
        _ path: String,
        _ byteCount: Int,
        isForeign: Bool
    ) throws(KeyFileError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw systemError(path, "examine") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw .notAFile(path: path) }
        guard isForeign || status.st_uid == geteuid() else {
            throw .otherOwner(path: path, owner: status.st_uid)
        }
        guard isForeign || status.st_mode & 0o077 == 0 else {
            throw .openToOthers(path: path, mode: status.st_mode & 0o777)
        }
        guard status.st_size == byteCount else {
            throw .wrongLength(path: path, actual: Int(status.st_size), expected: byteCount)
        }
    }

    private static func synchronizeFolder(of path: String) throws(KeyFileError) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw systemError(folder, "open") }
        defer { _ = close(descriptor) }
        guard fsync(descriptor) == 0 else { throw systemError(folder, "synchronize") }
    }

    private static func openingError(_ path: String) -> KeyFileError {
        switch errno {
        case ENOENT: .missing(path: path)
        case ELOOP: .symbolicLink(path: path)
        default: systemError(path, "open")
        }
    }

    private static func systemError(_ path: String, _ operation: String) -> KeyFileError {
        .system(path: path, operation: operation, reason: String(cString: strerror(errno)))
    }
}
