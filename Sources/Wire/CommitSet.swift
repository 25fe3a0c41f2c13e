package import Primitives

/// One promise in a commit set.
package struct SetMember: Hashable, Sendable {
    /// Who promised.
    package let worker: PeerID
    /// Which seat of the bundle it has.
    package let seat: UInt8
    /// How often the seat's admission had doubled.
    package let widening: UInt8
    /// The promise.
    package let commit: Digest

    /// A promise of `worker` in `seat`.
    package init(worker: PeerID, seat: UInt8, widening: UInt8, commit: Digest) {
        self.worker = worker
        self.seat = seat
        self.widening = widening
        self.commit = commit
    }

    /// Writes the member: an array of four.
    package func encode(into encoder: inout CBOREncoder) {
        encoder.array(4)
        encoder.identifier(worker)
        encoder.unsigned(UInt64(seat))
        encoder.unsigned(UInt64(widening))
        encoder.digest(commit)
    }

    /// Reads the member: an array of four.
    package init(from decoder: inout CBORDecoder) throws(DecodeError) {
        try decoder.array(exactly: 4)
        worker = try decoder.identifier()
        seat = try decoder.unsigned8(field: "seat")
        widening = UInt8(
            try decoder.unsigned(upTo: UInt64(Limits.wideningMax), field: "widening")
        )
        commit = try decoder.digest()
    }
}

/// COMMITSET: every promise of one round, closed by the steward before any result is revealed.
package struct CommitSet: StatementBody {
    package static let kind = StatementKind.commitSet

    /// The steward, which signs.
    package let steward: PeerID
    /// The job.
    package let manifest: ManifestID
    /// The steward's round.
    package let round: UInt32
    /// The bundle, ascending.
    package let units: [UInt32]
    /// UTC hours since 1970; workers refuse one that is more than 1 off.
    package let epoch: UInt64
    /// Seats of the round.
    package let seatCount: UInt8
    /// The promises, ascending by worker.
    package let members: [SetMember]

    /// A set with every field given; `members` may come in any order.
    package init(
        steward: PeerID,
        manifest: ManifestID,
        round: UInt32,
        units: [UInt32],
        epoch: UInt64,
        seatCount: UInt8,
        members: [SetMember]
    ) {
        self.steward = steward
        self.manifest = manifest
        self.round = round
        self.units = units
        self.epoch = epoch
        self.seatCount = seatCount
        self.members = members.sorted { $0.worker < $1.worker }
    }

    package var signer: Digest { steward.digest }

    package var slots: [Slot] {
        Slot.bundle(
            .commitSet,
            signer: steward,
            manifest: manifest,
            steward: steward,
            round: round,
            units: units
        )
    }

    /// `H("starling/set/1", manifest, steward, round, [units], epoch, k, [members])`.
    package var hash: Digest {
        taggedHash("starling/set/1", count: 7) { encoder in
            encoder.identifier(manifest)
            encoder.identifier(steward)
            encoder.unsigned(UInt64(round))
            encoder.units(units)
            encoder.unsigned(epoch)
            encoder.unsigned(UInt64(seatCount))
            encoder.array(members.count)
            for member in members { member.encode(into: &encoder) }
        }
    }

    package func encode(into encoder: inout CBOREncoder) {
        encoder.map(7)
        encoder.unsigned(1)
        encoder.identifier(steward)
        encoder.unsigned(2)
        encoder.identifier(manifest)
        encoder.unsigned(3)
        encoder.unsigned(UInt64(round))
        encoder.unsigned(4)
        encoder.units(units)
        encoder.unsigned(5)
        encoder.unsigned(epoch)
        encoder.unsigned(6)
        encoder.unsigned(UInt64(seatCount))
        encoder.unsigned(7)
        encoder.array(members.count)
        for member in members { member.encode(into: &encoder) }
    }

    package init(from decoder: inout CBORDecoder) throws(DecodeError) {
        try decoder.map(exactly: 7)
        try decoder.key(1)
        steward = try decoder.identifier()
        try decoder.key(2)
        manifest = try decoder.identifier()
        try decoder.key(3)
        round = try decoder.unsigned32(field: "round")
        try decoder.key(4)
        units = try decoder.units()
        try decoder.key(5)
        epoch = try decoder.unsigned()
        try decoder.key(6)
        seatCount = try decoder.unsigned8(field: "seats")
        try decoder.key(7)
        members = try decoder.members()
    }
}

extension CBORDecoder {
    /// The members of a set, ascending by worker.
    mutating func members() throws(DecodeError) -> [SetMember] {
        try ascending(
            upTo: Limits.membersPerSet,
            field: "members",
            by: { $0.worker },
            { (decoder) throws(DecodeError) in try SetMember(from: &decoder) }
        )
    }
}
