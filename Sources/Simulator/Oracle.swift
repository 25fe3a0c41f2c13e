import Primitives
import Wire

/// What is true: the result of every unit, and the job that asks for them.
struct Oracle {
    let units: UInt32
    let dataset: [Bytes]
    let leaves: [Digest]
    let byteCount: UInt64
    let root: Digest
    /// The truth about the first units.
    private var truths: [Core] = []

    /// What the job asks of its workers.
    private let terms: Terms

    private struct Terms {
        var operationsPerUnit = Oracle.operationsPerUnit
        var secondsPerUnit: UInt64 = 2
    }

    static let workload = "oracle/1"
    private static let operationsPerUnit: UInt64 = 1_000_000
    /// Operations per second of every simulated core.
    static let speed: UInt64 = 1_000_000

    init(chunks: Int, units: UInt32, model: JobModel?, crypto: SimulatedCrypto) {
        self.units = units
        var terms = Terms()
        if let model {
            terms.operationsPerUnit = model.operationsPerUnit
            terms.secondsPerUnit = model.secondsPerUnit
        }
        self.terms = terms
        var parts: [Bytes] = []
        for index in 0..<chunks {
            let isLast = index == chunks - 1
            let count = isLast ? 100 : Limits.chunkByteCount
            parts.append(Bytes(repeating: UInt8(truncatingIfNeeded: index), count: count))
        }
        dataset = parts
        leaves = parts.map { crypto.hash($0) }
        byteCount = UInt64(parts.reduce(0) { $0 + $1.count })
        root = DataTree.root(leaves: leaves, byteCount: byteCount)
        truths = (0..<unitsOfSecond).map { core(result(of: $0), unit: $0, crypto: crypto) }
    }

    /// The chunk that a unit's input lies in.
    func chunk(of unit: UInt32) -> UInt32 { unit % UInt32(dataset.count) }

    /// The bytes that every honest worker computes.
    func result(of unit: UInt32) -> Bytes { Array("truth about \(unit)".utf8) }

    /// The bytes that a liar makes up; each liar has its own lie.
    func lie(about unit: UInt32, liar: Int) -> Bytes { Array("lie \(liar) about \(unit)".utf8) }

    /// What a worker that computed `result` reports.
    func core(_ result: Bytes, unit: UInt32, crypto: SimulatedCrypto) -> Core {
        Core(
            resultHash: crypto.hash(result),
            operations: terms.operationsPerUnit - min(terms.operationsPerUnit - 1, UInt64(unit)),
            evidence: crypto.hash(result + [1])
        )
    }

    /// The truth about a unit.
    func truth(of unit: UInt32, crypto: SimulatedCrypto) -> Core {
        unit < truths.count
            ? truths[Int(unit)] : core(result(of: unit), unit: unit, crypto: crypto)
    }

    /// Units of the second job: those of the first, with the same results, and some of its own.
    var unitsOfSecond: UInt32 { units + Self.unitsMore }

    private static let unitsMore: UInt32 = 3

    /// Whether the units of `manifest` are worth more than it allows.
    func isTooMuch(_ manifest: Manifest?) -> Bool {
        (manifest?.operationsPerUnit ?? 0) < terms.operationsPerUnit
    }

    /// The first job or, with another nonce and more units, the second.
    func manifest(
        isSecond: Bool,
        network: NetworkID,
        project: ProjectID,
        submitter: PeerID,
        anchors: [PeerID],
        epoch: UInt64,
        population: UInt64,
        policy: Policy
    ) -> Manifest {
        Manifest(
            network: network,
            project: project,
            owner: OwnerID(project.digest),
            submitter: submitter,
            nonce: Digest(1, 2, 3, isSecond ? 5 : 4),
            epoch: epoch,
            workload: Self.workload,
            workloadHash: .zero,
            parameters: [],
            datasetRoot: root,
            datasetByteCount: byteCount,
            shape: [UInt64(isSecond ? unitsOfSecond : units)],
            unitCount: isSecond ? unitsOfSecond : units,
            operationsPerUnit: terms.operationsPerUnit,
            resultByteCount: 1_000,
            memoryByteCount: 0,
            secondsPerUnit: terms.secondsPerUnit,
            policy: policy,
            anchors: anchors,
            recognised: [],
            population: population,
            priority: 0,
            deadline: epoch + 1_000,
            retention: 24,
            reducer: ""
        )
    }
}
