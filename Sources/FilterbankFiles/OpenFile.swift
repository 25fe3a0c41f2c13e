import Glibc
import Kernels
import Primitives

/// A regular file that is open for reading; several threads may read at the same time.
///
/// It is read with `pread` and never mapped: a file that is cut off meanwhile is an error then,
/// and not the end of the process.
final class OpenFile: Sendable {
    let descriptor: CInt
    /// Its size when it was opened.
    let byteCount: Int

    /// Takes over `descriptor`, and closes it at the end.
    init(descriptor: CInt) throws(InputError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = errno
            close(descriptor)
            throw Self.unreadable(error)
        }
        self.descriptor = descriptor
        byteCount = Int(status.st_size)
    }

    deinit { close(descriptor) }

    /// Bytes from `offset` on, at most `count`; fewer where the file ends.
    func read(at offset: Int, upTo count: Int) throws(InputError) -> Bytes {
        let count = max(0, min(count, byteCount - offset))
        return try bytes(at: offset, count: count)
    }

    /// The `count` bytes at `offset`; all must be there.
    func bytes(at offset: Int, count: Int) throws(InputError) -> Bytes {
        var failure: InputError?
        let bytes = Bytes(unsafeUninitializedCapacity: count) { buffer, done in
            do throws(InputError) {
                try read(at: offset, into: UnsafeMutableRawBufferPointer(buffer))
                done = count
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    /// Fills `buffer` with the bytes at `offset`; all must be there.
    func read(at offset: Int, into buffer: UnsafeMutableRawBufferPointer) throws(InputError) {
        guard var target = buffer.baseAddress else { return }
        var offset = offset
        var left = buffer.count
        while left > 0 {
            let got = pread(descriptor, target, left, off_t(offset))
            if got < 0, errno == EINTR { continue }
            if got < 0 { throw Self.unreadable(errno) }
            if got == 0 { throw Self.cutOff }
            target += got
            offset += got
            left -= got
        }
    }

    private static let cutOff = InputError.unreadable(
        "the file became shorter while it was read; search it again when it is whole"
    )

    private static func unreadable(_ error: CInt) -> InputError {
        .unreadable("the file could not be read on: \(String(cString: strerror(error)))")
    }
}
