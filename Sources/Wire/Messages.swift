public import Primitives

/// CLAIM: a worker asks a steward for units of one shard.
package struct Claim: Hashable, Sendable {
    /// The job.
    package let manifest: ManifestID
    /// The shard.
    package let shard: UInt32
    /// Units that the worker would take now, at most.
    package let unitCount: UInt32
    /// Operations per second of one of its cores in this workload.
    package let operationsPerSecond: UInt64
    /// Units that it has computed and still holds, ascending.
    package let sealed: [UInt32]
    /// Whether nobody has other work for it: it would do what another worker is slow with, too.
    package let isIdle: Bool

    /// A claim on units of `shard`.
    package init(
        manifest: ManifestID,
        shard: UInt32,
        unitCount: UInt32,
        operationsPerSecond: UInt64,
        sealed: [UInt32],
        isIdle: Bool = false
    ) {
        self.manifest = manifest
        self.shard = shard
        self.unitCount = unitCount
        self.operationsPerSecond = operationsPerSecond
        self.sealed = sealed
        self.isIdle = isIdle
    }
}

/// LEASE: a steward gives a bundle to a worker for a time.
package struct Lease: Hashable, Sendable {
    /// The job.
    package let manifest: ManifestID
    /// The bundle, ascending.
    package let units: [UInt32]
    /// Seats of the round.
    package let seatCount: UInt8
    /// UTC hours since 1970, as the round's commit set will say.
    package let epoch: UInt64
    /// The steward's round.
    package let round: UInt32
    /// The worker's seat.
    package let seat: UInt8
    /// How often the seat's admission had doubled.
    package let widening: UInt8
    /// Milliseconds from receipt until the commitment must have come.
    package let commitMilliseconds: UInt64
    /// Peers that hold the chunks.
    package let holders: [PeerID]
    /// Whether the plainest code is asked for, where there is time: it shares the fewest faults
    /// with what others run.
    package let wantsReference: Bool

    /// A lease with every field given.
    package init(
        manifest: ManifestID,
        units: [UInt32],
        seatCount: UInt8,
        epoch: UInt64,
        round: UInt32,
        seat: UInt8,
        widening: UInt8,
        commitMilliseconds: UInt64,
        holders: [PeerID],
        wantsReference: Bool = false
    ) {
        self.manifest = manifest
        self.units = units
        self.seatCount = seatCount
        self.epoch = epoch
        self.round = round
        self.seat = seat
        self.widening = widening
        self.commitMilliseconds = commitMilliseconds
        self.holders = holders
        self.wantsReference = wantsReference
    }
}

/// A RESULT with what its digests stand for, and with the COMMIT where no set came between.
package struct Reveal: Hashable, Sendable {
    /// The signed result.
    package let result: Signed<ResultStatement>
    /// One core for each unit of the bundle.
    package let cores: [Core]
    /// The promise, in a round of one seat.
    package let commit: Signed<CommitStatement>?

    /// A result with its cores.
    package init(
        result: Signed<ResultStatement>,
        cores: [Core],
        commit: Signed<CommitStatement>?
    ) {
        self.result = result
        self.cores = cores
        self.commit = commit
    }
}

/// A round of a shard; two rounds of one number never share a unit.
public struct RoundKey: Hashable, Comparable, Sendable {
    /// The number.
    public let number: UInt32
    /// The lowest unit of its bundle.
    public let firstUnit: UInt32

    /// The round `number` whose bundle begins with `firstUnit`.
    public init(number: UInt32, firstUnit: UInt32) {
        self.number = number
        self.firstUnit = firstUnit
    }

    /// By number, then by lowest unit.
    public static func < (left: RoundKey, right: RoundKey) -> Bool {
        (left.number, left.firstUnit) < (right.number, right.firstUnit)
    }
}

/// Why a steward says no.
package enum RefusalReason: UInt8, CaseIterable, Sendable {
    /// The steward does not know the job yet.
    case unknownJob = 0
    /// Another peer is the shard's steward.
    case notSteward = 1
    /// No unit is open for this worker now.
    case nothingOpen = 2
    /// The worker has as many bundles in flight as it may have.
    case quota = 3
    /// Every unit of the shard is certified, or the job is over.
    case finished = 4
    /// The round that a commit or result is for is over.
    case stale = 5
    /// The submitter rules on nothing more in this job: it has dropped its data or its results.
    case unruled = 6
}

/// REFUSE: no, and when to ask again.
package struct Refusal: Hashable, Sendable {
    /// The job.
    package let manifest: ManifestID
    /// The shard.
    package let shard: UInt32
    /// The round and bundle, when the answer is to a commit or a result.
    package let round: RoundKey?
    /// Why.
    package let reason: RefusalReason
    /// Milliseconds after which to ask again.
    package let retryMilliseconds: UInt64

    /// A refusal with every field given.
    package init(
        manifest: ManifestID,
        shard: UInt32,
        round: RoundKey?,
        reason: RefusalReason,
        retryMilliseconds: UInt64
    ) {
        self.manifest = manifest
        self.shard = shard
        self.round = round
        self.reason = reason
        self.retryMilliseconds = retryMilliseconds
    }
}

