import Ledger
import PeerNode
import Primitives
import Testing
import Transport
import Wire

/// Peers that say two things on real links: everybody learns it, and jobs end without them.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct FaultTests {
    /// What a node's ledger proves of a peer.
    private static func faults(of peer: PeerID, at node: Node) async -> [ProvenFault] {
        let standing = await node.story(of: peer, eventsMax: 10)?.standing
        return standing?.events.compactMap { event in
            if case .fault(let proven) = event.kind { proven } else { nil }
        } ?? []
    }

    @Test func aStewardThatClosesARoundTwiceIsProvenToAllAndTheJobEnds() async throws {
        let search = try SmallSearch()
        try await withGrid(3) { nodes in
            let rogue = try RogueSteward(linkedTo: nodes)
            for node in nodes { try await node.until { await $0.linkedCount == nodes.count } }
            let serving = Task { try await rogue.serve(holder: nodes[0].id) }
            var terms = JobTerms()
            terms.anchors = [rogue.id]
            let job = try await search.expectFinishes(at: nodes[0], terms)
            for node in nodes {
                try await node.until { await !Self.faults(of: rogue.id, at: $0).isEmpty }
                let fault = try #require(await Self.faults(of: rogue.id, at: node).first)
                #expect(fault.statement == .commitSet && fault.job == job && fault.units == [0])
                let audit = await node.audit()
                #expect(audit.isGood && audit.culprits.map(\.peer).contains(rogue.id))
                #expect(Set(audit.culprits.map(\.peer)) == [rogue.id], "and nobody else")
                let stewards = await node.stewards(ofUnit: 0, of: job)
                #expect(!stewards.contains(rogue.id), "three others are there")
            }
            rogue.close()
            try await serving.value
        }
    }

    /// Its record has expired, or never came.
    @Test func aCulpritWhoseRecordNobodyKnowsIsToldByTheLedgerAlone() async throws {
        let search = try SmallSearch()
        try await withGrid(2) { nodes in
            let job = try await search.expectFinishes(at: nodes[0])
            let (culprit, messenger) = (Stranger(), Stranger())
            let promises = [Digest(1, 0, 0, 0), Digest(2, 0, 0, 0)].map { commit in
                culprit.sign(
                    CommitStatement(
                        worker: culprit.id,
                        manifest: job,
                        steward: nodes[0].id,
                        round: 77,
                        units: [0],
                        commit: commit
                    ),
                    with: culprit.peer
                )
            }
            let pair = try #require(Contradiction(promises[0], promises[1]))
            #expect(await nodes[1].story(of: culprit.id, eventsMax: 1) == nil)
            let link = try messenger.dial(nodes[0].address)
            try await link.linked()
            let frame = Message.item(.fault(Fault(.commits(pair)))).frame
            #expect(link.send(to: nodes[0].id, frames: [frame]) == .queued)
            for node in nodes {
                try await node.until { await $0.story(of: culprit.id, eventsMax: 1) != nil }
                let story = try #require(await node.story(of: culprit.id, eventsMax: 1))
                #expect(story.view == nil && story.quota == nil)
                #expect(story.standing.projects.map(\.trustClass) == [.newcomer])
                let faults = await Self.faults(of: culprit.id, at: node)
                #expect(faults.map(\.statements) == [promises.map(\.id).sorted()])
                #expect(await node.explainablePeerIDs.contains(culprit.id))
                #expect(await !node.peerIDs.contains(culprit.id))
            }
            link.close()
        }
    }
}
