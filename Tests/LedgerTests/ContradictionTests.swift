import Ledger
import Primitives
import TestSupport
import Testing
import Wire

/// Who says two things for one slot: how certificates prove it, and what comes of a proof.
@Suite struct ContradictionTests {
    private static let grid = TestGrid(units: 8, policy: .adaptive, submitter: TestGrid.peer(99))
    private let hour = TestGrid.epoch

    private func peer(_ number: UInt64) -> PeerID { TestGrid.peer(number) }

    /// A certificate of a round of the steward 1 that certifies `units`, of more if so.
    private func certificate(
        _ kind: CertificateKind = .quorum,
        of steward: UInt64 = 1,
        round: UInt32 = 0,
        on units: [UInt32],
        certified: [UInt32]? = nil,
        votes: [(UInt64, variant: UInt64)]
    ) -> Signed<Certificate> {
        let cast = votes.map { (peer($0.0), variant: UInt64?.some($0.variant)) }
        let round = TestRound(round, of: peer(steward), on: units, votes: cast)
        return Self.grid.sign(
            Self.grid.certificate(
                kind,
                of: peer(steward),
                units: certified ?? units,
                rounds: [round]
            )
        )
    }

    /// What the last of `certificates` proves in a ledger that holds them all, and the ledger.
    private func proofs(
        _ certificates: [Signed<Certificate>]
    ) throws -> (faults: [Fault], fixture: LedgerFixture) {
        var fixture = LedgerFixture.withJob(Self.grid)
        for signed in certificates { fixture.take(.certificate(signed)) }
        let last = try #require(certificates.last)
        return (fixture.ledger.contradictions(of: last), fixture)
    }

    // MARK: - What is proven

    @Test func aStewardThatCertifiesTwoVotesAsOneIsProven() throws {
        let votes = [
            certificate(on: [1], votes: [(2, 0), (3, 0)]),
            certificate(on: [1], votes: [(4, 0), (5, 0)]),
        ]
        for order in [votes, votes.reversed()] {
            let (faults, fixture) = try proofs(order)
            #expect(faults.map(\.culprit) == [peer(1)] && faults.map(\.manifest) == [Self.grid.id])
            for fault in faults {
                let checked = try Verified(
                    checking: Item.fault(fault),
                    with: Self.grid.verifier,
                    in: Self.grid.network
                )
                var ledger = fixture.ledger
                #expect(ledger.insert(checked, epoch: hour, at: .zero) == .accepted([]))
                #expect(ledger.insert(checked, epoch: hour, at: .zero) == .known)
                #expect(ledger.contradictions(of: votes[1]).isEmpty, "one proof is enough")
            }
        }
    }

    /// Neither certificate is about a unit of the other.
    @Test func aStewardThatClosesTwoSetsOverOneUnitIsProven() throws {
        let votes = [
            certificate(on: [0, 1], certified: [0], votes: [(2, 0), (3, 0)]),
            certificate(on: [1, 2], certified: [2], votes: [(4, 0), (5, 0)]),
        ]
        let faults = try proofs(votes).faults
        #expect(faults.map(\.culprit) == [peer(1)] && faults.map(\.kind) == [.commitSet])
        #expect(faults == (try proofs(votes.reversed()).faults))
    }

    @Test func aWorkerThatRevealsToTwoSetsIsProvenWithItsSteward() throws {
        let faults = try proofs([
            certificate(on: [1], votes: [(2, 0), (3, 0)]),
            certificate(on: [1], votes: [(2, 0), (4, 0)]),
        ]).faults
        #expect(faults.map(\.culprit).sorted() == [peer(1), peer(2)])
        #expect(faults.first { $0.culprit == peer(2) }?.kind == .result)
    }

    /// No set is signed for a round of one seat, and an audit is another kind of certificate.
    @Test func aWorkerThatSaysTwoThingsAloneIsProvenWithoutItsSteward() throws {
        let faults = try proofs([
            certificate(.single, on: [1], votes: [(2, 0)]),
            certificate(.audit, on: [1], votes: [(2, 1)]),
        ]).faults
        #expect(faults.map(\.culprit) == [peer(2)] && faults.map(\.kind) == [.result])
    }

