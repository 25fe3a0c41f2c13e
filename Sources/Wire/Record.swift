package import Primitives

/// What part a peer plays on the network.
package enum Role: UInt8, Sendable {
    /// It only dials out, and stands in no table.
    case leaf = 0
    /// It listens, keeps the table of hubs, and may be a steward.
    case hub = 1
}

/// A kernel that a peer runs, with its measured speed.
package struct KernelOffer: Hashable, Sendable {
    /// The kernel's name and version, such as `drift-search/1`.
    package let kernel: String
    /// Operations per second of one core, measured by the peer itself.
    package let operationsPerSecond: UInt64

    /// An offer of `kernel` at the given speed.
    package init(kernel: String, operationsPerSecond: UInt64) {
        self.kernel = kernel
        self.operationsPerSecond = operationsPerSecond
    }
}

/// RECORD: a peer, how to reach it, and what it offers.
///
/// This is how capacity is advertised.
package struct Record: StatementBody {
    package static let kind = StatementKind.record

    /// The peer's own key, which signs.
    package let peer: PeerID
    /// Grows with each new record of the peer; the highest counts.
    ///
    /// The first record, 0, is kept and not advertised: a REVOKE embeds it.
    package let incarnation: UInt64
    /// The key of the peer's encrypted links.
    package let curveKey: CurveKey
    /// The peer's signature that binds `curveKey` to it; see `bindingBytes`.
    package let binding: Signature
    /// Where the peer listens for messages, as `tcp://host:port`.
    package let controlEndpoints: [String]
    /// Where the peer listens for bulk data.
    package let bulkEndpoints: [String]
    /// Hub or leaf.
    package let role: Role
    /// Whose machine it is; the peer's own key unless an owner adopted it.
    package let owner: OwnerID
    /// Cores that it donates.
    package let cores: UInt32
    /// Bytes of memory that it donates.
    package let memoryByteCount: UInt64
    /// Built-in kernels that it runs, ascending by name.
    package let kernels: [KernelOffer]
    /// Engines for submitted code, ascending.
    package let engines: [String]
    /// Names the key that may replace this one, see `successorHash(of:)`; zero for none.
    package let successorHash: Digest
    /// UTC hours since 1970 when it was made.
    package let epoch: UInt64
    /// The last epoch in which it counts.
    package let expiry: UInt64

    /// A record with every field given.
    package init(
        peer: PeerID,
        incarnation: UInt64,
        curveKey: CurveKey,
        binding: Signature,
        controlEndpoints: [String],
        bulkEndpoints: [String],
        role: Role,
        owner: OwnerID,
        cores: UInt32,
        memoryByteCount: UInt64,
        kernels: [KernelOffer],
        engines: [String],
        successorHash: Digest,
        epoch: UInt64,
        expiry: UInt64
    ) {
        self.peer = peer
        self.incarnation = incarnation
        self.curveKey = curveKey
        self.binding = binding
        self.controlEndpoints = controlEndpoints
        self.bulkEndpoints = bulkEndpoints
        self.role = role
        self.owner = owner
        self.cores = cores
        self.memoryByteCount = memoryByteCount
        self.kernels = kernels
        self.engines = engines
        self.successorHash = successorHash
        self.epoch = epoch
        self.expiry = expiry
    }

    /// The same, made anew in `epoch` with a later incarnation; it counts as long as this one did.
    package func again(incarnation: UInt64, epoch: UInt64) -> Record {
        Record(
            peer: peer,
            incarnation: incarnation,
            curveKey: curveKey,
            binding: binding,
            controlEndpoints: controlEndpoints,
            bulkEndpoints: bulkEndpoints,
            role: role,
            owner: owner,
            cores: cores,
            memoryByteCount: memoryByteCount,
            kernels: kernels,
            engines: engines,
            successorHash: successorHash,
            epoch: epoch,
            expiry: saturatingSum(epoch, expiry - min(self.epoch, expiry))
        )
    }

    package var signer: Digest { peer.digest }

    package var slots: [Slot] { Self.slots(peer: peer, incarnation: incarnation) }

    /// The slot of the record of `peer` with `incarnation`.
    package static func slots(peer: PeerID, incarnation: UInt64) -> [Slot] {
        [Slot(.record, signer: peer.digest, count: 1) { $0.unsigned(incarnation) }]
    }

    /// `H("starling/successor/1", key)`: tells nobody the key until it takes over.
    package static func successorHash(of key: PeerID) -> Digest {
        taggedHash("starling/successor/1", count: 1) { $0.identifier(key) }
    }

    /// The bytes that `binding` signs: `["starling/curve/1", network, CURVE key]`.
    package static func bindingBytes(network: NetworkID, curveKey: CurveKey) -> Bytes {
        var encoder = CBOREncoder()
        encoder.array(3)
        encoder.text("starling/curve/1")
        encoder.identifier(network)
        encoder.identifier(curveKey)
        return encoder.bytes
    }

    package func encode(into encoder: inout CBOREncoder) {
        encoder.map(15)
        encoder.unsigned(1)
        encoder.identifier(peer)
        encoder.unsigned(2)
        encoder.unsigned(incarnation)
        encoder.unsigned(3)
        encoder.identifier(curveKey)
        encoder.unsigned(4)
        encoder.signature(binding)
        encoder.unsigned(5)
        encoder.names(controlEndpoints)
        encoder.unsigned(6)
        encoder.names(bulkEndpoints)
        encoder.unsigned(7)
        encoder.unsigned(UInt64(role.rawValue))
        encoder.unsigned(8)
        encoder.identifier(owner)
        encoder.unsigned(9)
        encoder.unsigned(UInt64(cores))
        encoder.unsigned(10)
        encoder.unsigned(memoryByteCount)
        encoder.unsigned(11)
        encoder.array(kernels.count)
        for offer in kernels {
            encoder.array(2)
            encoder.text(offer.kernel)
            encoder.unsigned(offer.operationsPerSecond)
        }
        encoder.unsigned(12)
        encoder.names(engines)
        encoder.unsigned(13)
        encoder.digest(successorHash)
        encoder.unsigned(14)
        encoder.unsigned(epoch)
        encoder.unsigned(15)
        encoder.unsigned(expiry)
    }

    package init(from decoder: inout CBORDecoder) throws(DecodeError) {
        try decoder.map(exactly: 15)
        try decoder.key(1)
        peer = try decoder.identifier()
        try decoder.key(2)
        incarnation = try decoder.unsigned()
        try decoder.key(3)
        curveKey = try decoder.identifier()
        try decoder.key(4)
        binding = try decoder.signature()
        try decoder.key(5)
        controlEndpoints = try decoder.names(upTo: Limits.recordListCount)
        try decoder.key(6)
        bulkEndpoints = try decoder.names(upTo: Limits.recordListCount)
        try decoder.key(7)
        let start = decoder.position
        guard let role = Role(rawValue: try decoder.unsigned8(field: "role")) else {
            throw .outOfRange(at: start, field: "role")
        }
        self.role = role
        try decoder.key(8)
        owner = try decoder.identifier()
        try decoder.key(9)
        cores = try decoder.unsigned32(field: "cores")
        try decoder.key(10)
        memoryByteCount = try decoder.unsigned()
        try decoder.key(11)
        kernels = try decoder.ascending(
            upTo: Limits.recordListCount,
            field: "kernels",
            by: { $0.kernel },
            { (decoder) throws(DecodeError) in
                try decoder.array(exactly: 2)
                return KernelOffer(
                    kernel: try decoder.name(),
                    operationsPerSecond: try decoder.unsigned()
                )
            }
        )
        try decoder.key(12)
        engines = try decoder.ascending(
            upTo: Limits.recordListCount,
            field: "engines",
            by: { $0 },
            { (decoder) throws(DecodeError) in try decoder.name() }
        )
        try decoder.key(13)
        successorHash = try decoder.digest()
        try decoder.key(14)
        epoch = try decoder.unsigned()
        try decoder.key(15)
        expiry = try decoder.unsigned()
    }
}

extension CBOREncoder {
    /// An array of names.
    mutating func names(_ names: [String]) {
        array(names.count)
        for name in names { text(name) }
    }
}

extension CBORDecoder {
    /// An array of at most `limit` names, in any order.
    mutating func names(upTo limit: Int) throws(DecodeError) -> [String] {
        try list(upTo: limit) { (decoder) throws(DecodeError) in try decoder.name() }
    }
}
