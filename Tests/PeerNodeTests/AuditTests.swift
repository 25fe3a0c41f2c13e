import Foundation
import Ledger
import PeerNode
import Primitives
import Synchronization
import TestSupport
import Testing
import Wire

/// What an audit finds in exports that are right, damaged, or forged.
@Suite(.timeLimit(.minutes(10)))
struct AuditTests {
    @Test func everyKindOfVoteIsAudited() async throws {
        let draft = try await ExportDraft(Notary.everything()).withBoard()
        let report = try await ExportDraft.audit(draft.bytes)
        #expect(report.findings == [])
        #expect(report.isGood)
        let counts = report.kinds.map { "\($0.count) \($0.name)" }
        #expect(
            counts == [
                "1 anchor", "1 cancel", "12 certificate", "1 device", "1 fault", "2 hold",
                "2 manifest", "7 opening", "2 revoke", "1 ruling",
            ]
        )
        #expect(report.valid == 12)
        #expect(report.units.certified == 9)
        #expect(report.board == draft.lines)
        // The second worker lost units 2 and 3, and 5 and 7, where anchors vouch for the others;
        // it never revealed for unit 4, and unit 6 is disputed.
        let notary = Notary()
        // The first one lost units 5 and 7 here, too, and said two things in the other job: it is
        // paid for neither of its units there.
        let culprit = try #require(report.board.first { $0.peer == notary.peers[1] })
        #expect(culprit.lost == 4)
        #expect(report.culprits.map(\.peer) == [notary.peers[1]] && report.culpritCount == 1)
        let other = Notary(policy: .single, nonce: 2)
        #expect(report.culprits.map(\.job) == [other.grid.id])
        #expect(report.culprits.map(\.statement) == [.commit])
        let line = try #require(report.board.first { $0.peer == notary.peers[2] })
        #expect((line.won, line.lost) == (2, 4))
        #expect(line.operations == 2 * TestGrid.operationsPerUnit - 1)
        // What the fifth worker did counts for the last key that took over from its own.
        #expect(!report.board.contains { $0.peer == notary.peers[4] })
        #expect(report.board.first { $0.peer == notary.peers[7] }?.won == 3)
    }

    @Test func theLedgerInMemoryIsAuditedLikeItsExport() async throws {
        let draft = try await ExportDraft(Notary.everything()).withBoard()
        let file = try await ExportDraft.audit(draft.bytes)
        let memory = await Audit.ledger(
            draft.items,
            network: draft.network,
            epoch: TestGrid.epoch
        )
        #expect(memory == file)
    }

    @Test func anAuditTellsHowFarItIs() async throws {
        let notary = Notary(units: 600)
        let units: [[UInt32]] = [[0, 255], [256, 300], [599]]
        let items = [notary.manifest] + units.flatMap { notary.opened(notary.quorum(on: $0)) }
        let steps = Mutex<[Int]>([])
        _ = await Audit.ledger(items, network: TestGrid().network, epoch: TestGrid.epoch) { step in
            guard case .judging(let done, let total) = step, total == items.count else { return }
            steps.withLock { $0.append(done) }
        }
        // The manifest first, then the two items of each shard.
        #expect(steps.withLock(\.self) == [1, 3, 5, 7])
    }

    @Test func shardsAreJudgedApartAndAddedUp() async throws {
        let notary = Notary(units: 600)
        let units: [[UInt32]] = [[0, 255], [256, 300], [599]]
        let items = units.flatMap { notary.opened(notary.quorum(on: $0)) }
        let draft = try await ExportDraft([notary.manifest] + items).withBoard()
        let report = try await ExportDraft.audit(draft.bytes)
        #expect(report.isGood)
        #expect(report.units.certified == 5)
        #expect(report.board.map(\.won) == [5, 5])
    }

    @Test func unopenedUnitsAreSealedAndNotPaid() async throws {
        let notary = Notary()
        let draft = ExportDraft([notary.manifest, .certificate(notary.quorum(on: [0, 1]))])
        let report = try await ExportDraft.audit(draft.bytes)
        #expect(report.isGood)
        #expect(report.units.sealed == 2)
        #expect(report.board == [])
    }

    // MARK: - Damage

    /// A small export, each of its bytes changed in turn.
    @Test func everyChangedByteIsFoundAndItsElementNamed() async throws {
        let notary = Notary()
        let items = [notary.manifest] + notary.opened(notary.quorum(on: [0]))
        let draft = try await ExportDraft(items).withBoard()
        try await expectFound(draft, positions: Array(0..<draft.bytes.count))
    }

    @Test func changedBytesOfEveryKindOfElementAreFound() async throws {
        let draft = try await ExportDraft(Notary.everything()).withBoard()
        var generator = PRNG(seed: 5)
        let count = UInt64(draft.bytes.count)
        let positions = (0..<150).map { _ in Int(generator.below(count)) }
        try await expectFound(draft, positions: positions)
    }

    private func expectFound(_ draft: ExportDraft, positions: [Int]) async throws {
        let bytes = draft.bytes
        let places = try ExportDraft.places(in: bytes)
        var generator = PRNG(seed: 1)
        for position in positions {
            var changed = bytes
            changed[position] ^= 1 << UInt8(generator.below(8))
            let report = try await ExportDraft.audit(changed)
            let place = try #require(places.first { $0.contains(position) })
            let isNamed = report.findings.contains { $0.offset == UInt64(place.lowerBound) }
            // Of the header, the epoch is in nothing but the hash.
            let isEpoch = (53..<58).contains(position)
            #expect(isNamed || isEpoch, "byte \(position): \(report.findings)")
            #expect(!report.isGood, "byte \(position)")
        }
    }

    @Test func damageEndsWhereTheNextElementBegins() async throws {
        let draft = try await ExportDraft(Notary.everything()).withBoard()
        let places = try ExportDraft.places(in: draft.bytes)
        for (index, place) in places.enumerated().dropFirst().dropLast() {
            var bytes = draft.bytes
            // The head of the array, and the heads of what is in it.
            for offset in 0..<3 { bytes[place.lowerBound + offset] = 0xff }
            let report = try await ExportDraft.audit(bytes)
            let damage = report.findings.filter { $0.problem.name == "unreadable" }
            #expect(damage.count == 1)
            #expect(damage.first?.offset == UInt64(place.lowerBound))
            guard case .unreadable(_, let count, let isRest)? = damage.first?.problem else {
                continue
            }
            #expect(count == UInt64(place.count), "element \(index)")
            #expect(!isRest)
        }
    }

    @Test func everyTruncationIsFound() async throws {
        let draft = try await ExportDraft(Notary.everything()).withBoard()
        let bytes = draft.bytes
        let edges = try ExportDraft.places(in: bytes).map(\.lowerBound)
        for count in edges + [1, bytes.count / 3, bytes.count - 1] {
            let report = try await ExportDraft.audit(Array(bytes[..<count]))
            let names = report.findings.map(\.problem.name)
            #expect(names.contains("no-end"), "\(count) bytes: \(names)")
        }
    }

    @Test(arguments: [[0], [0x82], Array("hello".utf8), ExportElement.end(.zero).bytes])
    func whateverFollowsTheEndIsFound(rest: Bytes) async throws {
        let draft = try await ExportDraft(Notary.everything()).withBoard()
        let bytes = draft.bytes
        let report = try await ExportDraft.audit(bytes + rest)
        #expect(report.findings.first?.offset == UInt64(bytes.count))
    }

    @Test(arguments: [[], [0], Array("SIGPROC".utf8)])
    func otherFilesAreNoExports(bytes: Bytes) async throws {
        try await expectNoExport(bytes)
    }

    @Test func deepNestIsNoExport() async throws {
        try await expectNoExport(Bytes(repeating: 0x82, count: 300_000))
    }

    private func expectNoExport(_ bytes: Bytes) async throws {
        let report = try await ExportDraft.audit(bytes)
        let names = report.findings.map(\.problem.name)
        #expect(names.contains("no-header") && names.contains("no-end"))
    }

    @Test func randomBytesNeverTrap() async throws {
        var generator = PRNG(seed: 2)
        for _ in 0..<50 {
            let count = generator.below(2_000)
            // Heads of elements are frequent, so that decoders get far.
            let heads: Bytes = [0x82, 0x84, 0x02, 0x03, 0x58, 0x20, 0xd2]
            let bytes = (0..<count).map { _ in
                generator.below(2) == 0
                    ? heads[Int(generator.below(7))] : UInt8(generator.below(256))
            }
            #expect(try await !ExportDraft.audit(bytes).isGood)
        }
    }

    @Test func missingFileIsAnErrorAndNoFinding() async throws {
        let folder = try TestFolder()
        await #expect(throws: ExportError.self) { try await Audit.export(at: folder.path) }
        let path = "\(folder.path)/nothing"
        await #expect(throws: ExportError.self) { try await Audit.export(at: path) }
    }
}
