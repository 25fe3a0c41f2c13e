import Glibc

/// The right to use a folder, which one process has at a time.
///
/// The system takes it back when the process ends, however it ends.
final class FolderLock: Sendable {
    private let descriptor: CInt

    /// Takes the lock of `folder`, or throws when another process has it.
    init(_ folder: String) throws {
        let path = "\(folder)/lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Disk.error(path, "open") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let failure =
                errno == EWOULDBLOCK
                ? StoreError.locked(folder: folder) : Disk.error(path, "lock")
            _ = close(descriptor)
            throw failure
        }
        self.descriptor = descriptor
    }

    deinit { _ = close(descriptor) }
}
