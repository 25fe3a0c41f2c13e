package import Primitives
package import Wire

/// What a worker revealed in a round.
package struct Revealed: Hashable, Sendable {
    /// The signed result.
    package let result: Signed<ResultStatement>
    /// One core for each unit of the bundle, in its order.
    package let cores: [Core]
}

/// What a worker has committed to; the statement follows from this and its round.
package struct Promise: Hashable, Sendable {
    /// The commitment.
    package let commit: Digest
    /// The worker's signature on the COMMIT.
    package let signature: Signature

    init(_ signed: Signed<CommitStatement>) {
        commit = signed.body.commit
        signature = signed.signature
    }
}

/// A worker in a seat.
package struct Occupant: Hashable, Sendable {
    /// Who sits there.
    package let worker: PeerID
    /// Whose machine it is, as far as was known when the seat was taken.
    package var owner: OwnerID
    /// Where it was seen when the seat was taken, if that was known.
    package let network: NetworkPrefix?
    /// What its word was worth when the seat was taken.
    package let trustClass: TrustClass
    /// How often the seat's admission had doubled when it was taken.
    package let widening: UInt8
    /// Its promise.
    package var promise: Promise?
    /// Its result.
    package var revealed: Revealed?

    /// What it has committed to.
    package var commit: Digest? { promise?.commit }
}

/// A seat of a round.
package struct Seat: Hashable, Sendable {
    /// Since when it has been free or, when taken, since when its lease has run; never stored.
    package var since: Instant
    /// Who has it.
    package var occupant: Occupant?

    /// Whether nobody has it; a comparison of optional occupants would copy both.
    var isFree: Bool {
        if case .none = occupant { true } else { false }
    }
}

/// A second worker for a seat whose worker is slow: the first of the two to promise has the seat.
package struct Duplicate: Hashable, Sendable {
    /// The seat.
    package let seat: Int
    /// Since when its lease has run; never stored.
    package let since: Instant
    /// Who computes the same.
    package let occupant: Occupant
}

