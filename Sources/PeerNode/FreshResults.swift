package import Primitives
package import Store
import Synchronization

/// Keeps results, and drops them unless they are fresh: stored while the core has not heard of it.
///
/// A result may belong to several jobs. When the core drops it for one that is over, an order may
/// just have computed it for another; such a drop must not take it.
package final class FreshResults: Sendable {
    private let storage: any Storage
    /// How often each of them was kept and the core has not heard of it.
    private let counts = Mutex<[Digest: Int]>([:])

    /// Keeps results in `storage`.
    package init(storage: any Storage) { self.storage = storage }

    /// Keeps a result, which is fresh until `heard`.
    package func keep(_ result: Bytes, hash: Digest) throws {
        counts.withLock { $0[hash, default: 0] += 1 }
        do {
            try storage.keep(result: result, hash: hash)
        } catch {
            heard([hash])
            throw error
        }
    }

    /// The core has heard of results, one for each time that they were kept, or never will.
    package func heard(_ hashes: [Digest]) {
        counts.withLock { counts in
            for hash in hashes {
                let count = counts[hash] ?? 0
                counts[hash] = count > 1 ? count - 1 : nil
            }
        }
    }

    /// Drops a result that is not fresh.
    package func drop(_ hash: Digest) throws {
        // Within the lock: a result that is kept from now on is kept after this.
        try counts.withLock { counts in
            if counts[hash] == nil { try storage.forget(result: hash) }
        }
    }
}
