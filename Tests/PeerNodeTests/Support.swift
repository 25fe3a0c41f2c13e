import Foundation
import Identity
import Kernels
import PeerCore
import PeerNode
import Primitives
import Store
import Synchronization
import Testing
import Transport
import Wire

/// A folder of a test's own; gone with the object.
final class TestFolder: Sendable {
    let path: String

    init() throws {
        let base = FileManager.default.temporaryDirectory
        let folder = base.appending(path: "starling-test-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        path = folder.path
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A node on a port of its own, which runs until it is stopped.
struct TestNode: Sendable {
    let node: Node
    private let folder: TestFolder
    private let life: Task<Void, any Error>

    init(
        join: [JoinAddress] = [],
        places: Int = 1,
        firstJob: ManifestID? = nil,
        tamper: (@Sendable (UnitOutput) -> UnitOutput)? = nil,
        storage: any Storage = MemoryStorage(),
        folder: TestFolder? = nil,
        change: (inout NodeConfiguration) -> Void = { _ in }
    ) throws {
        let folder = try folder ?? TestFolder()
        self.folder = folder
        var configuration = NodeConfiguration(folder: folder.path)
        configuration.network = testNetworkName
        configuration.join = join
        configuration.places = places
        configuration.firstJob = firstJob
        configuration.tamper = tamper
        configuration.redialMilliseconds = 20
        change(&configuration)
        let node = try Node(configuration, storage: storage)
        self.node = node
        life = Task { try await node.run() }
    }

    /// Ends the node; throws what ended it before.
    func end() async throws {
        await node.stop()
        try await life.value
    }

    /// What ends the node, without being asked to.
    func death() async throws { try await life.value }
}

/// `count` nodes, each linked to every other; the first one is the submitter.
func withGrid(_ count: Int, _ body: ([Node]) async throws -> Void) async throws {
    let first = try TestNode()
    var members = [first]
    for _ in 1..<count { members.append(try TestNode(join: [first.node.address])) }
    let nodes = members.map(\.node)
    for node in nodes {
        try await node.until { await $0.linkedCount == count - 1 }
    }
    try await body(nodes)
    for member in members { try await member.end() }
}

let testNetworkName = "test"

var testNetwork: NetworkID {
    var configuration = NodeConfiguration(folder: "")
    configuration.network = testNetworkName
    return configuration.networkID
}

extension Node {
    /// Waits until `isTrue`, asked after each change; the suite's time limit bounds it.
    func until(_ isTrue: @Sendable (Node) async throws -> Bool) async throws {
        let found = try await first { try await isTrue($0) ? true : nil }
        try #require(found == true, "the node ended before that")
    }
}

// MARK: - A small search

/// A search of some units that takes milliseconds, and the table that it must give.
struct SmallSearch {
    let packed: PackedSearch
    let table: Bytes

    init(seed: UInt64 = 1) throws {
        let made = SyntheticFilterbank(seed: seed, channelCount: 1_024, toneCount: 2).make()
        let file = InputFile(name: "small.fil", bytes: made.file)
        packed = try PackedSearch(file, DriftSettings(tileWidth: 256))
        var aggregate = Aggregate.empty
        for index in 0..<packed.plan.unitCount {
            let range = packed.plan[index].bytes
            let input = UnitInput(
                parameters: packed.dataset.parameters,
                index: index,
                bytes: Bytes(packed.dataset.bytes[Int(range.lowerBound)..<Int(range.upperBound)])
            )
            var unit = try DriftSearch(input)
            while try !unit.step().isFinished {}
            aggregate = try DriftSearch.reduce(aggregate, try unit.finish(), index: index)
        }
        table = try DriftSearch.report(aggregate, packed.dataset.parameters)
    }

    /// Submits the search at `node`, and checks the table and the votes once it is certified.
    @discardableResult
    func expectFinishes(
        at node: Node,
        _ terms: JobTerms = JobTerms(),
        liars: Set<PeerID> = []
    ) async throws -> ManifestID {
        let id = try await node.submit(packed, terms)
        let count = packed.plan.unitCount
        try await node.until { node in
            guard let progress = await node.progress(of: id) else { return false }
            return progress.certified == count && progress.held == count
        }
        let (aggregate, parameters) = try #require(try await node.aggregate(of: id))
        #expect(try DriftSearch.report(aggregate, parameters) == table)
        for vote in await node.votes(of: id) {
            #expect(vote.voters.count { $0.didWin } >= 2)
            #expect(Set(vote.voters.map(\.peer)).isDisjoint(with: liars))
        }
        return id
    }
}

// MARK: - Strangers

/// A peer that is written by hand: its keys, and whatever it claims of itself.
struct Stranger: Sendable {
    let peer = SigningKey.generate()
    let project = SigningKey.generate()
    let curve = CurveKeyPair.generate()
    let network = testNetwork

    var id: PeerID { PeerID(peer.publicKey) }

    /// Its record, signed for `network`; with another CURVE key than its own, if told.
    func record(curveKey: CurveKey? = nil, epoch: UInt64? = nil) -> Signed<Record> {
        let key = curveKey ?? curve.publicKey
        let now = epoch ?? UInt64(Date().timeIntervalSince1970 / 3_600)
        let binding = peer.sign(Record.bindingBytes(network: network, curveKey: key))
        let record = Record(
            peer: id,
            incarnation: 1,
            curveKey: key,
            binding: binding,
            controlEndpoints: [],
            bulkEndpoints: [],
            role: .hub,
            owner: OwnerID(peer.publicKey),
            cores: 0,
            memoryByteCount: 0,
            kernels: [],
            engines: [],
            successorHash: .zero,
            epoch: now,
            expiry: now + 24
        )
        return sign(record, with: peer)
    }

    /// Its HELLO, as an honest peer would write it.
    var hello: Bytes { Hello(isWelcome: false, network: network, record: record()).frame }

    func sign<Body: StatementBody>(_ body: Body, with key: SigningKey) -> Signed<Body> {
        let bytes = COSE.signedBytes(kind: Body.kind, network: network, payload: body.payload)
        return Signed(body, signature: key.sign(bytes))
    }

    /// Dials `address`, and says `hello` there.
    func dial(_ address: JoinAddress, hello: Bytes? = nil) throws -> ZeroMQTransport {
        var configuration = TransportConfiguration(listener: nil, keys: curve)
        configuration.timing.redialMin = .milliseconds(20)
        configuration.timing.redialMax = .milliseconds(50)
        configuration.timing.linger = .milliseconds(100)
        let transport = try ZeroMQTransport(
            configuration: configuration,
            admission: GullibleAdmission(hello: hello ?? self.hello)
        )
        try transport.dial(endpoint: address.endpoint, curveKey: address.curveKey)
        return transport
    }
}

/// Says the same to everybody, and takes everybody for who he says he is.
private struct GullibleAdmission: Admission {
    let hello: Bytes

    func hello(to curveKey: CurveKey, dialled: Bool) -> Bytes { hello }

    func admit(_ frame: Bytes, curveKey: CurveKey, dialled: Bool) -> AdmissionVerdict {
        guard let hello = try? Hello(frame: frame) else { return .refuse(reason: "not a HELLO") }
        return .admit(hello.record.body.peer)
    }
}

extension ZeroMQTransport {
    /// The next event for which `pick` has an answer.
    func next<Answer>(_ pick: (TransportEvent) -> Answer?) async throws -> Answer {
        while let event = await events.next() {
            if let answer = pick(event) { return answer }
        }
        throw CancellationError()
    }

    /// Waits for a link.
    func linked() async throws {
        try await next { if case .linked = $0 { () } else { nil } }
    }

    /// Why the next attempt to dial fails.
    func dialFailure() async throws -> String {
        try await next { if case .dialFailed(_, let reason) = $0 { reason } else { nil } }
    }
}
