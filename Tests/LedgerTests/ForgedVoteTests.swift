import Ledger
import Primitives
import TestSupport
import Testing
import Wire

/// Votes that break a rule although every signature in them is right.
@Suite struct ForgedVoteTests {
    private let grid = TestGrid(units: 8)
    private let steward = TestGrid.peer(1)
    private let units: [UInt32] = [1, 2]

    private func round(
        _ votes: [(PeerID, variant: UInt64?)],
        epoch: UInt64 = TestGrid.epoch
    ) -> TestRound {
        TestRound(0, of: steward, on: units, votes: votes, epoch: epoch)
    }

    private var honest: TestRound {
        round([(TestGrid.peer(2), variant: 0), (TestGrid.peer(3), variant: 0)])
    }

    private func outcome(of rounds: [TestRound], in grid: TestGrid? = nil) -> CheckOutcome {
        let grid = grid ?? self.grid
        let kind: CertificateKind = grid.manifest.policy == .single ? .single : .quorum
        return outcome(kind, of: rounds, in: grid)
    }

    private func outcome(
        _ kind: CertificateKind,
        of rounds: [TestRound],
        in grid: TestGrid? = nil
    ) -> CheckOutcome {
        let grid = grid ?? self.grid
        return LedgerTests.outcome(
            grid.certificate(kind, of: steward, units: units, rounds: rounds),
            in: grid
        )
    }

    @Test func oneWorkerCannotFillTwoSeats() {
        let twice = round([(TestGrid.peer(2), variant: 0), (TestGrid.peer(2), variant: 0)])
        #expect(outcome(of: [twice]) == .refused(.malformedSet(index: 0)))
    }

    @Test func twoWorkersCannotShareASeat() {
        var shared = honest
        shared.voters[1].seat = 0
        #expect(outcome(of: [shared]) == .refused(.malformedSet(index: 0)))
    }

    @Test func aSeatBeyondTheSetsSeatsIsRefused() {
        var beyond = honest
        beyond.voters[1].seat = 2
        #expect(outcome(of: [beyond]) == .refused(.malformedSet(index: 0)))
    }

    @Test func aSetMustNameEveryMember() {
        var hidden = honest
        hidden.seatCount = 3
        #expect(outcome(of: [hidden]) == .refused(.malformedSet(index: 0)))
    }

    @Test func differingResultsAreNoQuorum() {
        let split = round([(TestGrid.peer(2), variant: 0), (TestGrid.peer(3), variant: 1)])
        #expect(outcome(of: [split]) == .refused(.notWon(unit: 1)))
    }

    @Test func unitsThatAgreeAreCertifiedWhereOthersOfTheBundleDiffer() {
        var partly = honest
        partly.voters[1].cores = [TestGrid.core(1), TestGrid.core(2, variant: 1)]
        let grid = self.grid
        let both = grid.certificate(.quorum, of: steward, units: units, rounds: [partly])
        #expect(LedgerTests.outcome(both, in: grid) == .refused(.notWon(unit: 2)))
        let one = grid.certificate(.quorum, of: steward, units: [1], rounds: [partly])
        #expect(LedgerTests.outcome(one, in: grid) == .valid)
    }

    @Test func aSilentMemberIsNoReplica() {
        let silent = round([(TestGrid.peer(2), variant: 0), (TestGrid.peer(3), variant: nil)])
        #expect(outcome(of: [silent]) == .refused(.notWon(unit: 1)))
    }

    @Test func moreReplicasThanThePolicyPaysAreRefused() {
        let three = round([
            (TestGrid.peer(2), variant: 0), (TestGrid.peer(3), variant: 0),
            (TestGrid.peer(4), variant: 0),
        ])
        #expect(outcome(of: [three]) == .refused(.notWon(unit: 1)))
    }

    @Test func oneResultIsNoQuorumAndASingleJobHasNone() {
        let lone = round([(TestGrid.peer(2), variant: 0)])
        #expect(outcome(of: [lone]) == .refused(.notWon(unit: 1)))
        #expect(outcome(.single, of: [lone]) == .refused(.wrongKind))
        let single = TestGrid(units: 8, policy: .single)
        #expect(outcome(.quorum, of: [honest], in: single) == .refused(.wrongKind))
        #expect(outcome(.single, of: [lone], in: single) == .valid)
        #expect(outcome(.single, of: [honest], in: single) == .refused(.notWon(unit: 1)))
    }

