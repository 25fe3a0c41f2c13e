import FilterbankFiles
import Glibc
import Primitives

/// What the program's exit status means; wrong usage is 64, by sysexits.h.
enum ExitStatus {
    /// It could not do what it was told.
    static let failure: Int32 = 1
    /// No peer runs in the folder.
    static let noPeer: Int32 = 3
}

/// A failure that ends a command with a sentence for the user.
struct CommandFailure: Error, CustomStringConvertible {
    let description: String
    /// The program's exit status.
    let status: Int32

    init(_ description: String, status: Int32 = ExitStatus.failure) {
        self.description = description
        self.status = status
    }

    /// The failure of a system call, by its error number.
    init(_ action: String, error: Int32) {
        self.init("\(action): \(String(cString: strerror(error)))")
    }
}

/// The process's environment.
enum Environment {
    /// The value of the variable `name`, if it is set.
    static func value(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}

/// Reads a file that the user named.
enum InputPath {
    /// The filterbank file at `path`, of which only the header is read.
    static func filterbank(_ path: String) throws -> FilterbankFile {
        let descriptor = try open(path).descriptor
        let name = path.split(separator: "/").last.map(String.init) ?? path
        do {
            return try FilterbankFile(descriptor: descriptor, name: name, hdf5: Hdf5Command.program)
        } catch {
            throw CommandFailure("\(path): \(error)")
        }
    }

    private static func open(_ path: String) throws -> (descriptor: CInt, size: Int) {
        // Not blocking: a pipe in the file's place must not hang the command.
        let descriptor = Glibc.open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw CommandFailure("cannot open \(path)", error: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw CommandFailure("cannot read \(path): it is not a regular file")
        }
        return (descriptor, Int(status.st_size))
    }

    /// All bytes of the regular file at `path`.
    static func read(_ path: String) throws -> Bytes {
        let (descriptor, size) = try open(path)
        defer { close(descriptor) }
        var failure: Int32 = 0
        let bytes = Bytes(unsafeUninitializedCapacity: size) { buffer, count in
            while count < size, let start = buffer.baseAddress {
                let got = Glibc.read(descriptor, start + count, size - count)
                if got < 0 && errno == EINTR { continue }
                if got < 0 { failure = errno }
                if got <= 0 { break }
                count += got
            }
        }
        guard failure == 0 else { throw CommandFailure("cannot read \(path)", error: failure) }
        return bytes
    }
}

/// A folder for results that the user named.
enum OutputFolder {
    /// Makes the folder `path` if it is missing; fails when no file can be made in it.
    static func prepare(_ path: String) throws {
        guard mkdir(path, 0o777) == 0 || errno == EEXIST else {
            throw CommandFailure("cannot make the folder \(path)", error: errno)
        }
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw CommandFailure("cannot use the folder \(path)", error: errno)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw CommandFailure("\(path) is not a folder; name another one")
        }
        guard access(path, W_OK | X_OK) == 0 else {
            throw CommandFailure("cannot write in the folder \(path)", error: errno)
        }
    }
}

/// Writes results so that nobody ever sees half of one.
enum OutputFile {
    /// Fails when no file can be made beside `path`, so that no work is done in vain.
    static func checkFolder(of path: String) throws {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        guard access(folder, W_OK | X_OK) == 0 else {
            throw CommandFailure("cannot write \(path)", error: errno)
        }
    }

    /// Writes `bytes` beside `path` first, and then puts them in its place.
    static func write(_ bytes: Bytes, to path: String) throws {
        let temporary = "\(path).\(getpid()).part"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw CommandFailure("cannot write \(path)", error: errno) }
        var failure = writeAll(bytes, to: descriptor)
        if failure == 0 && fsync(descriptor) != 0 { failure = errno }
        if close(descriptor) != 0 && failure == 0 { failure = errno }
        if failure == 0 && rename(temporary, path) != 0 { failure = errno }
        guard failure == 0 else {
            unlink(temporary)
            throw CommandFailure("cannot write \(path)", error: failure)
        }
    }

    /// Writes `bytes` to standard output.
    static func writeToStandardOutput(_ bytes: Bytes) throws {
        let failure = writeAll(bytes, to: STDOUT_FILENO)
        guard failure == 0 else {
            throw CommandFailure("cannot write to standard output", error: failure)
        }
    }

    /// Writes `text` to standard error, where nobody may listen.
    static func writeToStandardError(_ text: String) {
        _ = writeAll(Bytes(text.utf8), to: STDERR_FILENO)
    }

    /// Returns the error number of the first failure, or zero.
    private static func writeAll(_ bytes: Bytes, to descriptor: Int32) -> Int32 {
        bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset < buffer.count, let start = buffer.baseAddress {
                let count = Glibc.write(descriptor, start + offset, buffer.count - offset)
                if count < 0 && errno == EINTR { continue }
                if count < 0 { return errno }
                offset += count
            }
            return 0
        }
    }
}
