import Primitives
import Wire

extension Record {
    /// This record with some fields replaced.
    func with(
        incarnation: UInt64? = nil,
        binding: Signature? = nil,
        controlEndpoints: [String]? = nil,
        bulkEndpoints: [String]? = nil,
        kernels: [KernelOffer]? = nil,
        engines: [String]? = nil,
        successorHash: Digest? = nil
    ) -> Record {
        Record(
            peer: peer,
            incarnation: incarnation ?? self.incarnation,
            curveKey: curveKey,
            binding: binding ?? self.binding,
            controlEndpoints: controlEndpoints ?? self.controlEndpoints,
            bulkEndpoints: bulkEndpoints ?? self.bulkEndpoints,
            role: role,
            owner: owner,
            cores: cores,
            memoryByteCount: memoryByteCount,
            kernels: kernels ?? self.kernels,
            engines: engines ?? self.engines,
            successorHash: successorHash ?? self.successorHash,
            epoch: epoch,
            expiry: expiry
        )
    }
}

extension Device {
    /// This adoption with another consent.
    func with(consent: Signature) -> Device {
        Device(owner: owner, peer: peer, consent: consent, epoch: epoch)
    }
}

extension Manifest {
    /// This manifest with some fields replaced.
    func with(
        network: NetworkID? = nil,
        workload: String? = nil,
        parameters: Bytes? = nil,
        datasetByteCount: UInt64? = nil,
        shape: [UInt64]? = nil,
        unitCount: UInt32? = nil,
        resultByteCount: UInt64? = nil,
        secondsPerUnit: UInt64? = nil,
        anchors: [PeerID]? = nil,
        recognised: [ProjectID]? = nil,
        reducer: String? = nil
    ) -> Manifest {
        Manifest(
            network: network ?? self.network,
            project: project,
            owner: owner,
            submitter: submitter,
            nonce: nonce,
            epoch: epoch,
            workload: workload ?? self.workload,
            workloadHash: workloadHash,
            parameters: parameters ?? self.parameters,
            datasetRoot: datasetRoot,
            datasetByteCount: datasetByteCount ?? self.datasetByteCount,
            shape: shape ?? self.shape,
            unitCount: unitCount ?? self.unitCount,
            operationsPerUnit: operationsPerUnit,
            resultByteCount: resultByteCount ?? self.resultByteCount,
            memoryByteCount: memoryByteCount,
            secondsPerUnit: secondsPerUnit ?? self.secondsPerUnit,
            policy: policy,
            anchors: anchors ?? self.anchors,
            recognised: recognised ?? self.recognised,
            population: population,
            priority: priority,
            deadline: deadline,
            retention: retention,
            reducer: reducer ?? self.reducer
        )
    }
}

extension Lease {
    /// This lease with some fields replaced.
    func with(
        units: [UInt32]? = nil,
        widening: UInt8? = nil,
        holders: [PeerID]? = nil
    ) -> Lease {
        Lease(
            manifest: manifest,
            units: units ?? self.units,
            seatCount: seatCount,
            epoch: epoch,
            round: round,
            seat: seat,
            widening: widening ?? self.widening,
            commitMilliseconds: commitMilliseconds,
            holders: holders ?? self.holders
        )
    }
}
