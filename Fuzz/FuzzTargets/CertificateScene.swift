import Ledger
package import Primitives
package import TestSupport
package import Wire

/// A job, and everything that honest peers have signed in it: what an attacker has to work with.
///
/// The attacker is a steward and holds its key alone. One worker lies, always the same lie; all
/// others find what is true.
package struct CertificateScene: Sendable {
    /// The steward whose key the attacker holds.
    package static let attacker = TestGrid.peer(1)
    /// An honest steward.
    static let steward = TestGrid.peer(5)
    /// The worker that finds something else.
    package static let liar = TestGrid.peer(9)
    /// The lie: a variant of the cores; the truth is 0.
    package static let lie: UInt64 = 1

    /// The job.
    package let grid: TestGrid
    /// The certificates that honest stewards would make of the rounds.
    package let certificates: [Signed<Certificate>]
    /// The items of a ledger that holds all of it.
    let items: [Item]
    /// What workers have stated, in every one of them.
    let facts: Set<CertificateFact>
    /// The words of the project.
    let rulings: Set<EmbeddedRuling>
    /// The job's id.
    let id: ManifestID
    /// A ledger that knows the job and nothing else.
    let emptyLedger: CreditLedger
    /// A ledger that holds every honest certificate.
    let fullLedger: CreditLedger

    private init(_ grid: TestGrid, _ certificates: [Certificate]) {
        self.grid = grid
        self.certificates = certificates.map { grid.sign($0) }
        facts = Set(certificates.flatMap { CertificateFact.all(in: $0) })
        rulings = Set(certificates.flatMap(\.rulings))
        id = grid.id
        items =
            [.manifest(grid.signedManifest)] + self.certificates.map { .certificate($0) }
            + self.certificates.map { .opening(grid.opening(of: $0)) }
        emptyLedger = Self.ledger(items.prefix(1))
        fullLedger = Self.ledger(items[...])
    }

    private static func ledger(_ items: ArraySlice<Item>) -> CreditLedger {
        var ledger = CreditLedger()
        for item in items {
            _ = ledger.insert(item.verifiedHere, epoch: TestGrid.epoch, at: .zero)
        }
        return ledger
    }

    // MARK: - The scenes

    /// Two seats a vote.
    package static let strict = voted(.strict, nonce: 1)
    /// Two seats a vote, or one.
    static let adaptive = voted(.adaptive, nonce: 2)
    /// One seat a vote.
    static let single = lone(.single, nonce: 3)
    /// Every scene; they are jobs of one project, in which the same peers take part.
    package static let all = [strict, adaptive, single]

    /// Tickets matter in a population of 12: two doublings admit everybody.
    private static let population: UInt64 = 12
    private static let widening: UInt8 = 2
    /// More than a shard.
    private static let unitCount = Limits.unitsPerShard + 4

    private static func grid(_ policy: Policy, nonce: UInt64) -> TestGrid {
        TestGrid(units: unitCount, policy: policy, population: population, nonce: nonce)
    }

    private static func round(
        _ number: UInt32,
        of steward: PeerID,
        on units: [UInt32],
        _ votes: [(UInt64, variant: UInt64?)],
        epoch: UInt64 = TestGrid.epoch
    ) -> TestRound {
        let voters = votes.map { (TestGrid.peer($0.0), variant: $0.variant) }
        var round = TestRound(number, of: steward, on: units, votes: voters, epoch: epoch)
        for index in round.voters.indices where votes.count > 1 {
            round.voters[index].widening = widening
        }
        return round
    }

    /// A job with a quorum of each steward, a dispute, rulings and audits.
    private static func voted(_ policy: Policy, nonce: UInt64) -> CertificateScene {
        let grid = grid(policy, nonce: nonce)
        let quorum = round(0, of: attacker, on: [1, 2], [(2, variant: 0), (3, variant: 0)])
        let disputed: [UInt32] = [3, 4]
        let dispute = [
            round(1, of: attacker, on: disputed, [(2, variant: 0), (9, variant: lie)]),
            round(2, of: attacker, on: disputed, [(3, variant: 0)]),
            round(3, of: attacker, on: disputed, [(4, variant: 0)], epoch: TestGrid.epoch + 1),
            round(4, of: attacker, on: disputed, [(6, variant: 0)]),
        ]
        let silent = round(5, of: attacker, on: [5], [(2, variant: 0), (4, variant: nil)])
        let other = round(0, of: steward, on: [6, 7], [(4, variant: 0), (6, variant: 0)])
        let far = round(1, of: steward, on: [256, 257], [(3, variant: 0), (6, variant: 0)])
        let audit = round(2, of: steward, on: [1, 2], [(6, variant: 0)])
        let ruled = [3, 4].map { UnitCore(unit: $0, core: TestGrid.core($0)) }
        let word = [UnitCore(unit: 5, core: TestGrid.core(5))]
        func make(
            _ vote: CertificateKind,
            of steward: PeerID,
            _ rounds: [TestRound],
            _ rulings: [UnitCore] = []
        ) -> Certificate {
            grid.certificate(
                vote,
                of: steward,
                units: rounds[0].units,
                rounds: rounds,
                rulings: rulings
            )
        }
        var certificates = [
            make(.quorum, of: attacker, [quorum]), make(.panel, of: attacker, dispute),
            make(.ruling, of: attacker, Array(dispute.prefix(1)), ruled),
            make(.ruling, of: attacker, [silent], word), make(.quorum, of: steward, [other]),
            make(.quorum, of: steward, [far]), make(.audit, of: steward, [audit]),
        ]
        if policy == .adaptive {
            let alone = round(6, of: attacker, on: [8], [(4, variant: 0)])
            certificates.append(make(.single, of: attacker, [alone]))
        }
        return CertificateScene(grid, certificates)
    }

    /// A job whose units have one result each.
    private static func lone(_ policy: Policy, nonce: UInt64) -> CertificateScene {
        let grid = grid(policy, nonce: nonce)
        let rounds = [
            round(0, of: attacker, on: [1, 2], [(2, variant: 0)]),
            round(1, of: attacker, on: [3], [(9, variant: lie)]),
            round(0, of: steward, on: [4, 5], [(3, variant: 0)]),
        ]
        let certificates = rounds.map { round in
            grid.certificate(.single, of: round.steward, units: round.units, rounds: [round])
        }
        return CertificateScene(grid, certificates)
    }
}

