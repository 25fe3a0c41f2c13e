import Dispatch
import Identity
import PeerCore
import Primitives
package import Store

extension Node {
    /// The store of a peer in its own folder; throws a `StoreError`, which says what to do.
    package static func store(
        in folder: String,
        settings: StoreSettings = StoreSettings()
    ) throws -> DurableStore {
        try DurableStore(folder: folder, settings: settings, hash: sha256)
    }

    /// How often a full disk is looked at again.
    static let recoverySpan = TimeSpan.seconds(30)

    /// Takes no more work once the disk is full, and takes it again when there is room.
    func mindDisk() {
        guard storage.isDraining != isDiskFull else { return }
        isDiskFull = storage.isDraining
        applyWishes()
    }

    /// Looks now and then whether a full disk has room again.
    func watchDisk() {
        guard diskWatch == nil else { return }
        diskWatch = Task { [weak self] in
            while !Task.isCancelled {
                try? await Task.sleep(nanoseconds: Self.recoverySpan.nanoseconds)
                await self?.recoverDisk()
            }
        }
    }

    private func recoverDisk() {
        guard isDiskFull else { return }
        journal.async { [storage] in
            storage.recover()
            Task { await self.mindDisk() }
        }
    }
}
