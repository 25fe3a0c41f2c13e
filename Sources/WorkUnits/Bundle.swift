package import Primitives
package import Wire

/// A bundle that this peer has leased, by the round that leased it.
package struct BundleKey: Hashable, Comparable, Sendable {
    /// The job.
    package let manifest: ManifestID
    /// The steward that leased it.
    package let steward: PeerID
    /// The steward's round.
    package let round: RoundKey

    /// The bundle of `round` of `steward`.
    package init(manifest: ManifestID, steward: PeerID, round: RoundKey) {
        self.manifest = manifest
        self.steward = steward
        self.round = round
    }

    package static func < (left: BundleKey, right: BundleKey) -> Bool {
        (left.manifest, left.steward, left.round) < (right.manifest, right.steward, right.round)
    }
}

/// A unit of a job.
package struct UnitKey: Hashable, Comparable, Sendable {
    /// The job.
    package let manifest: ManifestID
    /// The unit.
    package let unit: UInt32

    /// The unit `unit` of `manifest`.
    package init(manifest: ManifestID, unit: UInt32) {
        self.manifest = manifest
        self.unit = unit
    }

    package static func < (left: UnitKey, right: UnitKey) -> Bool {
        (left.manifest, left.unit) < (right.manifest, right.unit)
    }

    /// The key of a journal row about it.
    var rowKey: Bytes {
        var encoder = CBOREncoder()
        encoder.array(2)
        encoder.identifier(manifest)
        encoder.unsigned(UInt64(unit))
        return encoder.bytes
    }

    /// The unit whose journal row has the key `rowKey`.
    init(rowKey: Bytes) throws(DecodeError) {
        var decoder = CBORDecoder(rowKey)
        try decoder.array(exactly: 2)
        manifest = try decoder.identifier()
        unit = try decoder.unsigned32(field: "unit")
        try decoder.finish()
    }
}

extension Core {
    /// The value of a journal row that keeps it.
    var rowValue: Bytes {
        var encoder = CBOREncoder()
        encoder.array(3)
        encode(into: &encoder)
        return encoder.bytes
    }

    /// The core that a journal row keeps.
    init(rowValue: Bytes) throws(DecodeError) {
        var decoder = CBORDecoder(rowValue)
        try decoder.array(exactly: 3)
        try self.init(from: &decoder)
        try decoder.finish()
    }
}

/// A bundle at its worker.
///
/// ```
/// lease ─▶ preparing ─chunks known─▶ fetching ─hashes ok─▶ running ─stored─▶ sealed ─COMMIT─▶
///   waiting ─set holds mine─▶ revealing ─RESULT─▶ done.      A lease of one seat skips waiting.
/// ```
/// Crash: sealed bundles come back from the journal, and what was signed is sent again verbatim.
struct Bundle: Sendable {
    enum State: Hashable {
        /// The driver works out which chunks the order needs.
        case preparing(order: UInt64)
        /// Chunks are on their way.
        case fetching(order: UInt64)
        /// The driver computes.
        case running(order: UInt64)
        /// Every core is known and durable; COMMIT is being signed.
        case sealed
        /// COMMIT is out.
        case waiting
        /// The set holds the commitment; RESULT is being signed.
        case revealing
        /// RESULT is out.
        case done
    }

    let lease: Lease
    let steward: PeerID
    var state: State
    /// When the steward gives the seat to somebody else.
    let end: Instant
    /// When to give up for good.
    var giveUp: Instant
    /// When to send again what was last sent.
    var resendAt: Instant?
    /// Chunks that the bundle needs, once they are known.
    var chunks: [ChunkWant] = []
    /// What was found, one for each unit, once sealed.
    var cores: [Core] = []
    var commit: Signed<CommitStatement>?
    var result: Signed<ResultStatement>?
    var setHash: Digest?
    /// The set to which it was revealed, unless this peer has been restarted since.
    var set: Signed<CommitSet>?

    /// The bundle of a lease, or nil for a lease that no honest steward gives.
    ///
    /// However long the steward says, the lease is not longer than the manifest makes it.
    init?(_ lease: Lease, by steward: PeerID, of job: Job, at now: Instant) {
        guard let first = lease.units.first, let last = lease.units.last,
            last < job.manifest.unitCount,
            first / Limits.unitsPerShard == last / Limits.unitsPerShard,
            lease.seat < lease.seatCount
        else { return nil }
        let span = min(
            TimeSpan.milliseconds(lease.commitMilliseconds),
            job.leaseSpan(unitCount: lease.units.count)
        )
        self.lease = Lease(
            manifest: lease.manifest,
            units: lease.units,
            seatCount: lease.seatCount,
            epoch: lease.epoch,
            round: lease.round,
            seat: lease.seat,
            widening: lease.widening,
            commitMilliseconds: span.milliseconds,
            holders: lease.holders,
            wantsReference: lease.wantsReference
        )
        self.steward = steward
        state = .sealed
        end = now.advanced(by: span)
        giveUp = now.advanced(by: span.times(2))
    }

    var key: BundleKey {
        BundleKey(
            manifest: lease.manifest,
            steward: steward,
            round: RoundKey(number: lease.round, firstUnit: lease.units[0])
        )
    }

    /// The order to compute it, by its number.
    func order(_ number: UInt64) -> WorkOrder {
        WorkOrder(
            number: number,
            manifest: lease.manifest,
            units: lease.units,
            wantsReference: lease.wantsReference
        )
    }

    /// Whether it takes one of the worker's places for computing.
    var isBusy: Bool {
        switch state {
        case .preparing, .fetching, .running: true
        case .sealed, .waiting, .revealing, .done: false
        }
    }