/// What one worker has stated in one round, field by field, with whom it shared the round.
///
/// It is compared without a hash of the project's own, so that a field that no hash covered would
/// be found out.
struct CertificateFact: Hashable, Sendable {
    private struct Seat: Hashable, Comparable {
        let worker: PeerID
        let seat: UInt8
        let widening: UInt8

        static func < (left: Seat, right: Seat) -> Bool { left.worker < right.worker }
    }

    /// Who states it.
    let worker: PeerID
    private let manifest: ManifestID
    private let steward: PeerID
    private let round: UInt32
    private let units: [UInt32]
    private let epoch: UInt64
    private let seatCount: UInt8
    private let seats: [Seat]
    private let nonce: Bytes
    private let digests: [Digest]
    private let operations: [UInt64]

    /// Every statement of a worker in `certificate`.
    static func all(in certificate: Certificate) -> [CertificateFact] {
        certificate.entries.map { CertificateFact($0, certificate) }
    }

    private init(_ entry: CertificateEntry, _ certificate: Certificate) {
        let set = certificate.sets[Int(entry.set)]
        worker = entry.worker
        manifest = certificate.manifest
        steward = set.steward
        round = set.round
        units = set.units
        epoch = set.epoch
        seatCount = set.seatCount
        seats = certificate.seats(ofSet: Int(entry.set))
            .map { Seat(worker: $0.worker, seat: $0.seat, widening: $0.widening) }.sorted()
        nonce = entry.nonce
        digests = entry.digests
        operations = entry.operations
    }
}
