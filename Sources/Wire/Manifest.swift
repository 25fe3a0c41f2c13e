package import Primitives

/// How a job's results are trusted; the submitter's dial.
package enum Policy: UInt8, Sendable {
    /// Two equal results of different workers.
    case strict = 0
    /// One trusted worker, audited at random.
    case adaptive = 1
    /// One result, no vote.
    case single = 2

    /// Results that the first vote on a unit asks for.
    ///
    /// Without hidden audits one trusted worker proves nothing, so `adaptive` asks for two as well.
    package var replicas: UInt8 {
        switch self {
        case .strict, .adaptive: 2
        case .single: 1
        }
    }
}

/// MANIFEST: a job.
///
/// Everything about its units follows from it by pure functions.
package struct Manifest: StatementBody {
    package static let kind = StatementKind.manifest

    /// The network that the job runs on.
    package let network: NetworkID
    /// The project, whose key signs.
    package let project: ProjectID
    /// Who is charged for the work: the owner of the project.
    package let owner: OwnerID
    /// The submitter's peer, which receives results and settles disputes.
    package let submitter: PeerID
    /// Tells this job from the project's others.
    package let nonce: Digest
    /// UTC hours since 1970 when it was made.
    package let epoch: UInt64
    /// Name and version of the workload, such as `drift-search/1`.
    package let workload: String
    /// SHA-256 of the workload's name, or of its code.
    package let workloadHash: Digest
    /// The workload's parameters, in its own encoding.
    package let parameters: Bytes
    /// Root of the dataset's hash tree.
    package let datasetRoot: Digest
    /// Bytes of the dataset.
    package let datasetByteCount: UInt64
    /// The dataset's dimensions, as the workload defines them.
    package let shape: [UInt64]
    /// Units, 1 to `Limits.unitsPerManifest`.
    package let unitCount: UInt32
    /// Operations that no unit exceeds.
    package let operationsPerUnit: UInt64
    /// Bytes that no unit's result exceeds.
    package let resultByteCount: UInt64
    /// Bytes of memory that no unit exceeds.
    package let memoryByteCount: UInt64
    /// Seconds that no unit may take.
    package let secondsPerUnit: UInt64
    /// How results are trusted.
    package let policy: Policy
    /// Peers whose word the project takes, ascending; the submitter's peer is one of them by
    /// default.
    package let anchors: [PeerID]
    /// Projects whose credit makes a worker senior here too, ascending.
    package let recognised: [ProjectID]
    /// Peers that the submitter expects to take part; decides how many a seat admits.
    package let population: UInt64
    /// Higher goes first among the jobs of one project.
    package let priority: UInt8
    /// The epoch after which nothing more is computed.
    package let deadline: UInt64
    /// Hours that results are kept after the deadline.
    package let retention: UInt32
    /// How results are put together, as the workload defines it.
    package let reducer: String

    /// A manifest with every field given.
    package init(
        network: NetworkID,
        project: ProjectID,
        owner: OwnerID,
        submitter: PeerID,
        nonce: Digest,
        epoch: UInt64,
        workload: String,
        workloadHash: Digest,
        parameters: Bytes,
        datasetRoot: Digest,
        datasetByteCount: UInt64,
        shape: [UInt64],
        unitCount: UInt32,
        operationsPerUnit: UInt64,
        resultByteCount: UInt64,
        memoryByteCount: UInt64,
        secondsPerUnit: UInt64,
        policy: Policy,
        anchors: [PeerID],
        recognised: [ProjectID],
        population: UInt64,
        priority: UInt8,
        deadline: UInt64,
        retention: UInt32,
        reducer: String
    ) {
        self.network = network
        self.project = project
        self.owner = owner
        self.submitter = submitter
        self.nonce = nonce
        self.epoch = epoch
        self.workload = workload
        self.workloadHash = workloadHash
        self.parameters = parameters
        self.datasetRoot = datasetRoot
        self.datasetByteCount = datasetByteCount
        self.shape = shape
        self.unitCount = unitCount
        self.operationsPerUnit = operationsPerUnit
        self.resultByteCount = resultByteCount
        self.memoryByteCount = memoryByteCount
        self.secondsPerUnit = secondsPerUnit
        self.policy = policy
        self.anchors = anchors
        self.recognised = recognised
        self.population = population
        self.priority = priority
        self.deadline = deadline
        self.retention = retention
        self.reducer = reducer
    }

    package var signer: Digest { project.digest }

    package var slots: [Slot] {
        [Slot(.manifest, signer: signer, count: 1) { $0.digest(nonce) }]
    }

    /// Shards of the job: units in groups of `Limits.unitsPerShard`.
    package var shardCount: UInt32 {
        (unitCount + Limits.unitsPerShard - 1) / Limits.unitsPerShard
    }

    /// The epoch of a statement about the job that is made when it is `present`.
    ///
    /// None is older than the manifest, and the clock that dated this one may be ahead.
    package func statementEpoch(at present: UInt64) -> UInt64 { max(epoch, present) }

    /// UTC hours since 1970: the last one in which any peer keeps results of the job.
    package var retentionEpoch: UInt64 { saturatingSum(deadline, UInt64(retention)) }

    /// The units of `shard`, which is below `shardCount`.
    package func units(ofShard shard: UInt32) -> Range<UInt32> {
        let first = shard * Limits.unitsPerShard
        return first..<min(first + Limits.unitsPerShard, unitCount)
    }

    package func encode(into encoder: inout CBOREncoder) {
        encoder.map(25)
        encodeIdentity(into: &encoder)
        encodeWork(into: &encoder)
        encodeTrust(into: &encoder)
    }

    private func encodeIdentity(into encoder: inout CBOREncoder) {
        encoder.unsigned(1)
        encoder.identifier(network)
        encoder.unsigned(2)
        encoder.identifier(project)
        encoder.unsigned(3)
        encoder.identifier(owner)
        encoder.unsigned(4)
        encoder.identifier(submitter)
        encoder.unsigned(5)
        encoder.digest(nonce)
        encoder.unsigned(6)
        encoder.unsigned(epoch)
    }

    private func encodeWork(into encoder: inout CBOREncoder) {
        encoder.unsigned(7)
        encoder.text(workload)
        encoder.unsigned(8)
        encoder.digest(workloadHash)
        encoder.unsigned(9)
        encoder.byteString(parameters)
        encoder.unsigned(10)
        encoder.digest(datasetRoot)
        encoder.unsigned(11)
        encoder.unsigned(datasetByteCount)
        encoder.unsigned(12)
        encoder.unsigneds(shape)
        encoder.unsigned(13)
        encoder.unsigned(UInt64(unitCount))
        encoder.unsigned(14)
        encoder.unsigned(operationsPerUnit)
        encoder.unsigned(15)
        encoder.unsigned(resultByteCount)
        encoder.unsigned(16)
        encoder.unsigned(memoryByteCount)
        encoder.unsigned(17)
        encoder.unsigned(secondsPerUnit)
    }

    private func encodeTrust(into encoder: inout CBOREncoder) {
        encoder.unsigned(18)
        encoder.unsigned(UInt64(policy.rawValue))
        encoder.unsigned(19)
        encoder.identifiers(anchors)
        encoder.unsigned(20)
        encoder.identifiers(recognised)
        encoder.unsigned(21)
        encoder.unsigned(population)
        encoder.unsigned(22)
        encoder.unsigned(UInt64(priority))
        encoder.unsigned(23)
        encoder.unsigned(deadline)
        encoder.unsigned(24)
        encoder.unsigned(UInt64(retention))
        encoder.unsigned(25)
        encoder.text(reducer)
    }

    package init(from decoder: inout CBORDecoder) throws(DecodeError) {
        try decoder.map(exactly: 25)
        try decoder.key(1)
        network = try decoder.identifier()
        try decoder.key(2)
        project = try decoder.identifier()
        try decoder.key(3)
        owner = try decoder.identifier()
        try decoder.key(4)
        submitter = try decoder.identifier()
        try decoder.key(5)
        nonce = try decoder.digest()
        try decoder.key(6)
        epoch = try decoder.unsigned()
        try decoder.key(7)
        workload = try decoder.name()
        try decoder.key(8)
        workloadHash = try decoder.digest()
        try decoder.key(9)
        parameters = try decoder.byteString(upTo: Limits.parameterByteCount)
        try decoder.key(10)
        datasetRoot = try decoder.digest()
        try decoder.key(11)
        datasetByteCount = try decoder.unsigned(
            upTo: Limits.datasetByteCount,
            field: "dataset length"
        )
        try decoder.key(12)
        shape = try decoder.list(upTo: Limits.shapeCount) { (decoder) throws(DecodeError) in
            try decoder.unsigned()
        }
        try decoder.key(13)
        unitCount = try decoder.positive(upTo: Limits.unitsPerManifest, field: "unit count")
        try decoder.key(14)
        operationsPerUnit = try decoder.unsigned()
        try decoder.key(15)
        resultByteCount = try decoder.unsigned(
            upTo: Limits.resultByteCount,
            field: "result length"
        )
        try decoder.key(16)
        memoryByteCount = try decoder.unsigned()
        try decoder.key(17)
        secondsPerUnit = try decoder.unsigned(
            upTo: Limits.secondsPerUnit,
            field: "seconds of a unit"
        )
        try decoder.key(18)
        policy = try decoder.policy()
        try decoder.key(19)
        anchors = try decoder.identifiers(upTo: Limits.manifestListCount, field: "anchors")
        try decoder.key(20)
        recognised = try decoder.identifiers(
            upTo: Limits.manifestListCount,
            field: "recognised projects"
        )
        try decoder.key(21)
        population = try decoder.unsigned()
        try decoder.key(22)
        priority = try decoder.unsigned8(field: "priority")
        try decoder.key(23)
        deadline = try decoder.unsigned()
        try decoder.key(24)
        retention = try decoder.unsigned32(field: "retention")
        try decoder.key(25)
        reducer = try decoder.name()
    }
}

extension CBORDecoder {
    /// An array of at most `limit` identifiers, strictly ascending.
    mutating func identifiers<ID: Identifier>(
        upTo limit: Int,
        field: String
    ) throws(DecodeError) -> [ID] {
        try ascending(
            upTo: limit,
            field: field,
            by: { $0 },
            { (decoder) throws(DecodeError) -> ID in try decoder.identifier() }
        )
    }

    /// A number from 1 to `limit`.
    fileprivate mutating func positive(
        upTo limit: UInt32,
        field: String
    ) throws(DecodeError) -> UInt32 {
        let start = position
        let number = try unsigned(upTo: UInt64(limit), field: field)
        guard number > 0 else { throw .outOfRange(at: start, field: field) }
        return UInt32(number)
    }

    fileprivate mutating func policy() throws(DecodeError) -> Policy {
        let start = position
        guard let policy = Policy(rawValue: try unsigned8(field: "policy")) else {
            throw .outOfRange(at: start, field: "policy")
        }
        return policy
    }
}
