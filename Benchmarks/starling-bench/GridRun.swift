import Kernels
import PeerCore
import PeerNode
import Primitives
import Store
import Wire

/// How the peers of a run keep what they must not forget.
enum Keeping: String {
    case durable
    case memory
}

/// A search whose units are as small as they can usefully be: tiles of 256 channels.
struct SmallestUnits {
    let packed: PackedSearch

    init(count: Int, seed: UInt64) throws {
        let width = 256
        let maker = SyntheticFilterbank(seed: seed, channelCount: count * width, toneCount: 2)
        let file = InputFile(name: "smallest.fil", bytes: maker.make().file)
        packed = try PackedSearch(file, DriftSettings(tileWidth: width))
    }
}

/// Three peers in this process, which certify one job with real children for its units.
struct GridRun {
    private let keeping: Keeping

    private static let peerCount = 3

    init(_ keeping: Keeping) { self.keeping = keeping }

    func measure(_ search: SmallestUnits) async throws -> [Reading] {
        let home = try TemporaryFolder()
        defer { home.remove() }
        var peers: [GridPeer] = []
        for index in 0..<Self.peerCount {
            let folder = try home.folder("\(index)")
            let join = peers.first.map { [$0.node.address] } ?? []
            peers.append(try GridPeer(folder: folder, join: join, keeping))
        }
        let readings = try await certify(search.packed, by: peers)
        for peer in peers { try await peer.end() }
        return readings
    }

    private func certify(_ search: PackedSearch, by peers: [GridPeer]) async throws -> [Reading] {
        for peer in peers {
            try await peer.until { node in await node.linkedCount == Self.peerCount - 1 }
        }
        for peer in peers { _ = peer.storage.takeTally() }
        let count = UInt32(search.plan.unitCount)
        let submitter = peers[0]
        let start = ContinuousClock.now
        let job = try await submitter.node.submit(search)
        try await submitter.until { await $0.progress(of: job)?.certified == count }
        let span = ContinuousClock.now - start
        // What the job costs includes that everybody has every certificate and the submitter
        // every result.
        try await submitter.until { await $0.progress(of: job)?.held == count }
        for peer in peers {
            try await peer.until { await $0.progress(of: job)?.certified == count }
        }
        let certificates = await submitter.node.status().certificateCount
        let tally = peers.map { $0.storage.takeTally() }.reduce(Tally(), +)
        return readings(tally, units: Int(count), certificates: certificates, span)
    }

    private func readings(
        _ tally: Tally,
        units: Int,
        certificates: Int,
        _ span: Duration
    ) -> [Reading] {
        let speed = Double(units) / span.seconds
        guard keeping == .durable else { return [Reading(.memoryUnitsPerSecond, speed)] }
        let perUnit = { (count: Int) in Double(count) / Double(units) }
        let perCertificate = { (count: Int) in Double(count) / Double(certificates) }
        return [
            Reading(.unitsPerCertificate, perCertificate(units)),
            Reading(.commitsPerCertificate, perCertificate(tally.commits)),
            Reading(.loneRowCommitsPerCertificate, perCertificate(tally.loneRowCommits)),
            Reading(.flushesPerUnit, perUnit(tally.flushes)),
            Reading(.rowsPerUnit, perUnit(tally.rows)),
            Reading(.rowBytesPerUnit, perUnit(tally.rowByteCount)),
            Reading(.signaturesPerUnit, perUnit(tally.signatures)),
            Reading(.commitSpan, tally.span.seconds * 1_000 / Double(tally.commits)),
            Reading(.durableUnitsPerSecond, speed),
        ]
    }
}

/// One of the peers.
private struct GridPeer {
    let node: Node
    let storage: CountingStorage
    private let life: Task<Void, any Error>

    init(folder: String, join: [JoinAddress], _ keeping: Keeping) throws {
        var configuration = NodeConfiguration(folder: folder)
        configuration.network = "benchmark"
        configuration.join = join
        configuration.redialMilliseconds = 20
        switch keeping {
        case .durable: storage = CountingStorage(try Node.store(in: folder))
        case .memory: storage = CountingStorage(MemoryStorage())
        }
        let node = try Node(configuration, storage: storage)
        self.node = node
        life = Task { try await node.run() }
    }

    /// Waits until `isTrue`, asked after each change.
    func until(_ isTrue: @Sendable (Node) async throws -> Bool) async throws {
        let found = try await node.first { try await isTrue($0) ? true : nil }
        guard found == true else { throw BenchFailure("a peer ended before its job did") }
    }

    func end() async throws {
        await node.stop()
        try await life.value
    }
}
