import Foundation
import Identity
import PeerNode
import Primitives
import Store
import Testing
import Wire

/// Nodes that start again, and look for the peers that they have met.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct RememberedTests {
    /// More than are dialled at a time.
    private static let deadCount: UInt64 = 300

    /// A record that was kept, of a peer that nobody finds again; its signature was looked at then.
    private func dead(_ peer: PeerID, expiry: UInt64) -> Signed<Record> {
        let record = Record(
            peer: peer,
            incarnation: 1,
            curveKey: CurveKey(peer.digest),
            binding: SigningKey.generate().sign([]),
            controlEndpoints: ["tcp://127.0.0.1:1"],
            bulkEndpoints: [],
            role: .hub,
            owner: OwnerID(peer.digest),
            cores: 0,
            memoryByteCount: 0,
            kernels: [],
            engines: [],
            successorHash: .zero,
            epoch: min(expiry, UInt64(Date().timeIntervalSince1970 / 3_600)),
            expiry: expiry
        )
        return Signed(record, signature: record.binding)
    }

    /// `number` of many ids that come before `living` among those that `me` dials when it does.
    private func before(_ living: PeerID, _ me: PeerID, _ number: UInt64) throws -> PeerID {
        guard me < living else { return PeerID(Digest(0, 0, 0, number)) }
        // Above `me` in a part that decides nothing between `me` and `living`.
        var bytes = me.digest.bytes
        let place = try #require((16..<30).first { bytes[$0] < 0xff })
        bytes[place] += 1
        bytes[30] = UInt8(number >> 8)
        bytes[31] = UInt8(number & 0xff)
        return PeerID(try #require(Digest(bytes)))
    }

    @Test(arguments: [true, false])
    func livingPeerIsFoundAmongMoreDeadOnesThanAreDialledAtATime(isExpired: Bool) async throws {
        let living = try TestNode(places: 0)
        let (folder, storage) = (try TestFolder(), MemoryStorage())
        let first = try TestNode(
            join: [living.node.address],
            places: 0,
            storage: storage,
            folder: folder
        )
        try await first.node.until { await $0.linkedCount == 1 }
        try await first.end()
        try await living.node.until { await $0.linkedCount == 0 }
        let hour = UInt64(Date().timeIntervalSince1970 / 3_600)
        let rows = try (0..<Self.deadCount).map { number in
            let peer = try before(living.node.id, first.node.id, number)
            let record = dead(peer, expiry: isExpired ? hour - 2 : hour + 20)
            return JournalRow(.records, key: peer.digest.bytes, value: record.envelope)
        }
        storage.commit(rows)
        // Nobody tells it where to look, and nobody finds it where it was.
        try FileManager.default.removeItem(atPath: "\(folder.path)/port")
        let again = try TestNode(places: 0, storage: storage, folder: folder)
        try await again.node.until { node in
            await node.peers().contains { $0.record.peer == living.node.id && $0.isLinked }
        }
        let remembered = await again.node.peers().count
        #expect(remembered == (isExpired ? 2 : 2 + Int(Self.deadCount)))
        for node in [living, again] { try await node.end() }
    }
}
