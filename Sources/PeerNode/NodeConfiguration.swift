import Identity
package import Kernels
package import Primitives
import Transport
import Wire

/// Everything that a peer is told when it starts.
package struct NodeConfiguration: Sendable {
    /// The network's name; peers of different names never talk.
    package var network = "starling"
    /// The folder of the peer's keys.
    package var folder: String
    /// A numeric address to listen on; `*` for all of this machine's.
    package var address = "127.0.0.1"
    /// The port; 0 lets the system choose.
    package var port: UInt16 = 0
    /// The endpoint that others are told to dial; nil for those on which it listens.
    package var advertised: String?
    /// The UDP port on which peers of the local network find each other; nil for no beacons.
    package var beaconPort: UInt16?
    /// Peers to join.
    package var join: [JoinAddress] = []
    /// The job that is served before any other.
    package var firstJob: ManifestID?
    /// Bundles that it computes at once; 0 to donate nothing.
    package var places = 1
    /// The kernel implementation.
    package var variant = Variant.fastest
    /// Whether an implementation computes what it must; a peer without one that does takes no work.
    package var selfTest: @Sendable (Variant) -> Bool = { SelfTest.passes($0) }
    /// The path of the executor, which computes the units; nil for the usual one.
    package var executor: String?
    /// How often a lost link is dialled again at first; short on a loopback.
    package var redialMilliseconds: UInt64 = 1_000
    /// Changes each result before it is reported: for demonstrations of what a vote is worth.
    package var tamper: (@Sendable (UnitOutput) -> UnitOutput)?

    /// A peer with its keys in `folder`, and every other setting at its default.
    package init(folder: String) { self.folder = folder }

    /// The UDP port of beacons unless somebody wants another.
    package static let usualBeaconPort: UInt16 = 24_711

    /// Whether `address` stands for all addresses of this machine.
    package var listensEverywhere: Bool { ["*", "0.0.0.0", "::"].contains(address) }

    /// The network's id: `H("starling/network/1", name)`.
    package var networkID: NetworkID { NetworkID(name: network) }
}

extension NodeConfiguration {
    /// Takes the implementation that passes its self-test, or gives up all places when none does.
    ///
    /// Who computes nothing tests nothing.
    mutating func tested() -> SelfTest.Choice {
        guard places > 0 else { return SelfTest.Choice(variant: variant, failed: []) }
        let choice = SelfTest.choose(variant, passes: selfTest)
        if let passed = choice.variant { variant = passed } else { places = 0 }
        return choice
    }
}

extension NetworkID {
    /// The network of that name: `H("starling/network/1", name)`.
    package init(name: String) {
        self.init(taggedHash("starling/network/1", count: 1) { $0.text(name) })
    }
}

/// The keys of a peer, made on its first start.
struct NodeKeys: Sendable {
    let peer: SigningKey
    let project: SigningKey
    let curve: CurveKeyPair
    /// The public half of the key that may replace the peer's.
    let successor: PeerID
    /// The key that the peer's has replaced, once it has.
    let revoked: SigningKey?
    /// What only this peer knows: nonces follow from it.
    let secret: Bytes

    init(folder: String) throws(KeyFileError) {
        let path = { purpose in KeyBackup.path(of: purpose, in: folder) }
        let peerFile = try KeyFile.loadOrCreate(at: path(.peer), purpose: .peer)
        let projectFile = try KeyFile.loadOrCreate(at: path(.project), purpose: .project)
        let curveFile = try KeyFile.loadOrCreate(at: path(.curve), purpose: .curve)
        let successorFile = try KeyFile.loadOrCreateSuccessor(
            at: "\(folder)/\(KeySuccession.successorName)",
            of: peerFile.publicKey
        )
        let revokedFile = try KeySuccession.revoked(in: folder)
        successor = PeerID(successorFile.publicKey)
        // A replacement that was cut short leaves a copy of the present key.
        let isReplaced = revokedFile.map { $0.publicKey != peerFile.publicKey } ?? false
        revoked = isReplaced ? revokedFile.map { SigningKey(seed: $0.secret) } : nil
        peer = SigningKey(seed: peerFile.secret)
        project = SigningKey(seed: projectFile.secret)
        curve = CurveKeyPair(
            publicKey: CurveKey(curveFile.publicKey),
            secretKey: curveFile.secret
        )
        secret = taggedHash("starling/secret/1", count: 1) { $0.digest(peerFile.secret) }.bytes
    }
}