    @Test func nothingIsProvenByVotesOfOtherStewardsRoundsUnitsOrOfOneThatIsRepeated() throws {
        let first = certificate(on: [1], votes: [(2, 0), (3, 0)])
        let others = [
            certificate(of: 7, on: [1], votes: [(2, 1), (3, 1)]),
            certificate(round: 1, on: [1], votes: [(2, 1), (4, 1)]),
            certificate(on: [2], votes: [(2, 0), (3, 0)]),
            certificate(.audit, on: [1], votes: [(6, 0)]),
        ]
        for other in others { #expect(try proofs([first, other]).faults.isEmpty) }
        #expect(try proofs([first]).faults.isEmpty)
    }

    // MARK: - What comes of it

    private func fault(of worker: UInt64, in grid: TestGrid = grid) -> Item {
        .fault(grid.fault(of: peer(worker), by: peer(1)))
    }

    @Test func whoSaidTwoThingsIsPaidForNothingInThatJob() throws {
        let other = TestGrid(units: 8, submitter: TestGrid.peer(99), nonce: 2)
        var fixture = LedgerFixture.withJob(Self.grid)
        fixture.take(.manifest(other.signedManifest))
        for grid in [Self.grid, other] {
            let votes = grid.sign(grid.quorum(on: [0, 1], by: [peer(2), peer(3)]))
            fixture.take(.certificate(votes))
            fixture.take(.opening(grid.opening(of: votes)))
        }
        #expect(fixture.row(of: peer(2))?.won == 4)
        fixture.take(fault(of: 2))
        #expect(fixture.row(of: peer(2))?.won == 2 && fixture.row(of: peer(2))?.lost == 2)
        #expect(fixture.row(of: peer(3))?.won == 4, "whoever voted with it keeps its credit")
        #expect(fixture.verdict(on: 0).core == TestGrid.core(0), "and the result stands")
    }

    @Test func whoSaidTwoThingsIsNobodyInLaterHours() throws {
        let grid = TestGrid(units: 8, submitter: TestGrid.peer(99), anchors: [peer(2)])
        var fixture = LedgerFixture.withJob(grid)
        fixture.take(.revoke(grid.revoke(peer(2), for: peer(20), epoch: hour)))
        let classes = { (fixture: LedgerFixture, worker: UInt64) in
            (0...1).map { hours in
                fixture.ledger.trustView.trustClass(
                    of: TestGrid.peer(worker),
                    for: grid.manifest,
                    at: TestGrid.epoch + hours
                )
            }
        }
        #expect(classes(fixture, 2) == [.anchor, .anchor])
        #expect(classes(fixture, 20) == [.anchor, .anchor])
        fixture.take(fault(of: 2, in: grid))
        #expect(classes(fixture, 2) == [.anchor, .newcomer])
        #expect(classes(fixture, 20) == [.anchor, .newcomer], "it inherits nothing")
        let keepers = fixture.ledger.trustView.keepers(of: grid.manifest, at: hour + 1)
        #expect(keepers.isEmpty)
        #expect(fixture.ledger.culprits.contains(peer(2)))
        #expect(!fixture.ledger.culprits.contains(peer(20)))
    }

    @Test func aProofWaitsForItsJob() throws {
        var fixture = LedgerFixture(Self.grid)
        let fault = fault(of: 2)
        #expect(fixture.insert(fault) == .waiting)
        #expect(fixture.insert(.manifest(Self.grid.signedManifest)) == .accepted([fault]))
        #expect(fixture.ledger.culprits.contains(peer(2), in: Self.grid.id))
        #expect(
            fixture.ledger.items.keys.map(\.epoch) == [hour, hour],
            "it is dated as the job is"
        )
    }

    /// The word of an anchor that is caught settles nothing any more.
    @Test func whatItVouchedForIsDisputedAgain() throws {
        let grid = TestGrid(units: 8, submitter: TestGrid.peer(99), anchors: [peer(2)])
        var fixture = LedgerFixture.withJob(grid)
        for (steward, variant) in [(UInt64(2), UInt64(0)), (12, 1)] {
            let signed = grid.sign(
                grid.quorum(
                    of: peer(steward),
                    on: [1],
                    by: [peer(steward), peer(steward + 1)],
                    variant: variant,
                    epoch: hour + 1
                )
            )
            fixture.insert(.certificate(signed), epoch: hour + 1)
            fixture.insert(.opening(grid.opening(of: signed, variant: variant)), epoch: hour + 1)
        }
        #expect(fixture.verdict(on: 1).core == TestGrid.core(1))
        fixture.insert(fault(of: 2, in: grid))
        #expect(fixture.verdict(on: 1) == .disputed)
    }
}