    var order: UInt64? {
        switch state {
        case .preparing(let order), .fetching(let order), .running(let order): order
        case .sealed, .waiting, .revealing, .done: nil
        }
    }

    /// The time between two sendings of the same statement: a quarter of the lease, within bounds.
    var resendSpan: TimeSpan {
        let longest = WorkLimits.resendMillisecondsMax
        return .milliseconds(min(max(200, lease.commitMilliseconds / 4), longest))
    }

    /// When its steward should have made something of what it was sent, by far.
    var fruitlessAt: Instant {
        let span = TimeSpan.milliseconds(lease.commitMilliseconds)
        return end.advanced(by: span.times(WorkLimits.fruitlessLeases))
    }

    /// Whether something was sent that the steward has not confirmed.
    var isSent: Bool {
        switch state {
        case .waiting, .done: true
        case .preparing, .fetching, .running, .sealed, .revealing: false
        }
    }
}

// MARK: - Statements

extension Bundle {
    /// Sixteen bytes of `H(node secret, "nonce", slot)`: secret until revealed, and the same again
    /// after a crash.
    private func nonce(secret: Bytes, worker: PeerID) -> Bytes {
        let digest = taggedHash("starling/nonce/1", count: 5) { encoder in
            encoder.byteString(secret)
            encoder.identifier(lease.manifest)
            encoder.identifier(steward)
            encoder.unsigned(UInt64(lease.round))
            encoder.unsigned(UInt64(lease.units[0]))
        }
        return Array(digest.bytes.prefix(ResultStatement.nonceByteCount))
    }

    /// The RESULT that the cores make, bound to the set of `setHash`.
    func resultStatement(worker: PeerID, secret: Bytes, setHash: Digest) -> ResultStatement {
        let digests = zip(lease.units, cores).map { unit, core in
            core.digest(
                manifest: lease.manifest,
                steward: steward,
                round: lease.round,
                unit: unit
            )
        }
        return ResultStatement(
            worker: worker,
            manifest: lease.manifest,
            steward: steward,
            round: lease.round,
            units: lease.units,
            digests: digests,
            operations: cores.map(\.operations),
            nonce: nonce(secret: secret, worker: worker),
            setHash: setHash
        )
    }

    /// The COMMIT that hides the result.
    func commitStatement(worker: PeerID, secret: Bytes) -> CommitStatement {
        let result = resultStatement(worker: worker, secret: secret, setHash: .zero)
        return CommitStatement(
            worker: worker,
            manifest: lease.manifest,
            steward: steward,
            round: lease.round,
            units: lease.units,
            commit: result.commitment
        )
    }

    /// The set of one that a lease of one seat stands for.
    func loneSet(worker: PeerID, commit: Digest) -> CommitSet {
        CommitSet(
            steward: steward,
            manifest: lease.manifest,
            round: lease.round,
            units: lease.units,
            epoch: lease.epoch,
            seatCount: 1,
            members: [
                SetMember(
                    worker: worker,
                    seat: lease.seat,
                    widening: lease.widening,
                    commit: commit
                )
            ]
        )
    }
}

// MARK: - The journal's row

extension Bundle {
    /// The row that brings a sealed bundle back.
    var row: JournalRow {
        var encoder = CBOREncoder()
        encoder.array(7)
        encoder.units(lease.units)
        encoder.unsigned(UInt64(lease.seatCount))
        encoder.unsigned(lease.epoch)
        encoder.unsigned(UInt64(lease.seat))
        encoder.unsigned(UInt64(lease.widening))
        encoder.unsigned(lease.commitMilliseconds)
        encoder.array(cores.count)
        for core in cores {
            encoder.array(3)
            core.encode(into: &encoder)
        }
        return JournalRow(.bundles, key: Self.rowKey(key), value: encoder.bytes)
    }

    static func rowKey(_ key: BundleKey) -> Bytes {
        var encoder = CBOREncoder()
        encoder.array(4)
        encoder.identifier(key.manifest)
        encoder.identifier(key.steward)
        encoder.unsigned(UInt64(key.round.number))
        encoder.unsigned(UInt64(key.round.firstUnit))
        return encoder.bytes
    }

    /// The sealed bundle of a row; its lease gets one fresh lease time.
    init(rowKey: Bytes, value: Bytes, at now: Instant) throws(DecodeError) {
        var key = CBORDecoder(rowKey)
        try key.array(exactly: 4)
        let manifest: ManifestID = try key.identifier()
        steward = try key.identifier()
        let round = try key.unsigned32(field: "round")
        var decoder = CBORDecoder(value)
        try decoder.array(exactly: 7)
        lease = Lease(
            manifest: manifest,
            units: try decoder.units(),
            seatCount: try decoder.unsigned8(field: "seats"),
            epoch: try decoder.unsigned(),
            round: round,
            seat: try decoder.unsigned8(field: "seat"),
            widening: try decoder.unsigned8(field: "widening"),
            commitMilliseconds: try decoder.unsigned(),
            holders: []
        )
        cores = try decoder.list(upTo: Limits.unitsPerBundle) { (decoder) throws(DecodeError) in
            try decoder.array(exactly: 3)
            return try Core(from: &decoder)
        }
        try decoder.finish()
        state = .sealed
        end = now.advanced(by: .milliseconds(lease.commitMilliseconds))
        giveUp = now.advanced(
            by: TimeSpan.milliseconds(lease.commitMilliseconds).times(WorkLimits.patienceLeases)
        )
        resendAt = now
    }
}