/// One round of a bundle at its steward.
///
/// ```
/// leasing ─commits of all seats─▶ closing ─set signed─▶ revealing ─all revealed, or late─▶ closed
/// leasing ─the only seat revealed─▶ closed                                   (one seat: no set)
/// ```
package struct Round: Sendable {
    /// How far it is.
    package enum Phase: Hashable, Sendable {
        /// Seats are given and promises taken.
        case leasing
        /// Every promise is there; the set is being signed.
        case closing
        /// The set is out; results come in until then.
        case revealing(until: Instant)
        /// Nothing more is taken.
        case closed
    }

    /// What its votes are for.
    package enum Purpose: UInt8, Sendable {
        /// The first vote on its units.
        case firstVote = 0
        /// One more voter in a dispute.
        case furtherVote = 1
        /// A look at a vote that is certified.
        case audit = 2
    }

    /// The steward's number for it.
    package let number: UInt32
    /// The bundle, ascending.
    package let units: [UInt32]
    /// UTC hours since 1970 when it began or, once there is one, of its set.
    package var epoch: UInt64
    /// What its votes are for.
    package let purpose: Purpose
    /// The seats, numbered from 0.
    package var seats: [Seat]
    /// A second worker for a seat that is leased.
    package var duplicate: Duplicate?
    /// Whether a second worker was faster than the first: that happens once in a round, so that
    /// machines that are quick to lie cannot take all seats from slow ones.
    package var isOvertaken = false
    /// Owners whose leases of it ran out, latest last; never stored.
    private(set) var lapsed: [OwnerID] = []
    /// How far it is.
    package var phase: Phase
    /// The signed set, once there is one.
    package var set: Signed<CommitSet>?

    /// A round with free seats.
    init(
        number: UInt32,
        units: [UInt32],
        epoch: UInt64,
        purpose: Purpose,
        seatCount: UInt8,
        at now: Instant
    ) {
        self.number = number
        self.units = units
        self.epoch = epoch
        self.purpose = purpose
        seats = Array(repeating: Seat(since: now), count: Int(seatCount))
        phase = .leasing
    }

    /// Its name within the shard.
    package var key: RoundKey { RoundKey(number: number, firstUnit: units[0]) }

    /// Whether it is the first vote on its units.
    package var isFirstVote: Bool { purpose == .firstVote }

    /// Whether results may still come.
    package var isOpen: Bool { phase != .closed }

    /// The seat of `worker`, if it has one.
    package func seat(of worker: PeerID) -> Int? {
        seats.indices.first { seats[$0].occupant?.worker == worker }
    }

    /// Whether somebody may still take a seat.
    var hasFreeSeat: Bool {
        phase == .leasing && seats.indices.contains { seats[$0].isFree }
    }

    /// Notes that an owner's lease ran out.
    mutating func noteLapse(of owner: OwnerID) {
        lapsed.removeAll { $0 == owner }
        if lapsed.count == WorkLimits.lapsesMax { lapsed.removeFirst() }
        lapsed.append(owner)
    }

    /// Seats that a newcomer has or doubles.
    var newcomers: Int {
        let isNew = { (occupant: Occupant?) in occupant?.trustClass == .newcomer }
        return seats.indices.count { index in
            isNew(seats[index].occupant)
                || duplicate?.seat == index && isNew(duplicate?.occupant)
        }
    }

    /// Whether `candidate` or another machine of its owner has a seat, or doubles one.
    func hasLease(_ candidate: Candidate) -> Bool {
        seats.indices.contains { seats[$0].occupant.map(candidate.shares(with:)) ?? false }
            || duplicate.map { candidate.shares(with: $0.occupant) } ?? false
    }

    /// Whether `candidate` or another machine of its owner has revealed a result.
    func hasVote(of candidate: Candidate) -> Bool {
        seats.indices.contains { index in
            guard let occupant = seats[index].occupant, candidate.shares(with: occupant),
                case .some = occupant.revealed
            else { return false }
            return true
        }
    }

    /// Everybody who has a lease or a seat, a second worker last.
    package var occupants: [Occupant] {
        seats.compactMap(\.occupant) + (duplicate.map { [$0.occupant] } ?? [])
    }

    /// Workers that have promised, in seat order.
    package var committed: [Occupant] {
        seats.compactMap { seat in seat.occupant?.commit == nil ? nil : seat.occupant }
    }

    /// The commit set that the promises make.
    package func commitSet(steward: PeerID, manifest: ManifestID) -> CommitSet {
        let members = seats.indices.compactMap { index -> SetMember? in
            guard let occupant = seats[index].occupant, let commit = occupant.commit else {
                return nil
            }
            return SetMember(
                worker: occupant.worker,
                seat: UInt8(index),
                widening: occupant.widening,
                commit: commit
            )
        }
        return CommitSet(
            steward: steward,
            manifest: manifest,
            round: number,
            units: units,
            epoch: epoch,
            seatCount: UInt8(seats.count),
            members: members
        )
    }

    /// The set of one that a worker builds from its lease of the only seat.
    func loneSet(
        of commit: CommitStatement,
        steward: PeerID,
        manifest: ManifestID
    ) -> CommitSet {
        let member = SetMember(
            worker: commit.worker,
            seat: 0,
            widening: 0,
            commit: commit.commit
        )
        return CommitSet(
            steward: steward,
            manifest: manifest,
            round: number,
            units: units,
            epoch: epoch,
            seatCount: 1,
            members: [member]
        )
    }

    /// How often the admission of `seat` has doubled by now: once each half lease that it is free.
    ///
    /// A seat of one needs no ticket and stays at 0: its worker builds the set from its lease, so a
    /// second lease of the same seat must make the same set.
    func widening(of seat: Int, lease: TimeSpan, at now: Instant) -> UInt8 {
        guard seats.count > 1 else { return 0 }
        let halves = now.since(seats[seat].since).nanoseconds / max(1, lease.nanoseconds / 2)
        return UInt8(min(halves, UInt64(Limits.wideningMax)))
    }
}

// MARK: - The journal's row

extension Round {
    /// The row that brings the round back after a crash; times are not in it.
    func row(of shard: ShardKey) -> JournalRow {
        var encoder = CBOREncoder()
        encoder.array(9)
        encoder.unsigned(UInt64(number))
        encoder.units(units)
        encoder.unsigned(epoch)
        encoder.unsigned(UInt64(purpose.rawValue))
        encoder.bool(phase == .closed)
        if let set { encoder.byteString(set.envelope) } else { encoder.null() }
        encoder.array(seats.count)
        for seat in seats {
            if let occupant = seat.occupant {
                occupant.encode(into: &encoder)
            } else {
                encoder.null()
            }
        }
        if let duplicate {
            encoder.array(2)
            encoder.unsigned(UInt64(duplicate.seat))
            duplicate.occupant.encode(into: &encoder)
        } else {
            encoder.null()
        }
        encoder.bool(isOvertaken)
        return JournalRow(.rounds, key: Self.rowKey(of: shard, key), value: encoder.bytes)
    }

