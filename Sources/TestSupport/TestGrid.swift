package import Primitives
import Simulator
package import Wire

/// A job with its network, project and peers: the ground that tests of the core stand on.
///
/// Every key signs with the simulator's signatures, which are checked as real ones are, unless a
/// test brings real ones.
package struct TestGrid: Sendable {
    /// The epoch in which everything happens.
    package static let epoch: UInt64 = 500_000
    /// Operations that no unit exceeds.
    package static let operationsPerUnit: UInt64 = 1_000_000
    /// The workload that everybody runs.
    package static let workload = "test/1"

    /// The network.
    package let network = NetworkID(Digest(0xA, 0, 0, 1))
    /// The project that signs the manifest and rulings.
    package let project: ProjectID
    /// The job.
    package let manifest: Manifest
    private let signer: @Sendable (Bytes, Digest) -> Signature

    /// A grid with a job of `units`; a population of 3 admits every ticket.
    package init(
        units: UInt32 = 4,
        policy: Policy = .strict,
        population: UInt64 = 3,
        submitter: PeerID = TestGrid.peer(0),
        anchors: [PeerID] = [],
        recognised: [ProjectID] = [],
        owner: OwnerID? = nil,
        nonce: UInt64 = 1,
        project: ProjectID = ProjectID(Digest(0xB, 0, 0, 1)),
        signer: @escaping @Sendable (Bytes, Digest) -> Signature = {
            SimulatedCrypto().sign($0, by: $1)
        }
    ) {
        self.project = project
        self.signer = signer
        manifest = Manifest(
            network: network,
            project: project,
            owner: owner ?? OwnerID(project.digest),
            submitter: submitter,
            nonce: Digest(nonce, 0, 0, 0),
            epoch: Self.epoch,
            workload: Self.workload,
            workloadHash: .zero,
            parameters: [],
            datasetRoot: Digest(0xDA7A, 0, 0, 0),
            datasetByteCount: 100,
            shape: [UInt64(units)],
            unitCount: units,
            operationsPerUnit: Self.operationsPerUnit,
            resultByteCount: 1_000,
            memoryByteCount: 0,
            secondsPerUnit: 2,
            policy: policy,
            anchors: anchors,
            recognised: recognised,
            population: population,
            priority: 0,
            deadline: Self.epoch + 1_000,
            retention: 24,
            reducer: ""
        )
    }

    /// The job's id.
    package var id: ManifestID { ManifestID(signedManifest.id.digest) }

    /// The manifest with the project's signature.
    package var signedManifest: Signed<Manifest> { sign(manifest) }

    /// Peer `number`; peers ascend with their numbers.
    package static func peer(_ number: UInt64) -> PeerID { PeerID(Digest(number, 0, 0, 0xFEE)) }

    /// What an honest worker finds for `unit`; another `variant` is another core.
    package static func core(_ unit: UInt32, variant: UInt64 = 0) -> Core {
        Core(
            resultHash: Digest(UInt64(unit), variant, 0, 0xC0DE),
            operations: operationsPerUnit - UInt64(unit),
            evidence: Digest(variant, UInt64(unit), 0, 0xE71D)
        )
    }

    /// What a worker finds for `units`.
    package static func cores(_ units: [UInt32], variant: UInt64 = 0) -> [Core] {
        units.map { core($0, variant: variant) }
    }
}

// MARK: - Signatures

extension TestGrid {
    /// What `key` signs.
    package func signature(of bytes: Bytes, by key: Digest) -> Signature { signer(bytes, key) }

    /// What checks signatures here.
    package var verifier: some SignatureVerifier { SimulatedCrypto() }

    /// `body` with the signature of its own signer.
    package func sign<Body: StatementBody>(_ body: Body) -> Signed<Body> {
        let bytes = COSE.signedBytes(kind: Body.kind, network: network, payload: body.payload)
        return Signed(body, signature: signer(bytes, body.signer))
    }

