import Foundation
import Identity
import Kernels
import PeerCore
import PeerNode
import Primitives
import Testing
import Transport
import Wire

/// Whole grids in one process, on the loopback interface.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct GridTests {
    @Test(arguments: [2, 3])
    func gridFindsWhatALocalSearchFinds(count: Int) async throws {
        let search = try SmallSearch()
        #expect(search.packed.plan.unitCount > 1)
        try await withGrid(count) { nodes in
            try await search.expectFinishes(at: nodes[0])
            for node in nodes {
                let audit = await node.audit()
                #expect(audit.certificates > 0)
                #expect(audit.valid == audit.certificates)
            }
        }
    }

    @Test func offendersAreBannedAndTheOthersFinish() async throws {
        let search = try SmallSearch()
        try await withGrid(3) { nodes in
            var offenders: Set<PeerID> = []
            for offence in Offence.allCases {
                let stranger = Stranger()
                offenders.insert(stranger.id)
                let client = try stranger.dial(nodes[0].address)
                try await client.linked()
                let frames = try offence.frames(of: stranger)
                #expect(client.send(to: nodes[0].id, frames: frames) == .queued)
                #expect(try await client.dialFailure() == "refused us: banned", "\(offence)")
                client.close()
            }
            try await search.expectFinishes(at: nodes[0], liars: offenders)
            for node in nodes { #expect(await node.linkedCount == nodes.count - 1) }
        }
    }

    @Test func hostileJobsHarmNobody() async throws {
        let search = try SmallSearch()
        try await withGrid(3) { nodes in
            // Everybody holds the dataset after this, so that nothing hinders the hostile jobs.
            try await search.expectFinishes(at: nodes[0])
            let stranger = Stranger()
            let client = try stranger.dial(nodes[0].address)
            try await client.linked()
            var ids: [ManifestID] = []
            for change in HostileJob.allCases {
                let manifest = change.manifest(
                    of: stranger,
                    search.packed,
                    anchor: nodes[0].id
                )
                let signed = stranger.sign(manifest, with: stranger.project)
                ids.append(ManifestID(signed.id.digest))
                let frame = Message.item(.manifest(signed)).frame
                #expect(client.send(to: nodes[0].id, frames: [frame]) == .queued)
            }
            for id in ids {
                for node in nodes { try await node.until { await $0.progress(of: id) != nil } }
            }
            try await SmallSearch(seed: 2).expectFinishes(at: nodes[1])
            for (id, job) in zip(ids, HostileJob.allCases) {
                for node in nodes {
                    #expect(await node.progress(of: id)?.certified == 0, "\(job)")
                }
            }
            // Some of them were tried, and each failed for a reason that its owner can read.
            let reasons = zip(ids, HostileJob.allCases).filter(\.1.isTried)
            try await nodes[0].until { _ in
                for node in nodes {
                    for failure in await node.status().failures {
                        let expected = reasons.first { $0.0 == failure.manifest }?.1.reason
                        #expect(failure.reason.hasPrefix(expected ?? "?"), "\(failure)")
                        return true
                    }
                }
                return false
            }
            client.close()
        }
    }
}

/// Messages that no honest peer sends.
private enum Offence: CaseIterable {
    case garbage, emptyMessage, threeFrames, statementOfAnother, statementOfAnotherNetwork
    case chunkWithoutProof, manifestBeyondCaps

    func frames(of stranger: Stranger) throws -> [Bytes] {
        let record = stranger.record()
        switch self {
        case .garbage: return [[0xff, 0, 1, 2]]
        case .emptyMessage: return [[]]
        case .threeFrames:
            let frame = Message.record(record).frame
            return [frame, frame, frame]
        case .statementOfAnother:
            let forged = Stranger().sign(record.body, with: Stranger().peer)
            return [Message.record(forged).frame]
        case .statementOfAnotherNetwork:
            let search = try SmallSearch().packed
            var manifest = HostileManifest(stranger, search)
            manifest.network = NetworkID(.zero)
            let signed = stranger.sign(manifest.manifest, with: stranger.project)
            return [Message.item(.manifest(signed)).frame]
        case .chunkWithoutProof:
            let chunk = Chunk(
                root: Digest(1, 2, 3, 4),
                datasetByteCount: 3,
                index: 0,
                bytes: [1, 2, 3],
                proof: []
            )
            return [Message.chunk(chunk).frame]
        case .manifestBeyondCaps:
            var manifest = HostileManifest(stranger, try SmallSearch().packed)
            manifest.unitCount = Limits.unitsPerManifest + 1
            let signed = stranger.sign(manifest.manifest, with: stranger.project)
            return [Message.item(.manifest(signed)).frame]
        }
    }
}
