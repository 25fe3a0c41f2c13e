import Glibc
import Identity
import Primitives
import Wire

/// Why an export cannot be read or written at all.
package enum ExportError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file cannot be opened.
    case cannotOpen(path: String, reason: String)
    /// A folder, a pipe or a device stands there.
    case notAFile(path: String)
    /// The file cannot be read to its end.
    case cannotRead(path: String, reason: String)
    /// Somebody changed the file meanwhile.
    case changed(path: String)
    /// The file cannot be made, or not be made durable.
    case cannotWrite(path: String, reason: String)

    package var description: String {
        switch self {
        case .cannotOpen(let path, let reason):
            "cannot open \(path): \(reason)"
        case .notAFile(let path):
            "cannot read \(path): it is not a regular file"
        case .cannotRead(let path, let reason):
            "cannot read \(path): \(reason)"
        case .changed(let path):
            "\(path) changed while it was read; audit a copy that nobody writes to"
        case .cannotWrite(let path, let reason):
            "cannot write \(path): \(reason)"
        }
    }
}

/// The words for the present value of `errno`.
private var systemReason: String { String(cString: strerror(errno)) }

/// An export on a disk, of which parts are read from any thread.
final class ExportFile: Sendable {
    /// Where it is.
    let path: String
    /// Its length when it was opened.
    let byteCount: UInt64
    private let descriptor: CInt

    /// Opens the regular file at `path`.
    init(_ path: String) throws(ExportError) {
        // Not blocking: a pipe in the file's place must not hang the audit.
        let descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotOpen(path: path, reason: systemReason) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .notAFile(path: path)
        }
        self.path = path
        self.descriptor = descriptor
        byteCount = UInt64(status.st_size)
    }

    deinit { close(descriptor) }

    /// Exactly `count` bytes from `offset` on.
    func read(_ count: Int, at offset: UInt64) throws(ExportError) -> Bytes {
        var failure: String?
        let bytes = Bytes(unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count, let start = buffer.baseAddress {
                let place = off_t(offset) + off_t(filled)
                let got = pread(descriptor, start + filled, count - filled, place)
                if got < 0 && errno == EINTR { continue }
                if got < 0 { failure = systemReason }
                if got <= 0 { break }
                filled += got
            }
        }
        if let failure { throw .cannotRead(path: path, reason: failure) }
        guard bytes.count == count else { throw .changed(path: path) }
        return bytes
    }
}

/// Writes an export beside its path, and puts it there when it is whole and durable.
final class ExportWriter {
    private let path: String
    private let temporary: String
    private let descriptor: CInt
    private var buffer: Bytes = []
    private var hash = SHA256()
    private var isFinished = false

    /// Bytes that are gathered before they are written.
    private static let bufferByteCount = 1 << 20

    /// A writer of an export at `path`; until `finish`, what is there stays as it is.
    init(_ path: String) throws(ExportError) {
        self.path = path
        temporary = "\(path).\(hexadecimal(randomBytes(count: 4))).part"
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .cannotWrite(path: path, reason: systemReason) }
    }

    deinit {
        guard descriptor >= 0 else { return }
        close(descriptor)
        if !isFinished { unlink(temporary) }
    }

    /// Appends an element other than the end.
    func append(_ element: ExportElement) throws(ExportError) {
        buffer += element.bytes
        if buffer.count >= Self.bufferByteCount { try flush() }
    }

    /// Ends the export, makes it durable, and gives it its name.
    func finish() throws(ExportError) {
        let placeholder = ExportElement.end(.zero).bytes
        buffer += placeholder.dropLast(ExportElement.hashByteCount)
        try flush()
        buffer = Array(ExportElement.end(hash.finish()).bytes.suffix(ExportElement.hashByteCount))
        try write()
        guard fsync(descriptor) == 0, rename(temporary, path) == 0 else {
            throw .cannotWrite(path: path, reason: systemReason)
        }
        isFinished = true
        try synchronizeFolder()
    }

    private func flush() throws(ExportError) {
        hash.update(buffer)
        try write()
    }

    private func write() throws(ExportError) {
        var offset = 0
        while offset < buffer.count {
            let count = buffer.withUnsafeBytes { bytes in
                Glibc.write(
                    descriptor,
                    bytes.baseAddress?.advanced(by: offset),
                    bytes.count - offset
                )
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw .cannotWrite(path: path, reason: systemReason) }
            offset += count
        }
        buffer.removeAll(keepingCapacity: true)
    }

    private func synchronizeFolder() throws(ExportError) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotWrite(path: path, reason: systemReason) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw .cannotWrite(path: path, reason: systemReason) }
    }
}
