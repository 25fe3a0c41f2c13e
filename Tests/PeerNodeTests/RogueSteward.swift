import Foundation
import PeerNode
import Primitives
import Transport
import Wire

/// A steward that is written by hand, and closes the round of every worker that it has twice.
struct RogueSteward: Sendable {
    private let stranger = Stranger()
    private let links: [ZeroMQTransport]

    /// Links it to every one of `nodes`.
    init(linkedTo nodes: [Node]) throws {
        var links: [ZeroMQTransport] = []
        for node in nodes { links.append(try stranger.dial(node.address)) }
        self.links = links
    }

    var id: PeerID { stranger.id }

    /// Serves each worker in a round of its own, with a second member that nobody knows; returns
    /// when every link is closed.
    func serve(holder: PeerID) async throws {
        try await withThrowingTaskGroup { group in
            for (number, link) in links.enumerated() {
                group.addTask { try await serve(link, round: UInt32(number), holder: holder) }
            }
            try await group.waitForAll()
        }
    }

    func close() {
        for link in links { link.close() }
    }

    private func serve(_ link: ZeroMQTransport, round: UInt32, holder: PeerID) async throws {
        var commit: CommitStatement?
        while let event = await link.events.next() {
            guard case .received(let worker, let frames) = event else { continue }
            let answer: Message
            switch try Message(frame: frames[0]) {
            case .claim(let claim): answer = .lease(lease(claim.manifest, round, holder))
            case .commit(let signed):
                commit = signed.body
                answer = .commitSet(set(with: signed.body))
            case .reveal:
                guard let commit else { continue }
                answer = .commitSet(set(with: commit))
            default: continue
            }
            _ = link.send(to: worker, frames: [answer.frame])
        }
    }

    private func lease(_ job: ManifestID, _ round: UInt32, _ holder: PeerID) -> Lease {
        Lease(
            manifest: job,
            units: [0],
            seatCount: 2,
            epoch: epoch,
            round: round,
            seat: 0,
            widening: 0,
            commitMilliseconds: 20_000,
            holders: [holder]
        )
    }

    /// The closed set of a worker's promise and another one, which differs each time.
    private func set(with commit: CommitStatement) -> Signed<CommitSet> {
        let other = SetMember(worker: Stranger().id, seat: 1, widening: 0, commit: .zero)
        let member = SetMember(worker: commit.worker, seat: 0, widening: 0, commit: commit.commit)
        let body = CommitSet(
            steward: id,
            manifest: commit.manifest,
            round: commit.round,
            units: commit.units,
            epoch: epoch,
            seatCount: 2,
            members: [member, other].sorted { $0.worker < $1.worker }
        )
        return stranger.sign(body, with: stranger.peer)
    }

    private var epoch: UInt64 { UInt64(Date().timeIntervalSince1970 / 3_600) }
}