    @Test func equalResultsOfDifferentRoundsAreNoQuorum() {
        let first = TestRound(0, of: steward, on: units, votes: [(TestGrid.peer(2), variant: 0)])
        let second = TestRound(1, of: steward, on: units, votes: [(TestGrid.peer(3), variant: 0)])
        #expect(outcome(of: [first, second]) == .refused(.notWon(unit: 1)))
    }

    @Test func aPanelNeedsALeadOfThree() {
        let split = round([(TestGrid.peer(2), variant: 0), (TestGrid.peer(3), variant: 1)])
        var rounds = [split]
        #expect(outcome(.panel, of: rounds) == .refused(.notWon(unit: 1)))
        rounds.append(
            TestRound(1, of: steward, on: units, votes: [(TestGrid.peer(4), variant: 0)])
        )
        #expect(outcome(.panel, of: rounds) == .refused(.notWon(unit: 1)))
        rounds.append(
            TestRound(2, of: steward, on: units, votes: [(TestGrid.peer(5), variant: 0)])
        )
        #expect(outcome(.panel, of: rounds) == .refused(.notWon(unit: 1)))
        rounds.append(
            TestRound(3, of: steward, on: units, votes: [(TestGrid.peer(6), variant: 0)])
        )
        #expect(outcome(.panel, of: rounds) == .valid)
    }

    @Test func aPanelNeedsALeadOfFiveWhereLosersShareTheirResult() {
        var rounds = [round([(TestGrid.peer(2), variant: 1), (TestGrid.peer(3), variant: 1)])]
        for number in UInt32(1)...7 {
            let isEnough = rounds.count == 8
            #expect(outcome(.panel, of: rounds) == .refused(.notWon(unit: 1)) || isEnough)
            let voter = TestGrid.peer(UInt64(number) + 3)
            rounds.append(TestRound(number, of: steward, on: units, votes: [(voter, variant: 0)]))
        }
        #expect(outcome(.panel, of: rounds) == .valid)
        #expect(outcome(.panel, of: rounds.dropLast()) == .refused(.notWon(unit: 1)))
    }

    @Test func aPanelCountsAWorkerOnce() {
        let rounds = [
            round([(TestGrid.peer(2), variant: 0), (TestGrid.peer(3), variant: 1)]),
            TestRound(1, of: steward, on: units, votes: [(TestGrid.peer(2), variant: 0)]),
            TestRound(2, of: steward, on: units, votes: [(TestGrid.peer(2), variant: 0)]),
        ]
        #expect(outcome(.panel, of: rounds) == .refused(.notWon(unit: 1)))
    }

    @Test func aPanelIgnoresAWorkerThatSaysTwoThings() {
        let rounds = [
            round([(TestGrid.peer(2), variant: 0), (TestGrid.peer(3), variant: 0)]),
            TestRound(1, of: steward, on: units, votes: [(TestGrid.peer(3), variant: 1)]),
        ]
        #expect(outcome(.panel, of: rounds) == .refused(.notWon(unit: 1)))
    }

    @Test func aSetWithoutPartInTheVoteIsRefused() {
        let idle = TestRound(
            1,
            of: steward,
            on: [5],
            votes: [(TestGrid.peer(4), variant: 0), (TestGrid.peer(5), variant: 0)]
        )
        #expect(outcome(of: [honest, idle]) == .refused(.malformedSet(index: 1)))
    }

    @Test func aSetThatReachesPastTheJobIsRefused() {
        let votes: [(PeerID, variant: UInt64?)] = [
            (TestGrid.peer(2), variant: 0), (TestGrid.peer(3), variant: 0),
        ]
        let wide = TestRound(0, of: steward, on: [1, 2, 8], votes: votes)
        #expect(outcome(of: [wide]) == .refused(.unitOutOfRange(8)))
    }

