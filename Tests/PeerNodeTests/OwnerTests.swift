import Foundation
import Ledger
import PeerNode
import Primitives
import Testing

/// One person's machines.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct OwnerTests {
    @Test func machinesWithOneProjectKeyAreOneUserAndOneVoter() async throws {
        let submitter = try TestNode(places: 1)
        let (first, second) = (try TestFolder(), try TestFolder())
        let join = [submitter.node.address]
        let desktop = try TestNode(join: join, folder: first)
        // As OPERATING.md says: before the first start of the other machine.
        try FileManager.default.copyItem(
            atPath: "\(first.path)/project.key",
            toPath: "\(second.path)/project.key"
        )
        let laptop = try TestNode(join: join, folder: second)
        #expect(desktop.node.id != laptop.node.id)
        #expect(desktop.node.project == laptop.node.project)
        for member in [submitter, desktop, laptop] {
            try await member.node.until { await $0.linkedCount == 2 }
        }
        // Nobody's two machines can certify a unit, so each unit has the submitter's vote too.
        let search = try SmallSearch()
        try await search.expectFinishes(at: submitter.node)
        let id = try #require(await submitter.node.jobIDs.first)
        let pair = Set([desktop.node.id, laptop.node.id])
        for vote in await submitter.node.votes(of: id) {
            #expect(vote.voters.count { pair.contains($0.peer) } == 1)
        }
        let boards = await submitter.node.boards()
        #expect(boards.users.count == 2)
        for member in [submitter, desktop, laptop] { try await member.end() }
    }
}
