package import Primitives
package import Wire

/// One round of a vote: who sat where, and what each found.
package struct TestRound: Sendable {
    /// A seat that was taken and promised.
    package struct Voter: Sendable {
        /// Who.
        package var worker: PeerID
        /// In which seat.
        package var seat: UInt8
        /// How often the seat's admission had doubled.
        package var widening: UInt8 = 0
        /// What it found, one core for each unit; nil when it never revealed.
        package var cores: [Core]?
    }

    /// The steward.
    package var steward: PeerID
    /// The steward's round.
    package var number: UInt32
    /// The bundle.
    package var units: [UInt32]
    /// UTC hours since 1970.
    package var epoch: UInt64
    /// Seats that the set claims to have.
    package var seatCount: UInt8
    /// The voters, by seat.
    package var voters: [Voter]
    /// Whether the steward signs the set.
    package var isSigned: Bool

    /// A round in which each of `votes` fills a seat; nil stands for a result never revealed.
    package init(
        _ number: UInt32,
        of steward: PeerID,
        on units: [UInt32],
        votes: [(PeerID, variant: UInt64?)],
        epoch: UInt64 = TestGrid.epoch
    ) {
        self.steward = steward
        self.number = number
        self.units = units
        self.epoch = epoch
        seatCount = UInt8(votes.count)
        isSigned = votes.count > 1
        voters = votes.enumerated().map { index, vote in
            Voter(
                worker: vote.0,
                seat: UInt8(index),
                cores: vote.variant.map { TestGrid.cores(units, variant: $0) }
            )
        }
    }
}

extension TestGrid {
    /// The lease that a voter of `round` answered.
    private func lease(_ round: TestRound, _ voter: TestRound.Voter) -> Lease {
        Lease(
            manifest: id,
            units: round.units,
            seatCount: round.seatCount,
            epoch: round.epoch,
            round: round.number,
            seat: voter.seat,
            widening: voter.widening,
            commitMilliseconds: 1_000,
            holders: []
        )
    }

    /// The commit set of `round`.
    package func commitSet(_ round: TestRound) -> CommitSet {
        CommitSet(
            steward: round.steward,
            manifest: id,
            round: round.number,
            units: round.units,
            epoch: round.epoch,
            seatCount: round.seatCount,
            members: round.voters.map { voter in
                let cores = voter.cores ?? Self.cores(round.units)
                let promise = commit(
                    lease(round, voter),
                    of: round.steward,
                    by: voter.worker,
                    cores: cores
                )
                return SetMember(
                    worker: voter.worker,
                    seat: voter.seat,
                    widening: voter.widening,
                    commit: promise.body.commit
                )
            }
        )
    }

    /// A certificate of `steward` over `rounds`, every statement inside signed by its signer.
    ///
    /// `rulings` names the core that the project rules for, by unit.
    package func certificate(
        _ vote: CertificateKind,
        of steward: PeerID,
        units: [UInt32],
        rounds: [TestRound],
        rulings: [UnitCore] = []
    ) -> Certificate {
        var sets: [CertificateSet] = []
        var entries: [CertificateEntry] = []
        for (index, round) in rounds.enumerated() {
            let set = commitSet(round)
            sets.append(
                CertificateSet(
                    steward: round.steward,
                    round: round.number,
                    units: round.units,
                    epoch: round.epoch,
                    seatCount: round.seatCount,
                    signature: round.isSigned ? sign(set).signature : nil,
                    unrevealed: set.members.filter { member in
                        round.voters.contains {
                            $0.worker == member.worker && $0.cores == nil
                        }
                    }
                )
            )
            entries += self.entries(round, set: UInt8(index), hash: set.hash)
        }
        let isOpened = vote == .panel || vote == .audit || vote == .ruling
        return Certificate(
            manifest: id,
            steward: steward,
            vote: vote,
            units: units,
            sets: sets,
            entries: entries,
            openings: isOpened ? openings(of: units, rounds, rulings) : [],
            rulings: rulings.map { EmbeddedRuling(ruling(on: $0)) }
        )
    }

    /// The project's word on a unit.
    package func ruling(on unit: UnitCore, epoch: UInt64 = TestGrid.epoch) -> Signed<Ruling> {
        sign(
            Ruling(
                project: project,
                manifest: id,
                unit: unit.unit,
                core: unit.core,
                epoch: epoch
            )
        )
    }

    /// A certificate of two equal results on `units`.
    package func quorum(
        of steward: PeerID = TestGrid.peer(1),
        round: UInt32 = 0,
        on units: [UInt32],
        by workers: [PeerID] = [TestGrid.peer(2), TestGrid.peer(3)],
        variant: UInt64 = 0,
        epoch: UInt64 = TestGrid.epoch
    ) -> Certificate {
        let votes = workers.map { ($0, variant: Optional(variant)) }
        let round = TestRound(round, of: steward, on: units, votes: votes, epoch: epoch)
        return certificate(.quorum, of: steward, units: units, rounds: [round])
    }

    /// The cores behind `certificate`, all of one variant.
    package func opening(
        of certificate: Signed<Certificate>,
        variant: UInt64 = 0
    ) -> Opening {
        Opening(
            manifest: id,
            certificate: certificate.id,
            cores: certificate.body.units.map {
                UnitCore(unit: $0, core: Self.core($0, variant: variant))
            }
        )
    }

    private func entries(
        _ round: TestRound,
        set index: UInt8,
        hash: Digest
    ) -> [CertificateEntry] {
        round.voters.compactMap { voter -> CertificateEntry? in
            guard let cores = voter.cores else { return nil }
            let result = result(
                lease(round, voter),
                of: round.steward,
                by: voter.worker,
                cores: cores,
                setHash: hash
            )
            return CertificateEntry(
                set: index,
                worker: voter.worker,
                seat: voter.seat,
                widening: voter.widening,
                nonce: result.nonce,
                digests: result.digests,
                operations: result.operations,
                signature: sign(result).signature
            )
        }.sorted { $0.worker < $1.worker }
    }

    private func openings(
        of units: [UInt32],
        _ rounds: [TestRound],
        _ rulings: [UnitCore]
    ) -> [UnitCore] {
        units.flatMap { unit in
            var cores = SortedTable<Digest, Core>()
            for ruling in rulings where ruling.unit == unit {
                cores[ruling.core.hash] = ruling.core
            }
            for round in rounds {
                guard let offset = round.units.firstIndex(of: unit) else { continue }
                for voter in round.voters {
                    if let core = voter.cores?[offset] { cores[core.hash] = core }
                }
            }
            return cores.values.map { UnitCore(unit: unit, core: $0) }
        }
    }
}
