package import Primitives
import Simulator
package import Wire

/// What projects say of their jobs and anchors, and owners and successors of keys.
extension TestGrid {
    /// Owner `number`; owners ascend with their numbers.
    package static func owner(_ number: UInt64) -> OwnerID {
        OwnerID(Digest(number, 0, 0, 0x0A11))
    }

    /// The project holds the job, or lets it go on.
    package func hold(
        _ number: UInt32,
        isHeld: Bool = true,
        epoch: UInt64 = TestGrid.epoch,
        by project: ProjectID? = nil
    ) -> Signed<Hold> {
        sign(
            Hold(
                project: project ?? self.project,
                manifest: id,
                number: number,
                isHeld: isHeld,
                epoch: epoch
            )
        )
    }

    /// The project takes the word of `peer` for `hours` after the first.
    package func anchor(
        _ peer: PeerID,
        epoch: UInt64 = TestGrid.epoch,
        hours: UInt64 = 24,
        by project: ProjectID? = nil
    ) -> Signed<Anchor> {
        sign(
            Anchor(
                project: project ?? self.project,
                peer: peer,
                until: epoch + hours,
                epoch: epoch
            )
        )
    }

    /// The proof that `worker` promised two results for a unit to `steward`.
    package func fault(of worker: PeerID, by steward: PeerID) -> Fault {
        let lease = Lease(
            manifest: id,
            units: [3],
            seatCount: 2,
            epoch: TestGrid.epoch,
            round: 40,
            seat: 0,
            widening: 0,
            commitMilliseconds: 1,
            holders: []
        )
        let promises = [0, 1].map { (variant: UInt64) in
            commit(lease, of: steward, by: worker, cores: Self.cores([3], variant: variant))
        }
        guard let pair = Contradiction(promises[0], promises[1]) else {
            preconditionFailure("two results have two commitments")
        }
        return Fault(.commits(pair))
    }

    /// What `peer` signs to be adopted by `owner`.
    package func consent(of peer: PeerID, to owner: OwnerID) -> Signature {
        let bytes = Device.consentBytes(network: network, owner: owner)
        return SimulatedCrypto().sign(bytes, by: peer.digest)
    }

    /// The adoption of `peer` by `owner`.
    package func device(
        _ peer: PeerID,
        of owner: OwnerID,
        epoch: UInt64 = TestGrid.epoch
    ) -> Signed<Device> {
        let consent = consent(of: peer, to: owner)
        return sign(Device(owner: owner, peer: peer, consent: consent, epoch: epoch))
    }

    /// The first record of `peer`, which foresees `successor`.
    package func firstRecord(
        of peer: PeerID,
        followedBy successor: PeerID,
        owner: OwnerID? = nil
    ) -> Signed<Record> {
        let curveKey = CurveKey(peer.digest)
        let binding = Record.bindingBytes(network: network, curveKey: curveKey)
        return sign(
            Record(
                peer: peer,
                incarnation: 0,
                curveKey: curveKey,
                binding: SimulatedCrypto().sign(binding, by: peer.digest),
                controlEndpoints: [],
                bulkEndpoints: [],
                role: .leaf,
                owner: owner ?? OwnerID(peer.digest),
                cores: 0,
                memoryByteCount: 0,
                kernels: [],
                engines: [],
                successorHash: Record.successorHash(of: successor),
                epoch: 0,
                expiry: 0
            )
        )
    }

    /// The end of the key `old` in favour of `successor`, which it foresaw.
    package func revoke(
        _ old: PeerID,
        for successor: PeerID,
        epoch: UInt64 = TestGrid.epoch
    ) -> Signed<Revoke> {
        let record = firstRecord(of: old, followedBy: successor)
        return sign(Revoke(successor: successor, record: record, epoch: epoch))
    }
}
