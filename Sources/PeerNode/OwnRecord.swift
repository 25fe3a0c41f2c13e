import Foundation
import Identity
import Primitives
import Transport
import Wire

/// Makes the records by which a peer says who and where it is, and what it offers.
struct OwnRecord {
    let keys: NodeKeys
    let network: NetworkID
    let configuration: NodeConfiguration

    /// Records count for a day.
    static let lifeEpochs: UInt64 = 24

    /// A record is made anew after a quarter of its life.
    static let renewalEpochs: UInt64 = 6

    /// UTC hours since 1970.
    static var epoch: UInt64 { UInt64(max(0, Date().timeIntervalSince1970) / 3_600) }

    /// The first record of the peer's key, which a REVOKE by its successor embeds.
    var first: Record { first(of: keys.peer, followedBy: keys.successor) }

    /// The first record of a key, which follows from the keys alone: made anew, it is the same.
    func first(of key: SigningKey, followedBy successor: PeerID) -> Record {
        let bytes = Record.bindingBytes(network: network, curveKey: keys.curve.publicKey)
        return Record(
            peer: PeerID(key.publicKey),
            incarnation: 0,
            curveKey: keys.curve.publicKey,
            binding: key.sign(bytes),
            controlEndpoints: [],
            bulkEndpoints: [],
            role: .leaf,
            owner: owner,
            cores: 0,
            memoryByteCount: 0,
            kernels: [],
            engines: [],
            successorHash: Record.successorHash(of: successor),
            epoch: 0,
            expiry: 0
        )
    }

    /// Whose machine it is: the owner's key of a machine is the one that it submits with.
    var owner: OwnerID { OwnerID(keys.project.publicKey) }

    /// The peer's agreement to be its owner's.
    var consent: Signature {
        keys.peer.sign(Device.consentBytes(network: network, owner: owner))
    }

    /// The first record of the key that the peer's has replaced.
    var predecessor: Verified<Signed<Record>>? {
        guard let key = keys.revoked else { return nil }
        let record = first(of: key, followedBy: PeerID(keys.peer.publicKey))
        let bytes = COSE.signedBytes(kind: .record, network: network, payload: record.payload)
        return Signed(record, signature: key.sign(bytes)).verifiedHere
    }

    /// The record of a peer that listens at `endpoints`, best first.
    ///
    /// The incarnation is the millisecond of its making: a peer whose journal is gone still makes a
    /// newer record than before.
    func record(endpoints: [String], speed: UInt64) -> Record {
        let curveKey = keys.curve.publicKey
        let bytes = Record.bindingBytes(network: network, curveKey: curveKey)
        let workload = Workload.driftSearch(configuration.variant).name
        return Record(
            peer: PeerID(keys.peer.publicKey),
            incarnation: UInt64(max(0, Date().timeIntervalSince1970 * 1_000)),
            curveKey: curveKey,
            binding: keys.peer.sign(bytes),
            controlEndpoints: endpoints,
            bulkEndpoints: [],
            role: .hub,
            owner: owner,
            cores: UInt32(configuration.places),
            memoryByteCount: ProcessInfo.processInfo.physicalMemory,
            kernels: configuration.places > 0
                ? [KernelOffer(kernel: workload, operationsPerSecond: speed)] : [],
            engines: [],
            successorHash: Record.successorHash(of: keys.successor),
            epoch: Self.epoch,
            expiry: Self.epoch + Self.lifeEpochs
        )
    }
}