    @Test func operationsBeyondTheCapAreRefused() {
        var greedy = honest
        let core = Core(
            resultHash: .zero,
            operations: TestGrid.operationsPerUnit + 1,
            evidence: .zero
        )
        for index in greedy.voters.indices {
            greedy.voters[index].cores = [TestGrid.core(1), core]
        }
        #expect(outcome(of: [greedy]) == .refused(.tooManyOperations(unit: 2)))
        var rounds = [greedy]
        #expect(outcome(.panel, of: rounds) == .refused(.notWon(unit: 1)))
        var second = greedy
        second.number = greedy.number + 1
        second.voters[0].worker = TestGrid.peer(4)
        second.voters[1].worker = TestGrid.peer(5)
        #expect(outcome(.panel, of: [greedy, second]) == .refused(.tooManyOperations(unit: 2)))
        rounds[0].voters[0].cores = TestGrid.cores(units)
        let grid = self.grid
        let ruling = grid.certificate(
            .ruling,
            of: steward,
            units: units,
            rounds: rounds,
            rulings: units.map { UnitCore(unit: $0, core: TestGrid.core($0)) }
        )
        #expect(
            LedgerTests.outcome(ruling, in: grid) == .refused(.tooManyOperations(unit: 2))
        )
    }

    @Test func operationsMustBeEqualAmongWinners() {
        var draft = CertificateDraft(grid.quorum(on: units))
        draft.entries[0].operations[0] -= 1
        draft.signResults(in: grid)
        #expect(LedgerTests.outcome(draft.certificate, in: grid) == .refused(.notWon(unit: 1)))
    }

    @Test func epochsBeforeTheJobOrInTheFutureAreRefused() {
        let votes: [(PeerID, variant: UInt64?)] = [
            (TestGrid.peer(2), variant: 0), (TestGrid.peer(3), variant: 0),
        ]
        let epoch = TestGrid.epoch
        let early = round(votes, epoch: epoch - 1)
        #expect(outcome(of: [early]) == .refused(.epochOutOfRange(epoch - 1)))
        #expect(outcome(of: [round(votes, epoch: epoch + 1)]) == .valid)
        let late = round(votes, epoch: epoch + 2)
        #expect(outcome(of: [late]) == .refused(.epochOutOfRange(epoch + 2)))
        // The highest epoch of a certificate does not hide a lower one.
        let lone = TestRound(1, of: steward, on: units, votes: [(TestGrid.peer(4), variant: 0)])
        #expect(outcome(.panel, of: [early, lone]) == .refused(.epochOutOfRange(epoch - 1)))
    }

    @Test func aCertificateOfAnotherJobIsRefused() {
        let other = TestGrid(units: 8, nonce: 2)
        let certificate = grid.quorum(on: units)
        let check = CertificateCheck(certificate, manifest: other.manifest, id: other.id)
        #expect(throws: CertificateError.otherJob) {
            try check.run(latestEpoch: TestGrid.epoch)
        }
    }

    @Test func aTicketThatIsNotAdmittedIsRefusedUntilTheSeatHasWidened() throws {
        let crowd = TestGrid(units: 8, population: 1_000_000)
        let unlucky = try #require(
            (2..<100).map { TestGrid.peer($0) }.first { worker in
                !Ticket.admits(
                    Ticket.number(manifest: crowd.id, lowestUnit: 1, seat: 0, worker: worker),
                    population: 1_000_000,
                    widening: 0
                )
            }
        )
        var vote = round([(unlucky, variant: 0), (TestGrid.peer(200), variant: 0)])
        vote.voters[1].widening = 19
        #expect(outcome(of: [vote], in: crowd) == .refused(.ticketNotAdmitted(unlucky)))
        vote.voters[0].widening = 19
        #expect(outcome(of: [vote], in: crowd) == .valid)
    }

    @Test func aSeatOfOneNeedsNoTicket() {
        let crowd = TestGrid(units: 8, policy: .single, population: .max)
        let lone = round([(TestGrid.peer(2), variant: 0)])
        #expect(outcome(.single, of: [lone], in: crowd) == .valid)
    }
}
