import Synchronization

/// Room on the disk: a ballast that is given up when it is full, so that what was begun can end.
///
/// ```
///            a write finds no space: the ballast goes, the write is repeated
///   ready ───────────────────────────────────────────────────────────────────▶ draining
///         ◀───────────────────────────────────────────────────────────────────
///            there is space for twice the ballast: it is put back
/// ```
final class DiskRoom: Sendable {
    private let folder: String
    private let ballastByteCount: UInt64
    private let notices: Notices
    private let draining = Mutex(false)

    /// Space without which a store that has no ballast does not end draining: two long results.
    private static let smallestRoom: UInt64 = 32 << 20

    /// The room of a store in `folder`; the ballast is there if an earlier start has made it.
    init(_ folder: String, ballastByteCount: UInt64, notices: Notices) {
        self.folder = folder
        self.ballastByteCount = ballastByteCount
        self.notices = notices
    }

    /// Whether the disk was full, and has not had room since.
    var isDraining: Bool { draining.withLock { $0 } }

    /// Performs `body`; when the disk is full, frees the ballast and performs it once more.
    ///
    /// `body` must do no harm when it is repeated.
    func write<Answer>(_ body: () throws -> Answer) throws -> Answer {
        do {
            return try body()
        } catch let error as StoreError where isFull(error) || error.isFailedWrite {
            giveUpBallast()
        }
        do {
            return try body()
        } catch let error as StoreError where isFull(error) {
            throw StoreError.diskFull(folder: folder)
        }
    }

    /// Makes the ballast at a start; without room for it, a store drains from the beginning.
    func prepare() {
        draining.withLock { isDraining in
            if !isDraining { isDraining = !makeBallast(room: 2 * ballastByteCount) }
        }
        recover()
        if isDraining { tell() }
    }

    /// Puts the ballast back and ends draining, if there is room.
    func recover() {
        draining.withLock { isDraining in
            guard isDraining else { return }
            let room = ballastByteCount > 0 ? 2 * ballastByteCount : Self.smallestRoom
            if makeBallast(room: room) { isDraining = false }
        }
    }

    private var path: String { "\(folder)/ballast" }

    private func isFull(_ error: StoreError) -> Bool {
        error.isFull { (try? Disk.freeByteCount(folder)) ?? .max }
    }

    private func giveUpBallast() {
        draining.withLock { isDraining in
            isDraining = true
            try? Disk.remove(path)
            // The space is free once the removal is durable.
            try? Disk.synchronize(folder)
        }
        tell()
    }

    private func tell() {
        notices.add(
            "the disk of \(folder) is nearly full: there is no room for the ballast of "
                + "\(ballastByteCount) bytes; free some space to take new work"
        )
    }

    /// Whether the ballast is there at the end, made now if `room` bytes are free.
    private func makeBallast(room: UInt64) -> Bool {
        do {
            // A ballast that was copied may have holes, and then holds nothing back.
            if let status = try Disk.status(path), status.byteCount == ballastByteCount,
                status.allocatedByteCount >= ballastByteCount
            {
                return true
            }
            try Disk.remove(path)
            guard try Disk.freeByteCount(folder) >= room else { return false }
            if ballastByteCount > 0 { try Disk.reserve(ballastByteCount, at: path) }
            return true
        } catch {
            try? Disk.remove(path)
            return false
        }
    }
}
