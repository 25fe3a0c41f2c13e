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

    /// The record of a peer that listens at `endpoint`.
    ///
    /// The incarnation is the millisecond of its making: a peer whose journal is gone still makes a
    /// newer record than before.
    func record(endpoint: String, speed: UInt64) -> Record {
        let curveKey = keys.curve.publicKey
        let bytes = Record.bindingBytes(network: network, curveKey: curveKey)
        let workload = Workload.driftSearch(configuration.variant).name
        return Record(
            peer: PeerID(keys.peer.publicKey),
            incarnation: UInt64(max(0, Date().timeIntervalSince1970 * 1_000)),
            curveKey: curveKey,
            binding: keys.peer.sign(bytes),
            controlEndpoints: [endpoint],
            bulkEndpoints: [],
            role: .hub,
            owner: OwnerID(keys.peer.publicKey),
            cores: UInt32(configuration.places),
            memoryByteCount: ProcessInfo.processInfo.physicalMemory,
            kernels: configuration.places > 0
                ? [KernelOffer(kernel: workload, operationsPerSecond: speed)] : [],
            engines: [],
            successorHash: .zero,
            epoch: Self.epoch,
            expiry: Self.epoch + Self.lifeEpochs
        )
    }
}
