import Glibc
import Primitives

/// Files and folders: whole or not there, and durable where that is asked for.
enum Disk {
    /// What is known of a file without reading it.
    struct Status {
        let byteCount: UInt64
        /// Bytes that it takes up on the disk.
        let allocatedByteCount: UInt64
        let inode: UInt64
    }

    /// The end of a file's name until it is whole.
    static let temporarySuffix = ".new"

    /// Makes a folder for this user alone, unless it is there.
    static func makeFolder(_ path: String) throws {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw error(path, "make") }
    }

    /// Puts `bytes` at `path`: under another name first, so that nobody sees half a file.
    static func write(_ bytes: Bytes, to path: String, isDurable: Bool) throws {
        let temporary = path + temporarySuffix
        do {
            try writeNew(bytes, temporary, isDurable: isDurable)
            guard rename(temporary, path) == 0 else { throw error(path, "make") }
        } catch {
            _ = unlink(temporary)
            throw error
        }
        if isDurable { try synchronizeFolder(of: path) }
    }

    /// `count` bytes of the file from `offset` on; fewer where it ends before.
    static func read(_ path: String, at offset: UInt64 = 0, upTo count: Int) throws -> Bytes {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw error(path, "open") }
        defer { _ = close(descriptor) }
        var bytes = Bytes(repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let step = bytes.withUnsafeMutableBytes { buffer in
                pread(
                    descriptor,
                    buffer.baseAddress?.advanced(by: filled),
                    count - filled,
                    off_t(offset) + off_t(filled)
                )
            }
            if step < 0 && errno == EINTR { continue }
            guard step >= 0 else { throw error(path, "read") }
            guard step > 0 else { break }
            filled += step
        }
        return Bytes(bytes.prefix(filled))
    }

    /// What is known of `path`; nil when nothing is there.
    static func status(_ path: String) throws -> Status? {
        var status = stat()
        guard stat(path, &status) == 0 else {
            if errno == ENOENT { return nil }
            throw error(path, "examine")
        }
        return Status(
            byteCount: UInt64(status.st_size),
            allocatedByteCount: UInt64(status.st_blocks) * 512,
            inode: UInt64(status.st_ino)
        )
    }

    /// Names in a folder, in no order; none when there is no folder.
    static func names(in folder: String) throws -> [String] {
        guard let stream = opendir(folder) else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw error(folder, "list")
        }
        defer { _ = closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: nameByteCountMax) {
                    String(cString: $0)
                }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }

    /// Bytes of a name in a folder, with the zero that ends it.
    private static let nameByteCountMax = 256

    /// Removes a file, if it is there.
    static func remove(_ path: String) throws {
        guard unlink(path) == 0 || errno == ENOENT else { throw error(path, "remove") }
    }

    /// Removes a folder if it is empty.
    static func removeEmptyFolder(_ path: String) { _ = rmdir(path) }

    /// Gives a file another name, if it is there.
    static func move(_ path: String, to target: String) throws {
        guard rename(path, target) == 0 || errno == ENOENT else { throw error(path, "rename") }
    }

    /// Lets nobody but this user read a file, nor the logs that SQLite makes beside it.
    static func hideFromOthers(_ path: String) throws {
        guard chmod(path, 0o600) == 0 else { throw error(path, "protect") }
    }

    /// Makes what a file holds durable, or, of a folder, its names.
    static func synchronize(_ path: String) throws {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw error(path, "open") }
        defer { _ = close(descriptor) }
        guard fsync(descriptor) == 0 else { throw error(path, "synchronize") }
    }

    /// Makes the names in the folder of `path` durable.
    static func synchronizeFolder(of path: String) throws {
        try synchronize(path.lastIndex(of: "/").map { String(path[...$0]) } ?? ".")
    }

    /// Makes a file that takes up `byteCount` bytes of the disk.
    static func reserve(_ byteCount: UInt64, at path: String) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw error(path, "make") }
        defer { _ = close(descriptor) }
        let code = posix_fallocate(descriptor, 0, off_t(byteCount))
        guard code == 0 else {
            throw StoreError.system(path: path, operation: "reserve space in", code: code)
        }
    }

    /// Bytes that this user may still write on the disk of `folder`.
    static func freeByteCount(_ folder: String) throws -> UInt64 {
        var status = statvfs()
        guard statvfs(folder, &status) == 0 else { throw error(folder, "examine") }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }

    /// What the system says now, as an error.
    static func error(_ path: String, _ operation: String) -> StoreError {
        .system(path: path, operation: operation, code: errno)
    }

    private static func writeNew(_ bytes: Bytes, _ path: String, isDurable: Bool) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw error(path, "make") }
        defer { _ = close(descriptor) }
        var written = 0
        while written < bytes.count {
            let step = bytes.withUnsafeBytes { buffer in
                Glibc.write(
                    descriptor,
                    buffer.baseAddress?.advanced(by: written),
                    bytes.count - written
                )
            }
            if step < 0 && errno == EINTR { continue }
            guard step > 0 else { throw error(path, "write") }
            written += step
        }
        guard !isDurable || fsync(descriptor) == 0 else { throw error(path, "synchronize") }
    }
}
