import Foundation
import Kernels
import Ledger
import PeerNode
import Primitives
import Testing
import Wire

/// Exports of peers that have computed something together.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct ExportTests {
    @Test func exportOfAGridIsAuditedElsewhere() async throws {
        let folder = try TestFolder()
        let search = try SmallSearch()
        try await withGrid(2) { nodes in
            try await search.expectFinishes(at: nodes[0])
            // A change at either of them may be the one that makes them equal.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for node in nodes {
                    group.addTask { _ = try await node.first { _ in try await areEqual(nodes) } }
                }
                try await group.next()
                group.cancelAll()
            }
            for (index, node) in nodes.enumerated() {
                let path = "\(folder.path)/\(index)"
                try await node.export(to: path)
                let own = await node.audit()
                let report = try await Audit.export(at: path, network: testNetwork)
                #expect(report.findings == [])
                #expect(report.certificates > 0)
                #expect(report.valid == report.certificates)
                #expect(report.units.certified == search.packed.plan.unitCount)
                #expect(report.ledgerHash == own.ledgerHash)
                let board = await node.board().sorted { $0.peer < $1.peer }
                #expect(report.board.map(\.peer) == board.map(\.peer))
                #expect(
                    report.board.map(\.operations)
                        == board.map { $0.finalOperations + $0.provisionalOperations }
                )
            }
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(files.sorted() == ["0", "1"])
    }

    @Test func exportReplacesAFileOrLeavesIt() async throws {
        let folder = try TestFolder()
        let path = "\(folder.path)/ledger"
        try Data("before".utf8).write(to: URL(filePath: path))
        let member = try TestNode(places: 0)
        try await member.node.export(to: path)
        let report = try await Audit.export(at: path)
        #expect(report.isGood)
        #expect(report.kinds.allSatisfy { $0.name == "device" }, "at most what it says of itself")
        await #expect(throws: ExportError.self) {
            try await member.node.export(to: "\(folder.path)/nowhere/ledger")
        }
        // A folder stands in the way, so the name cannot be given.
        try FileManager.default.createDirectory(
            atPath: "\(folder.path)/taken",
            withIntermediateDirectories: false
        )
        await #expect(throws: ExportError.self) {
            try await member.node.export(to: "\(folder.path)/taken")
        }
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path)
        #expect(files.sorted() == ["ledger", "taken"])
        try await member.end()
    }
}

/// True once two peers hold one ledger in which every certificate is opened; nil before.
private func areEqual(_ nodes: [Node]) async throws -> Bool? {
    let (first, second) = (await nodes[0].audit(), await nodes[1].audit())
    return first.ledgerHash == second.ledgerHash && first.units.sealed == 0 ? true : nil
}
