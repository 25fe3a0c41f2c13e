import Ledger
import PeerCore
import Primitives
import TestSupport
import Testing
import Wire
import WorkUnits

/// Stewards that keep silent though their links are up, as the next steward sees them.
@Suite struct StewardWatchTests {
    private let grid = TestGrid(units: 2)
    private let pair: PeerPair
    private let key: ShardKey
    /// The steward that should act, and the other one, which watches it.
    private let first: PeerID
    private let second: PeerPair.Machine

    init() throws {
        pair = try PeerPair(grid, seed: 1)
        key = ShardKey(manifest: grid.id, shard: 0)
        var out = Outbox()
        for machine in pair.machines {
            let item = Message.item(.manifest(grid.signedManifest))
            let checked = try Verified(checking: item, with: grid.verifier, in: grid.network)
            machine.core.receive(checked, from: machine.id, at: pair.now, into: &out)
        }
        let acting = pair.machines[0].core.actingSteward(of: key)
        first = try #require(acting)
        second = pair.machines[first == pair.machines[0].id ? 1 : 0]
    }

    /// Who should act, as the second steward sees it.
    private var acting: PeerID? { second.core.actingSteward(of: key) }

    private var patience: TimeSpan {
        Job(grid.signedManifest).leaseSpan(unitCount: 1).times(2)
    }

    /// Lets the second steward alone go on until `span` after the start, and returns what it says.
    @discardableResult
    private func goOn(until span: TimeSpan) -> [Effect] {
        var out = Outbox()
        let end = pair.now.advanced(by: span)
        while let next = second.core.deadline, next < end {
            second.core.tick(at: max(next, pair.now), into: &out)
        }
        second.core.tick(at: end, into: &out)
        return out.drain()
    }

    /// The first steward says that it acts, `span` after the start.
    private func say(at span: TimeSpan) throws {
        let message = Message.acting(ShardList(manifest: grid.id, shards: [0]))
        let checked = try Verified(checking: message, with: grid.verifier, in: grid.network)
        var out = Outbox()
        second.core.receive(checked, from: first, at: pair.now.advanced(by: span), into: &out)
    }

    @Test func theNextOneActsUntilTheFirstIsHeardAgain() throws {
        goOn(until: Job(grid.signedManifest).leaseSpan(unitCount: 1))
        #expect(acting == first, "it has listened for too short a time")
        let told = goOn(until: patience.times(2))
        #expect(acting == second.id)
        let message = Message.acting(ShardList(manifest: grid.id, shards: [0]))
        #expect(
            told.contains {
                guard case .send(message, to: first) = $0 else { return false }
                return true
            }
        )
        try say(at: patience.times(2))
        #expect(acting == first)
    }

    @Test func whoIsHeardInTimeGoesOnActing() throws {
        for leases in UInt64(1)...8 {
            let span = Job(grid.signedManifest).leaseSpan(unitCount: 1).times(leases)
            goOn(until: span)
            #expect(acting == first)
            try say(at: span)
        }
    }

    @Test func whoStoodStillItselfAccusesNobody() {
        goOn(until: .seconds(1))
        var out = Outbox()
        second.core.tick(at: pair.now.advanced(by: .seconds(3_600)), into: &out)
        #expect(acting == first)
    }

    // MARK: - Stewards that certify nothing

    private var lease: TimeSpan { Job(grid.signedManifest).leaseSpan(unitCount: 1) }

    /// A worker asks the second steward for units `leases` after the start; the first one has just
    /// said that it acts.
    private func ask(at leases: UInt64) throws {
        goOn(until: lease.times(leases))
        try say(at: lease.times(leases))
        let claim = Claim(
            manifest: grid.id,
            shard: 0,
            unitCount: 1,
            operationsPerSecond: 1,
            sealed: [],
            isIdle: false
        )
        try receive(.claim(claim), at: lease.times(leases))
    }

    private func receive(_ message: Message, at span: TimeSpan) throws {
        let checked = try Verified(checking: message, with: grid.verifier, in: grid.network)
        var out = Outbox()
        let now = pair.now.advanced(by: span)
        second.core.receive(checked, from: TestGrid.peer(9), at: now, into: &out)
    }

    @Test func whoCertifiesNothingIsPassedOverUntilItDoes() throws {
        for leases in UInt64(0)...2 {
            try ask(at: leases)
            #expect(acting == first)
        }
        try ask(at: 3)
        #expect(acting == second.id)
        try say(at: lease.times(3))
        #expect(acting == second.id, "it is not enough to say that it acts")
        let certificate = grid.sign(grid.quorum(of: first, on: [0]))
        try receive(.item(.certificate(certificate)), at: lease.times(4))
        #expect(acting == first)
    }

    @Test func whoCertifiesIsNotPassedOverHoweverOftenOthersAreAsked() throws {
        for leases in UInt64(0)...2 { try ask(at: leases) }
        let certificate = grid.sign(grid.quorum(of: first, on: [0]))
        try receive(.item(.certificate(certificate)), at: lease.times(2))
        for leases in UInt64(3)...4 {
            try ask(at: leases)
            #expect(acting == first)
        }
    }

    /// Those who are asked instead may be no better.
    @Test(arguments: [false, true])
    func whoIsPassedOverGetsAnotherChanceUnlessOthersCertify(doOthers: Bool) throws {
        try ask(at: 0)
        for leases in UInt64(1)...3 { try ask(at: leases) }
        #expect(acting == second.id)
        let certificate = grid.sign(grid.quorum(of: second.id, on: [0]))
        if doOthers { try receive(.item(.certificate(certificate)), at: lease.times(8)) }
        for leases in UInt64(4)...9 {
            goOn(until: lease.times(leases))
            try say(at: lease.times(leases))
        }
        #expect(acting == (doOthers ? second.id : first))
    }

    // MARK: - Contradictions that stay

    @Test func aContradictionGoesOnToTheNextStewardWhenNothingComesOfIt() throws {
        let machine = try #require(
            pair.machines.first { $0.id == pair.machines[0].core.stewards(of: key).first }
        )
        for variant in UInt64(0)...1 {
            let steward = TestGrid.peer(20 + variant)
            let certificate = grid.sign(grid.quorum(of: steward, on: [0], variant: variant))
            let items = [
                Item.certificate(certificate),
                .opening(grid.opening(of: certificate, variant: variant)),
            ]
            for item in items {
                var out = Outbox()
                let message = Message.item(item)
                let checked = try Verified(
                    checking: message,
                    with: grid.verifier,
                    in: grid.network
                )
                machine.core.receive(checked, from: TestGrid.peer(9), at: pair.now, into: &out)
            }
        }
        #expect(machine.core.ledger.verdict(on: 0, of: grid.id) == .disputed)
        func isTaken(after leases: UInt64) -> Bool {
            var out = Outbox()
            machine.core.tick(at: pair.now.advanced(by: lease.times(leases)), into: &out)
            return machine.core.steward.review(of: 0, of: grid.id) != nil
        }
        #expect(!isTaken(after: 15), "the last steward has its turn first")
        #expect(isTaken(after: 16))
    }

    // MARK: -

    @Test func aStrangerThatSaysItActsIsNotBelieved() throws {
        goOn(until: patience.times(2))
        let message = Message.acting(ShardList(manifest: grid.id, shards: [0, 3_000]))
        let checked = try Verified(checking: message, with: grid.verifier, in: grid.network)
        var out = Outbox()
        let now = pair.now.advanced(by: patience.times(2))
        second.core.receive(checked, from: TestGrid.peer(9), at: now, into: &out)
        #expect(acting == second.id)
    }
}
