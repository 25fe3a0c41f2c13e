import Identity
import Kernels
import PeerNode
import Primitives
import Sandbox
import Store
import Testing
import Wire

/// What a peer computes, and what it refuses to, without any network.
@Suite(.timeLimit(.minutes(1)))
struct WorkRunnerTests {
    private let stranger = Stranger()
    private let storage = MemoryStorage()
    private let search: SmallSearch
    private let runner: WorkRunner

    init() throws {
        search = try SmallSearch()
        storage.keep(StoredDataset(search.packed.dataset.bytes, hash: sha256))
        storage.keep(StoredDataset([1, 2, 3], hash: sha256))
        runner = try WorkRunner(
            storage: storage,
            workloads: [.driftSearch(.vector)],
            executor: ExecutorLocation.path,
            tamper: nil
        )
    }

    @Test func honestJobIsComputed() async throws {
        let manifest = HostileManifest(stranger, search.packed).manifest
        guard case .finished(let cores) = await outcome(manifest, units: [0, 1]) else {
            Issue.record("it was not computed")
            return
        }
        #expect(cores.count == 2)
        for core in cores {
            let result = try #require(storage.result(core.resultHash))
            #expect(sha256(result) == core.resultHash)
        }
    }

    @Test(arguments: HostileJob.allCases)
    func hostileJobFailsForItsReason(job: HostileJob) async {
        let outcome = await outcome(job.manifest(of: stranger, search.packed), units: [1])
        guard case .failed(let reason) = outcome else {
            Issue.record("it was computed")
            return
        }
        #expect(reason.hasPrefix(job.reason), "\(reason)")
    }

    @Test func chunksOfAHostileJobAreNotFetched() {
        let manifest = HostileJob.moreUnits.manifest(of: stranger, search.packed)
        let id = ManifestID(SHA256.hash(manifest.payload))
        #expect(throws: NodeError.self) {
            _ = try runner.chunks(of: [0], id: id, manifest: manifest)
        }
    }

    @Test func missingChunkIsNamed() async throws {
        let empty = try WorkRunner(
            storage: MemoryStorage(),
            workloads: [.driftSearch(.vector)],
            executor: ExecutorLocation.path,
            tamper: nil
        )
        let manifest = HostileManifest(stranger, search.packed).manifest
        guard case .failed(let reason) = await outcome(manifest, units: [0], at: empty) else {
            Issue.record("it was computed")
            return
        }
        #expect(reason == "chunk 0 of the dataset is not here")
    }

    @Test func stopOfNoOrderIsForgotten() async {
        // Numbers are never used twice, so a stop that comes too late must leave nothing behind.
        let manifest = HostileManifest(stranger, search.packed).manifest
        runner.stop(1)
        guard case .finished = await outcome(manifest, units: [0]) else {
            Issue.record("the stop of a past order was kept")
            return
        }
    }

    private func outcome(
        _ manifest: Manifest,
        units: [UInt32],
        at runner: WorkRunner? = nil
    ) async -> WorkRunner.Outcome {
        let id = ManifestID(SHA256.hash(manifest.payload))
        let order = WorkOrder(number: 1, manifest: id, units: units)
        return await withCheckedContinuation { continuation in
            (runner ?? self.runner).start(order, manifest: manifest) {
                continuation.resume(returning: $0)
            }
        }
    }
}
