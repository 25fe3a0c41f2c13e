import Foundation
import Identity
import Kernels
import PeerNode
import Primitives
import Sandbox
import Store
import Testing
import Wire

/// What a peer computes, and what it refuses to, without any network.
@Suite(.timeLimit(.minutes(10)))
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
            workloads: [.driftSearch(.fastest)],
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
            workloads: [.driftSearch(.fastest)],
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

    @Test func unitThatTheJobDoesNotHaveIsNamed() async {
        let manifest = HostileManifest(stranger, search.packed).manifest
        guard case .failed(let reason) = await outcome(manifest, units: [9_999]) else {
            Issue.record("it was computed")
            return
        }
        #expect(reason == "the job has no unit 9999")
    }

    @Test func unitsAreHeldToTheManifestsDeadline() async throws {
        let folder = try TestFolder()
        let hanging = try WorkRunner(
            storage: storage,
            workloads: [.driftSearch(.fastest)],
            executor: try HangingExecutor.write(in: folder),
            tamper: nil
        )
        var draft = HostileManifest(stranger, search.packed)
        draft.secondsPerUnit = 1
        guard case .failed(let reason) = await outcome(draft.manifest, units: [0], at: hanging)
        else {
            Issue.record("it was computed")
            return
        }
        #expect(reason == "the unit needed more time than its manifest allows")
        #expect(hanging.failures.map(\.reason) == [reason])
        #expect(hanging.usage.processorNanoseconds > 0)
    }

    @Test func anAuditsUnitsRunInTheReference() async throws {
        let executor = try WatchedExecutor()
        let watched = try runner(executor)
        let manifest = HostileManifest(stranger, search.packed).manifest
        let usual = await outcome(manifest, units: [0, 1], at: watched)
        #expect(try executor.variants == [Variant.fastest, .fastest])
        let audit = await outcome(manifest, units: [0, 1], at: watched, wantsReference: true)
        #expect(try executor.variants == [Variant.scalar, .scalar])
        guard case .finished(let first) = usual, case .finished(let second) = audit else {
            Issue.record("they were not computed")
            return
        }
        #expect(first == second)
    }

    @Test func anAuditFallsBackWhenTheReferenceTakesTooLong() async throws {
        let executor = try WatchedExecutor(hangingOn: .scalar)
        let watched = try runner(executor)
        var draft = HostileManifest(stranger, search.packed)
        draft.secondsPerUnit = 1
        let audit = await outcome(draft.manifest, units: [0, 1], at: watched, wantsReference: true)
        guard case .finished(let cores) = audit else {
            Issue.record("it was not computed")
            return
        }
        #expect(cores.count == 2)
        #expect(try executor.variants == [Variant.scalar, .fastest, .fastest])
        let manifest = draft.manifest
        #expect(manifest.referenceCaps.deadline == manifest.caps.deadline / 2, "the lease suffices")
        #expect(watched.failures.isEmpty)
    }

    private func runner(_ executor: WatchedExecutor) throws -> WorkRunner {
        try WorkRunner(
            storage: storage,
            workloads: [.driftSearch(.fastest)],
            executor: executor.path,
            tamper: nil
        )
    }

    @Test func ordersAreWatchedPausedResumedAndStopped() async throws {
        let packed = try Self.endless()
        storage.keep(StoredDataset(packed.dataset.bytes, hash: sha256))
        var draft = HostileManifest(stranger, packed)
        draft.secondsPerUnit = 3_600
        let manifest = draft.manifest
        let id = ManifestID(SHA256.hash(manifest.payload))
        let outcomes = AsyncStream.makeStream(of: WorkRunner.Outcome.self)
        #expect(runner.progress.isEmpty)
        runner.pause()
        for number in 1...2 {
            let order = WorkOrder(number: UInt64(number), manifest: id, units: [0])
            runner.start(order, manifest: manifest) { outcomes.continuation.yield($0) }
        }
        try await eventually { runner.progress.allSatisfy { $0.unit == 0 } }
        #expect(runner.progress.map(\.number) == [1, 2])
        #expect(runner.progress.allSatisfy { $0.manifest == id && $0.fraction == 0 })
        #expect(runner.progress.allSatisfy { $0.runningTime == .zero })
        runner.resume()
        try await eventually { runner.progress.allSatisfy { $0.runningTime > .zero } }
        runner.stop(1)
        for await outcome in outcomes.stream {
            guard case .stopped = outcome else {
                Issue.record("it was not stopped: \(outcome)")
                return
            }
            if runner.progress.isEmpty { break }
            #expect(runner.progress.map(\.number) == [2])
            runner.stopAll()
        }
        #expect(runner.failures.isEmpty)
    }

    @Test func runnerWithoutAnExecutorIsNotMade() throws {
        let folder = try TestFolder()
        let error = #expect(throws: ExecutorError.self) {
            _ = try WorkRunner(
                storage: storage,
                workloads: [.driftSearch(.fastest)],
                executor: "\(folder.path)/none",
                tamper: nil
            )
        }
        #expect(error?.fault == .missing)
    }

    /// A search of one unit that takes far longer than any test.
    private static func endless() throws -> PackedSearch {
        let made = SyntheticFilterbank(seed: 1, channelCount: 4_096, toneCount: 1).make()
        let file = InputFile(name: "endless.fil", bytes: made.file)
        return try PackedSearch(file, DriftSettings(maxDrift: 5_000))
    }

    private func outcome(
        _ manifest: Manifest,
        units: [UInt32],
        at runner: WorkRunner? = nil,
        wantsReference: Bool = false
    ) async -> WorkRunner.Outcome {
        let id = ManifestID(SHA256.hash(manifest.payload))
        let order = WorkOrder(
            number: 1,
            manifest: id,
            units: units,
            wantsReference: wantsReference
        )
        return await withCheckedContinuation { continuation in
            (runner ?? self.runner).start(order, manifest: manifest) {
                continuation.resume(returning: $0)
            }
        }
    }
}

