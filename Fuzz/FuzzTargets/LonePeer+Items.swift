import PeerCore
import Primitives
import TestSupport
import Wire

/// Ledger items that strangers make up.
extension LonePeer {
    func anyItem(of peer: PeerID, _ choices: inout Choices) -> Item? {
        let epoch = self.epoch + UInt64(choices.below(4)) - 1
        switch choices.below(10) {
        case 0: return .manifest(otherJob(of: peer, &choices).signedManifest)
        case 1, 2, 3: return .certificate(grid.sign(anyCertificate(of: peer, &choices)))
        case 4:
            let unit = UInt32(choices.below(6))
            let core = TestGrid.core(unit, variant: UInt64(choices.below(2)))
            return .ruling(grid.ruling(on: UnitCore(unit: unit, core: core), epoch: epoch))
        case 5:
            let body = Cancel(project: grid.project, manifest: id, epoch: epoch)
            return .cancel(grid.sign(body))
        case 6: return .hold(grid.hold(UInt32(choices.below(4)), isHeld: choices.below(2) == 0))
        case 7: return .device(grid.device(peer, of: OwnerID(peer.digest), epoch: epoch))
        case 8:
            let old = choices.below(2) == 0 ? peer : TestGrid.peer(UInt64(choices.below(8)) + 70)
            return .revoke(grid.revoke(old, for: TestGrid.peer(80 + UInt64(choices.below(4)))))
        default:
            let project = choices.below(2) == 0 ? grid.project : ProjectID(peer.digest)
            return anyFault(of: peer, &choices)
                ?? .anchor(grid.anchor(peer, epoch: epoch, by: project))
        }
    }

    /// Another job, with a peer as its submitter.
    private func otherJob(of peer: PeerID, _ choices: inout Choices) -> TestGrid {
        TestGrid(
            units: 1 + UInt32(choices.below(300)),
            policy: choices.below(2) == 0 ? .strict : .adaptive,
            population: choices.number(),
            submitter: peer,
            anchors: choices.below(2) == 0 ? [Self.me] : [],
            nonce: 2 + UInt64(choices.below(3)),
            project: ProjectID(peer.digest)
        )
    }

    /// What a stranger would certify of the votes of others: right or wrong, alone or many.
    private func anyCertificate(of steward: PeerID, _ choices: inout Choices) -> Certificate {
        let units = anyUnits(&choices)
        var number = UInt32(choices.below(4))
        let rounds = (0...choices.below(4)).map { _ -> TestRound in
            let workers = distinct((0...choices.below(2)).map { _ in anyStranger(&choices) })
            let votes = workers.map { worker -> (PeerID, variant: UInt64?) in
                (worker, choices.oneIn(8) ? nil : UInt64(choices.below(2)))
            }
            number += 1
            let from = choices.oneIn(4) ? anyStranger(&choices) : steward
            let hour = epoch - UInt64(choices.below(2))
            return TestRound(number, of: from, on: units, votes: votes, epoch: hour)
        }
        let vote = CertificateKind(rawValue: UInt8(choices.below(5))) ?? .quorum
        let isRuled = vote == .ruling && !isOwn(grid.project.digest)
        return grid.certificate(
            vote,
            of: steward,
            units: units,
            rounds: rounds,
            rulings: isRuled
                ? units.map { UnitCore(unit: $0, core: TestGrid.core($0)) } : []
        )
    }

    /// Two promises of a stranger for one slot.
    private func anyFault(of peer: PeerID, _ choices: inout Choices) -> Item? {
        guard choices.below(2) == 0 else { return nil }
        let bodies = (0..<2).map { index in
            CommitStatement(
                worker: peer,
                manifest: id,
                steward: Self.me,
                round: UInt32(choices.below(2)),
                units: [UInt32(choices.below(2))],
                commit: Digest(UInt64(index), 0, 0, 0)
            )
        }
        guard let pair = Contradiction(grid.sign(bodies[0]), grid.sign(bodies[1])) else {
            return nil
        }
        return .fault(Fault(.commits(pair)))
    }
}