    /// The round that a row's value holds; leases and reveals get fresh time from `now`.
    init(row value: Bytes, reveal: TimeSpan, at now: Instant) throws(DecodeError) {
        var decoder = CBORDecoder(value)
        try decoder.array(exactly: 9)
        number = try decoder.unsigned32(field: "round")
        units = try decoder.units()
        epoch = try decoder.unsigned()
        let start = decoder.position
        guard let purpose = Purpose(rawValue: try decoder.unsigned8(field: "purpose")) else {
            throw .outOfRange(at: start, field: "purpose")
        }
        self.purpose = purpose
        let isClosed = try decoder.bool()
        set =
            try decoder.null()
            ? nil : try Signed(envelope: try decoder.byteString(upTo: Limits.statementByteCount))
        seats = try decoder.list(upTo: Limits.membersPerSet) { (decoder) throws(DecodeError) in
            Seat(since: now, occupant: try decoder.null() ? nil : try Occupant(from: &decoder))
        }
        if try !decoder.null() {
            try decoder.array(exactly: 2)
            let start = decoder.position
            let seat = Int(try decoder.unsigned8(field: "seat"))
            guard seat < seats.count else { throw .outOfRange(at: start, field: "seat") }
            duplicate = Duplicate(seat: seat, since: now, occupant: try Occupant(from: &decoder))
        }
        isOvertaken = try decoder.bool()
        try decoder.finish()
        phase =
            isClosed ? .closed : set == nil ? .leasing : .revealing(until: now.advanced(by: reveal))
    }

    /// The key of its row.
    static func rowKey(of shard: ShardKey, _ key: RoundKey) -> Bytes {
        var encoder = CBOREncoder()
        encoder.array(4)
        encoder.identifier(shard.manifest)
        encoder.unsigned(UInt64(shard.shard))
        encoder.unsigned(UInt64(key.number))
        encoder.unsigned(UInt64(key.firstUnit))
        return encoder.bytes
    }
}

extension Occupant {
    fileprivate func encode(into encoder: inout CBOREncoder) {
        encoder.array(7)
        encoder.identifier(worker)
        encoder.identifier(owner)
        if let network { encoder.unsigned(network.rawValue) } else { encoder.null() }
        encoder.unsigned(UInt64(trustClass.rawValue))
        encoder.unsigned(UInt64(widening))
        if let promise { promise.encode(into: &encoder) } else { encoder.null() }
        if let revealed { revealed.encode(into: &encoder) } else { encoder.null() }
    }

    fileprivate init(from decoder: inout CBORDecoder) throws(DecodeError) {
        try decoder.array(exactly: 7)
        worker = try decoder.identifier()
        owner = try decoder.identifier()
        network = try decoder.null() ? nil : NetworkPrefix(rawValue: try decoder.unsigned())
        let start = decoder.position
        let value = Int(try decoder.unsigned8(field: "class"))
        guard let trustClass = TrustClass(rawValue: value) else {
            throw .outOfRange(at: start, field: "class")
        }
        self.trustClass = trustClass
        widening = try decoder.unsigned8(field: "widening")
        promise = try decoder.null() ? nil : try Promise(from: &decoder)
        revealed = try decoder.null() ? nil : try Revealed(from: &decoder)
    }
}

extension Promise {
    fileprivate func encode(into encoder: inout CBOREncoder) {
        encoder.array(2)
        encoder.digest(commit)
        encoder.signature(signature)
    }

    fileprivate init(from decoder: inout CBORDecoder) throws(DecodeError) {
        try decoder.array(exactly: 2)
        commit = try decoder.digest()
        signature = try decoder.signature()
    }
}

extension Revealed {
    fileprivate func encode(into encoder: inout CBOREncoder) {
        encoder.array(2)
        encoder.byteString(result.envelope)
        encoder.array(cores.count)
        for core in cores {
            encoder.array(3)
            core.encode(into: &encoder)
        }
    }

    fileprivate init(from decoder: inout CBORDecoder) throws(DecodeError) {
        try decoder.array(exactly: 2)
        result = try Signed(
            envelope: try decoder.byteString(upTo: Limits.statementByteCount)
        )
        cores = try decoder.list(upTo: Limits.unitsPerBundle) { (decoder) throws(DecodeError) in
            try decoder.array(exactly: 3)
            return try Core(from: &decoder)
        }
    }
}

extension ShardKey {
    /// The shard that the key of a steward's row names.
    init(rowKey: Bytes) throws(DecodeError) {
        var decoder = CBORDecoder(rowKey)
        guard try decoder.array(upTo: 4) >= 2 else { throw .outOfRange(at: 0, field: "row key") }
        manifest = try decoder.identifier()
        shard = try decoder.unsigned32(field: "shard")
    }

    /// The key of the row that holds the floor of the rounds' numbers.
    var floorRowKey: Bytes {
        var encoder = CBOREncoder()
        encoder.array(2)
        encoder.identifier(manifest)
        encoder.unsigned(UInt64(shard))
        return encoder.bytes
    }

    /// The row that keeps `floor`.
    func row(floor: UInt32) -> JournalRow {
        var encoder = CBOREncoder()
        encoder.unsigned(UInt64(floor))
        return JournalRow(.rounds, key: floorRowKey, value: encoder.bytes)
    }
}