    /// What the driver of `peer`, which submits for `project`, answers to `request`.
    package func signature(
        for request: SignRequest,
        by peer: PeerID,
        project: ProjectID? = nil
    ) -> Signature {
        let bytes = COSE.signedBytes(
            kind: request.kind,
            network: network,
            payload: request.payload
        )
        let key = request.key == .peer ? peer.digest : (project ?? self.project).digest
        return SimulatedCrypto().sign(bytes, by: key)
    }

    /// A signature that is nobody's.
    package static var wrongSignature: Signature {
        SimulatedCrypto().sign([], by: .zero)
    }

    /// A record of `peer` that any link would accept.
    package func record(
        of peer: PeerID,
        incarnation: UInt64 = 1,
        epoch: UInt64 = TestGrid.epoch,
        expiry: UInt64 = TestGrid.epoch + 24,
        role: Role = .hub,
        endpoints: [String] = ["tcp://10.0.0.1:7000"],
        owner: OwnerID? = nil,
        successor: PeerID? = nil
    ) -> Signed<Record> {
        let curveKey = CurveKey(peer.digest)
        let binding = Record.bindingBytes(network: network, curveKey: curveKey)
        return sign(
            Record(
                peer: peer,
                incarnation: incarnation,
                curveKey: curveKey,
                binding: signer(binding, peer.digest),
                controlEndpoints: endpoints,
                bulkEndpoints: [],
                role: role,
                owner: owner ?? OwnerID(peer.digest),
                cores: 2,
                memoryByteCount: 1 << 30,
                kernels: [KernelOffer(kernel: Self.workload, operationsPerSecond: 1_000_000)],
                engines: [],
                successorHash: successor.map(Record.successorHash(of:)) ?? .zero,
                epoch: epoch,
                expiry: expiry
            )
        )
    }
}

// MARK: - A worker's statements

extension TestGrid {
    /// The RESULT that `worker` would sign for `lease` of `steward`.
    package func result(
        _ lease: Lease,
        of steward: PeerID,
        by worker: PeerID,
        cores: [Core],
        setHash: Digest
    ) -> ResultStatement {
        ResultStatement(
            worker: worker,
            manifest: lease.manifest,
            steward: steward,
            round: lease.round,
            units: lease.units,
            digests: zip(lease.units, cores).map { unit, core in
                core.digest(
                    manifest: lease.manifest,
                    steward: steward,
                    round: lease.round,
                    unit: unit
                )
            },
            operations: cores.map(\.operations),
            nonce: Array(worker.digest.bytes.prefix(ResultStatement.nonceByteCount)),
            setHash: setHash
        )
    }

    /// The promise of `worker` for `lease` of `steward`.
    package func commit(
        _ lease: Lease,
        of steward: PeerID,
        by worker: PeerID,
        cores: [Core]
    ) -> Signed<CommitStatement> {
        let result = result(lease, of: steward, by: worker, cores: cores, setHash: .zero)
        return sign(
            CommitStatement(
                worker: worker,
                manifest: lease.manifest,
                steward: steward,
                round: lease.round,
                units: lease.units,
                commit: result.commitment
            )
        )
    }

    /// What `worker` reveals to the set of `setHash`; where there is no set, to its own.
    package func reveal(
        _ lease: Lease,
        of steward: PeerID,
        by worker: PeerID,
        cores: [Core],
        setHash: Digest? = nil
    ) -> Reveal {
        let promise = commit(lease, of: steward, by: worker, cores: cores)
        let member = SetMember(
            worker: worker,
            seat: lease.seat,
            widening: lease.widening,
            commit: promise.body.commit
        )
        let lone = CommitSet(
            steward: steward,
            manifest: lease.manifest,
            round: lease.round,
            units: lease.units,
            epoch: lease.epoch,
            seatCount: 1,
            members: [member]
        )
        let result = result(
            lease,
            of: steward,
            by: worker,
            cores: cores,
            setHash: setHash ?? lone.hash
        )
        return Reveal(
            result: sign(result),
            cores: cores,
            commit: lease.seatCount == 1 ? promise : nil
        )
    }
}