/// A program that greets like an executor, and then does nothing.
private enum HangingExecutor {
    static func write(in folder: TestFolder) throws -> String {
        let path = "\(folder.path)/executor"
        let script = #"""
            #!/bin/sh
            printf '\001\035\000\000\000starling\001\000\000\000\000\001\016drift-search/1'
            [ -n "$(head -c 1)" ] || exit 0
            exec sleep 1000

            """#
        try Data(script.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
        return path
    }
}

/// The executor, behind a filter that notes which variant each unit is to run in.
private struct WatchedExecutor {
    private let folder: TestFolder
    let path: String

    /// With `hangingOn`, units of that variant never reach the executor.
    init(hangingOn variant: Variant? = nil) throws {
        folder = try TestFolder()
        path = "\(folder.path)/executor"
        let number = variant.flatMap(Variant.allCases.firstIndex).map(String.init) ?? "none"
        let script = #"""
            #!/bin/sh
            # The variant is the byte after eight of magic and four of version.
            pipe="\#(folder.path)/pipe.$$"
            mkfifo "$pipe"
            exec 3<&0
            {
                head -c 13 > "\#(folder.path)/head.$$"
                number=$(od -An -j12 -tu1 "\#(folder.path)/head.$$" | tr -d ' ')
                [ -z "$number" ] || echo "$number" >> "\#(folder.path)/variants"
                [ "$number" != \#(number) ] || exec sleep 1000
                exec cat "\#(folder.path)/head.$$" -
            } <&3 >"$pipe" &
            exec '\#(ExecutorLocation.path)' "$@" <"$pipe" 3<&-

            """#
        try Data(script.utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    /// The variants of all units since it was last asked.
    var variants: [Variant] {
        get throws {
            let file = URL(filePath: "\(folder.path)/variants")
            let text = try String(contentsOf: file, encoding: .utf8)
            try FileManager.default.removeItem(at: file)
            return text.split(separator: "\n").compactMap { Int($0) }.map { Variant.allCases[$0] }
        }
    }
}

/// Asks until it is true; the suite's time limit bounds it.
///
/// Progress has nobody who tells of it.
private func eventually(_ isTrue: () -> Bool) async throws {
    while !isTrue() { try await Task.sleep(for: .milliseconds(5)) }
}
