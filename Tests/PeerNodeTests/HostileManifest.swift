import Foundation
import Identity
import Kernels
import PeerNode
import Primitives
import Store
import Wire

/// A manifest that can be changed before it is signed.
struct HostileManifest {
    var network: NetworkID
    var workload = DriftSearch.id.description
    var parameters: Bytes
    var datasetRoot: Digest
    var datasetByteCount: UInt64
    var unitCount: UInt32
    var operationsPerUnit: UInt64
    var resultByteCount = Limits.resultByteCount
    var secondsPerUnit: UInt64 = 30
    private let project: ProjectID
    /// Who schedules it: the submitter, unless somebody else is named.
    var anchor: PeerID
    private let submitter: PeerID

    /// The manifest that an honest submitter of `search` would write.
    init(_ stranger: Stranger, _ search: PackedSearch) {
        network = stranger.network
        project = ProjectID(stranger.project.publicKey)
        submitter = stranger.id
        anchor = stranger.id
        parameters = search.dataset.parameters.bytes
        datasetRoot = StoredDataset(search.dataset.bytes, hash: SHA256.hash).root
        datasetByteCount = UInt64(search.dataset.bytes.count)
        unitCount = UInt32(search.plan.unitCount)
        operationsPerUnit = search.plan.runs.map(\.operationsEach).max() ?? 0
    }

    var manifest: Manifest {
        let epoch = UInt64(Date().timeIntervalSince1970 / 3_600)
        return Manifest(
            network: network,
            project: project,
            owner: OwnerID(project.digest),
            submitter: submitter,
            nonce: .zero,
            epoch: epoch,
            workload: workload,
            workloadHash: SHA256.hash(Bytes(workload.utf8)),
            parameters: parameters,
            datasetRoot: datasetRoot,
            datasetByteCount: datasetByteCount,
            shape: [datasetByteCount],
            unitCount: unitCount,
            operationsPerUnit: operationsPerUnit,
            resultByteCount: resultByteCount,
            memoryByteCount: 256 << 20,
            secondsPerUnit: secondsPerUnit,
            policy: .strict,
            anchors: [anchor],
            recognised: [],
            population: 1,
            priority: 0,
            deadline: epoch + 100,
            retention: 100,
            reducer: workload
        )
    }
}

/// Ways in which a submitter can make a job that must not be computed.
enum HostileJob: CaseIterable, Sendable {
    case fewerUnits, moreUnits, operationsTooLow, unknownWorkload, noParameters
    case truncatedParameters, infiniteDrift, noCoarseChannel, wrongDatasetLength
    case lengthOfAnotherDataset, resultsTooLarge

    /// A manifest of `stranger`, for `anchor` to schedule if one is given.
    func manifest(
        of stranger: Stranger,
        _ search: PackedSearch,
        anchor: PeerID? = nil
    ) -> Manifest {
        var draft = HostileManifest(stranger, search)
        if let anchor { draft.anchor = anchor }
        switch self {
        case .fewerUnits: draft.unitCount -= 1
        case .moreUnits: draft.unitCount += 1
        case .operationsTooLow: draft.operationsPerUnit -= 1
        case .unknownWorkload: draft.workload = "drift-search/999"
        case .noParameters: draft.parameters = []
        case .truncatedParameters: draft.parameters.removeLast()
        case .infiniteDrift:
            draft.parameters.replaceSubrange(5..<13, with: [0, 0, 0, 0, 0, 0, 0xf0, 0x7f])
        case .noCoarseChannel:
            let end = draft.parameters.count
            let channel = 1 + 8 * SearchMethod.native.boxcars.count
            draft.parameters.replaceSubrange((end - channel - 4)..<end, with: [0, 0, 0, 0])
        case .wrongDatasetLength: draft.datasetByteCount += 1
        case .lengthOfAnotherDataset:
            // All of it fits together, but the dataset of this root is much shorter.
            draft.datasetRoot = StoredDataset([1, 2, 3], hash: SHA256.hash).root
        case .resultsTooLarge: draft.resultByteCount = 0
        }
        return draft.manifest
    }

    /// Whether a worker gets as far as to see what is wrong: nobody asks for a workload that it
    /// does not have, or begins without its data.
    var isTried: Bool { self != .unknownWorkload && self != .lengthOfAnotherDataset }

    /// How the reason begins for which it is not computed.
    var reason: String {
        switch self {
        case .fewerUnits, .moreUnits, .operationsTooLow, .lengthOfAnotherDataset:
            "the manifest contradicts itself"
        case .unknownWorkload: "this peer does not run the workload 'drift-search/999'"
        case .noParameters, .truncatedParameters: "parameters are malformed"
        case .infiniteDrift, .noCoarseChannel: "parameters are out of bounds"
        case .wrongDatasetLength: "the parameters need a dataset of"
        case .resultsTooLarge: "a result of"
        }
    }
}
