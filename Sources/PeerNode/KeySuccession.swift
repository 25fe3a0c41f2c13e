import Identity
package import Primitives
package import Store
import Wire
import WorkUnits

/// Gives a peer another key, because the present one was stolen or may have been.
///
/// The successor's key was made at the peer's first start, and the old key's first record foresaw
/// it. After the replacement the next start publishes a REVOKE, by which credit, jobs and the place
/// among stewards become the successor's. The peer must not be running meanwhile.
package struct KeySuccession: Hashable, Sendable {
    /// The key that ends.
    package let old: PeerID
    /// The key that takes over.
    package let new: PeerID

    static let successorName = "successor.key"
    private static let peerName = "peer.key"
    private static let curveName = "curve.key"
    private static let suffix = ".revoked"

    /// Fails when the folder lacks the peer's key or its successor's; changes nothing.
    package static func check(folder: String) throws {
        _ = try KeyFile.load(at: "\(folder)/\(peerName)", purpose: .peer)
        _ = try KeyFile.load(at: "\(folder)/\(successorName)", purpose: .successor)
    }

    /// Replaces the keys in `folder`: `successor.key` becomes `peer.key`.
    ///
    /// The old one is kept as `peer.key.revoked`. Who has a copy of it may have one of `curve.key`
    /// too: that is discarded, and the next start makes another, and another `successor.key`. Work
    /// that the old key had begun is taken out of `storage`: nobody else may carry it on. Run again
    /// after a crash, it completes what it began, whatever of it was done.
    package static func run(
        folder: String,
        storage: any Storage
    ) throws -> KeySuccession {
        let peer = "\(folder)/\(peerName)"
        let curve = "\(folder)/\(curveName)"
        let successor = "\(folder)/\(successorName)"
        let next = try KeyFile.load(at: successor, purpose: .successor)
        var old = try KeyFile.load(at: peer, purpose: .peer)
        if old.publicKey == next.publicKey {
            // A crash came before the last step: the successor is in its place already.
            old = try KeyFile.load(at: peer + suffix, purpose: .peer)
        }
        let rows = try storage.contents().rows
        try checkForesight(of: PeerID(old.publicKey), next: PeerID(next.publicKey), rows)
        try old.keep(at: peer + suffix)
        let open = rows.filter { $0.table == .rounds || $0.table == .bundles }
        try storage.commit(open.map { JournalRow($0.table, key: $0.key, value: nil) })
        try KeyFile.discard(at: curve)
        try KeyFile.replacePeer(at: peer, by: successor, keeping: peer + suffix)
        return KeySuccession(old: PeerID(old.publicKey), new: PeerID(next.publicKey))
    }

    /// Fails when the first record that the old key has signed names another successor.
    private static func checkForesight(
        of old: PeerID,
        next: PeerID,
        _ rows: [JournalRow]
    ) throws {
        var vault = Vault()
        try vault.restore(rows)
        let slots = Record.slots(peer: old, incarnation: 0)
        guard let first: Signed<Record> = vault.statement(in: slots) else { return }
        guard first.body.successorHash == Record.successorHash(of: next) else {
            throw NodeError.otherSuccessor(successorName)
        }
    }

    /// The key that was replaced last, if one was.
    static func revoked(in folder: String) throws(KeyFileError) -> KeyFile? {
        do throws(KeyFileError) {
            return try KeyFile.load(at: "\(folder)/\(peerName)\(suffix)", purpose: .peer)
        } catch .missing {
            return nil
        }
    }
}
