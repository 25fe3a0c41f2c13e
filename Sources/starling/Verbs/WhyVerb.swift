import PeerNode
import Primitives

/// Who voted what, what is waited for, and until when.
struct WhyVerb: ControlVerb {
    static let name = "why"

    /// A job, a unit as `JOB/UNIT`, or a peer; ids may be shortened.
    let subject: String

    /// Waiting units that the answer about a job looks at.
    private static let unitsMax = 256
    /// Events that the answer about a peer tells.
    private static let eventsMax = 100

    func answer(
        by peer: ControlledPeer,
        tell: @Sendable (WhyReport) async throws -> Void
    ) async throws {
        switch try await Subject.find(subject, .any, at: peer.node) {
        case .unit(let id, let unit): try await tell(WhyReport(unit: story(unit, of: id, peer)))
        case .job(let id): try await tell(WhyReport(job: story(of: id, peer)))
        case .peer(let id): try await tell(WhyReport(peer: story(of: id, peer)))
        }
    }

    private func story(
        _ unit: UInt32,
        of id: ManifestID,
        _ peer: ControlledPeer
    ) async throws -> UnitStory {
        let job = try await peer.line(of: id)
        guard let view = await peer.node.unit(unit, of: id) else {
            throw CommandFailure(
                "job \(id.short) has no unit \(unit); its units are 0 to \(job.units - 1)"
            )
        }
        return UnitStory(
            view,
            of: job,
            stewards: await peer.node.stewards(ofUnit: unit, of: id),
            work: await peer.work()
        )
    }

    private func story(of id: ManifestID, _ peer: ControlledPeer) async throws -> JobStory {
        let line = try await peer.line(of: id)
        guard let job = await peer.node.job(id) else { throw CommandFailure("no such job") }
        return JobStory(
            job,
            line,
            donors: await peer.node.donors(to: id),
            units: job.isOver ? [] : await peer.node.waitingUnits(of: id, limit: Self.unitsMax)
        )
    }

    private func story(of id: PeerID, _ peer: ControlledPeer) async throws -> PeerStory {
        guard let story = await peer.node.story(of: id, eventsMax: Self.eventsMax) else {
            throw CommandFailure("the record of peer \(id.short) has expired; ask again")
        }
        return PeerStory(id, story, status: id == peer.node.id ? await peer.status() : nil)
    }
}

extension ControlledPeer {
    /// How far a job is.
    func line(of id: ManifestID) async throws -> JobLine {
        guard let view = await node.job(id) else {
            throw CommandFailure("job \(id.short) is not known here; `starling jobs` lists jobs")
        }
        return JobLine(view, name: names[id])
    }
}