/// RESULT_DATA: a piece of a result's bytes.
package struct ResultPiece: Hashable, Sendable {
    /// SHA-256 of the whole result.
    package let resultHash: Digest
    /// Bytes of the whole result.
    package let byteCount: UInt64
    /// Where the piece begins.
    package let offset: UInt64
    /// The piece, at most `Limits.chunkByteCount` bytes.
    package let bytes: Bytes

    /// A piece with every field given.
    package init(resultHash: Digest, byteCount: UInt64, offset: UInt64, bytes: Bytes) {
        self.resultHash = resultHash
        self.byteCount = byteCount
        self.offset = offset
        self.bytes = bytes
    }
}

/// Results that a steward holds and offers to the submitter before it certifies.
package struct ResultOffer: Hashable, Sendable {
    /// The job.
    package let manifest: ManifestID
    /// The units, ascending, with what won.
    package let cores: [UnitCore]

    /// An offer of `cores`.
    package init(manifest: ManifestID, cores: [UnitCore]) {
        self.manifest = manifest
        self.cores = cores
    }
}

/// Some units of a job.
package struct UnitList: Hashable, Sendable {
    /// The job.
    package let manifest: ManifestID
    /// The units, ascending, at most a bundle's.
    package let units: [UInt32]

    /// Units of `manifest`.
    package init(manifest: ManifestID, units: [UInt32]) {
        self.manifest = manifest
        self.units = units
    }
}

/// ACTING: the shards of a job whose acting steward the sender takes itself for.
package struct ShardList: Hashable, Sendable {
    /// The job.
    package let manifest: ManifestID
    /// The shards, ascending, one at least.
    package let shards: [UInt32]

    /// Shards of `manifest`.
    package init(manifest: ManifestID, shards: [UInt32]) {
        self.manifest = manifest
        self.shards = shards
    }
}

/// WANT: a request for one chunk of a dataset.
public struct ChunkWant: Hashable, Comparable, Sendable {
    /// Root of the dataset's hash tree.
    public let root: Digest
    /// The chunk.
    public let index: UInt32

    /// A request for the chunk at `index`.
    public init(root: Digest, index: UInt32) {
        self.root = root
        self.index = index
    }

    /// By dataset, then by index.
    public static func < (left: ChunkWant, right: ChunkWant) -> Bool {
        left.root != right.root ? left.root < right.root : left.index < right.index
    }
}

/// CHUNK: one chunk with its proof, which checks itself against the root.
package struct Chunk: Hashable, Sendable {
    /// Root of the dataset's hash tree.
    package let root: Digest
    /// Bytes of the whole dataset.
    package let datasetByteCount: UInt64
    /// Which chunk.
    package let index: UInt32
    /// The chunk's bytes, at most `Limits.chunkByteCount`.
    package let bytes: Bytes
    /// The hashes from the leaf to the top, lowest first.
    package let proof: [Digest]

    /// A chunk with every field given.
    package init(
        root: Digest,
        datasetByteCount: UInt64,
        index: UInt32,
        bytes: Bytes,
        proof: [Digest]
    ) {
        self.root = root
        self.datasetByteCount = datasetByteCount
        self.index = index
        self.bytes = bytes
        self.proof = proof
    }
}

/// Everything that one peer says to another once their link is bound to their keys.
///
/// Indirect: a message waits in several queues on its way, so a copy should cost one reference.
package indirect enum Message: Hashable, Sendable {
    /// A peer's own or a forwarded record.
    case record(Signed<Record>)
    /// An element of the ledger.
    case item(Item)
    /// A step of reconciliation.
    case reconcile(Reconciliation)
    /// A request for elements of a replicated set.
    case fetch(ReplicatedSet, [ItemKey])
    /// A worker asks for work.
    case claim(Claim)
    /// A steward gives work.
    case lease(Lease)
    /// A worker promises.
    case commit(Signed<CommitStatement>)
    /// A steward closes the promises of a round.
    case commitSet(Signed<CommitSet>)
    /// A worker reveals.
    case reveal(Reveal)
    /// A steward says no.
    case refuse(Refusal)
    /// A steward hands the opening of its certificate to the next, which publishes it.
    case opening(Opening)
    /// A request for a piece of a result: its hash and where to begin.
    case resultWant(Digest, offset: UInt64)
    /// A piece of a result.
    case resultPiece(ResultPiece)
    /// A steward offers results to the submitter.
    case resultOffer(ResultOffer)
    /// The submitter holds results.
    case resultHeld(UnitList)
    /// A steward asks the submitter to rule on units.
    case held(UnitList)
    /// A request for a chunk.
    case chunkWant(ChunkWant)
    /// A chunk.
    case chunk(Chunk)
    /// A steward tells the others of its shards that it acts.
    case acting(ShardList)
    /// A hub lives, says its record of this incarnation.
    case beat(incarnation: UInt64)
    /// A hub has not heard from another.
    case alert(Signed<Alert>)
    /// A hub's record counts no more.
    case evict(Eviction)
    /// A hub leaves.
    case bye(Signed<Bye>)
    /// The sender holds elements of a replicated set that are too long to be sent unasked.
    case have(ReplicatedSet, [ItemKey])
}
