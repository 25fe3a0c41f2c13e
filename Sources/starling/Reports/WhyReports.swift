import Foundation
import PeerCore
import PeerNode
import Primitives
import Wire
import WorkUnits

/// What something waits for, and until when.
struct WaitLine: Codable, Sendable, Equatable {
    enum Subject: String, Codable, Sendable {
        /// `peer`, the submitter, which has put the job on hold.
        case release
        /// `count` workers who take a free seat.
        case workers
        /// `peer`, which computes and must promise its result.
        case promise
        /// The steward's signature on the promises.
        case signedPromises
        /// `peer`, which must reveal what it promised.
        case result
        /// The results' bytes, on their way to the steward.
        case resultBytes
        /// `peer`, or anybody, who keeps the results too.
        case secondHolder
        /// The steward's signature on the certificate.
        case certificate
        /// The publication of what won.
        case opening
        /// One more worker, because the results differ.
        case furtherWorker
        /// The word of `peer`, the submitter, because the results differ.
        case ruling
        /// The settling of certificates that contradict each other.
        case contradictedCertificates
        /// `peer`, the steward, which alone knows more and is linked.
        case steward
        /// `peer`, the steward, to which there is no link.
        case unlinkedSteward
        /// A peer that could be a steward.
        case anySteward
        /// A contradiction, which would have come by then.
        case settling
    }

    let waitsFor: Subject
    var peer: String?
    var count: Int?
    var until: Date?

    /// While `job` is on hold nobody can take a free seat.
    init(_ wait: UnitView.Wait, of job: JobLine) {
        if case .workers = wait.wait, job.isWaitingForRelease {
            (waitsFor, peer) = (.release, job.submitter)
            return
        }
        until = wait.until
        switch wait.wait {
        case .workers(let number): (waitsFor, count) = (.workers, number)
        case .commit(let worker, _): (waitsFor, peer) = (.promise, worker.description)
        case .commitSet: waitsFor = .signedPromises
        case .result(let worker, _): (waitsFor, peer) = (.result, worker.description)
        case .resultBytes: waitsFor = .resultBytes
        case .secondHolder(let holder): (waitsFor, peer) = (.secondHolder, holder?.description)
        case .certificate: waitsFor = .certificate
        case .opening: waitsFor = .opening
        case .furtherWorker: waitsFor = .furtherWorker
        case .ruling(let submitter, _): (waitsFor, peer) = (.ruling, submitter.description)
        case .contradictedCertificates: waitsFor = .contradictedCertificates
        case .steward(let steward, let isLinked):
            (waitsFor, peer) = (isLinked ? .steward : .unlinkedSteward, steward.description)
        case .anySteward: waitsFor = .anySteward
        case .settling: waitsFor = .settling
        }
    }
}

/// A certificate on a unit.
struct CertificateLine: Codable, Sendable {
    struct Vote: Codable, Sendable {
        let peer: String
        /// Whether its result prevailed; missing while nobody knows.
        let didWin: Bool?
    }

    let certificate: String
    let kind: String
    let steward: String
    let votes: [Vote]
    /// Who promised a result and never revealed it.
    let silent: [String]

    init(_ view: CertificateView) {
        certificate = view.id.description
        kind = "\(view.kind)"
        steward = view.steward.description
        votes = view.votes.map { Vote(peer: $0.peer.description, didWin: $0.didWin) }
        silent = view.silent.map(\.description)
    }
}

/// A unit: who voted what, and what it waits for.
struct UnitStory: Codable, Sendable {
    enum Stage: String, Codable, Sendable {
        case open, sealed, disputed, provisional, final
    }

    /// A result that is revealed and not certified.
    struct Cast: Codable, Sendable {
        let peer: String
        let resultHash: String
    }

    /// A seat of the open round.
    struct Seat: Codable, Sendable {
        let peer: String?
        let stage: String
    }

    let job: String
    let unit: UInt32
    let stage: Stage
    let jobStage: JobLine.Stage
    /// Whether the job is on hold.
    let isHeld: Bool
    let resultHash: String?
    let operations: UInt64?
    let certificates: [CertificateLine]
    let cast: [Cast]
    let seats: [Seat]
    let waits: [WaitLine]
    /// Who schedules it, the acting one first.
    let stewards: [String]
    /// What this peer does for it.
    let work: [WorkLine]

    init(_ view: UnitView, of job: JobLine, stewards: [PeerID], work: [WorkLine]) {
        self.job = job.job
        unit = view.unit
        stage =
            switch view.stage {
            case .open: .open
            case .sealed: .sealed
            case .disputed: .disputed
            case .provisional: .provisional
            case .final: .final
            }
        jobStage = job.stage
        isHeld = job.isHeld
        resultHash = view.core?.resultHash.description
        operations = view.core?.operations
        certificates = view.certificates.map { CertificateLine($0) }
        cast = view.cast.map { vote in
            Cast(peer: vote.worker.description, resultHash: vote.core.resultHash.description)
        }
        seats = view.seats.map { Seat(peer: $0.worker?.description, stage: "\($0.stage)") }
        waits = view.waits.map { WaitLine($0, of: job) }
        self.stewards = stewards.map(\.description)
        self.work = work.filter { $0.job == job.job && $0.units.contains(view.unit) }
    }
}

/// A job: how far it is, and what its units wait for.
struct JobStory: Codable, Sendable {
    /// Units that wait for the same.
    struct Group: Codable, Sendable {
        let wait: WaitLine
        var units: [UInt32]
    }

    let line: JobLine
    /// Peers that could work on it now.
    let donors: [String]
    /// Donors that each unit needs.
    let replicas: Int
    /// What the first waiting units wait for.
    let groups: [Group]
    /// Waiting units that were looked at.
    let examinedUnits: Int

    init(_ job: JobView, _ line: JobLine, donors: [PeerID], units: [UnitView]) {
        self.line = line
        self.donors = donors.map(\.description)
        replicas = Int(job.manifest.policy.replicas)
        examinedUnits = units.count
        var groups: [Group] = []
        for unit in units {
            for wait in unit.waits.map({ WaitLine($0, of: line) }) {
                let same = groups.firstIndex { group in
                    group.wait.waitsFor == wait.waitsFor && group.wait.peer == wait.peer
                        && group.wait.count == wait.count
                }
                if let same {
                    groups[same].units.append(unit.unit)
                } else {
                    groups.append(Group(wait: wait, units: [unit.unit]))
                }
            }
        }
        self.groups = groups
    }
}

/// A peer: what is known of it, and what it does here.
struct PeerStory: Codable, Sendable {
    struct Seat: Codable, Sendable {
        let job: String
        let units: [UInt32]
        let stage: String
        let until: Date?
    }

    let peer: String
    /// Missing when its record is not known.
    let line: PeerLine?
    let credit: BoardLine?
    let standing: StandingReport
    /// Bundles that it may have leased from this steward at once; missing while it has had none.
    let quota: UInt32?
    /// Its seats in votes that this peer schedules.
    let seats: [Seat]
    /// Rules that it broke, as this peer saw it.
    let misbehaviors: [String]
    /// What this peer itself does, when it was asked about itself.
    let status: StatusReport?

    init(_ id: PeerID, _ story: PeerNode.PeerStory, status: StatusReport?) {
        peer = id.description
        line = story.view.map { PeerLine($0) }
        standing = StandingReport(story.standing)
        quota = story.quota
        credit = story.credit.map { BoardLine($0) }
        seats = story.seats.map { seat in
            Seat(
                job: seat.manifest.description,
                units: seat.units,
                stage: "\(seat.stage)",
                until: seat.until
            )
        }
        misbehaviors = story.misbehaviors.map { Printable.text("\($0)") }
        self.status = status
    }
}

/// The answer to `why`: one of the three.
struct WhyReport: Codable, Sendable {
    var unit: UnitStory?
    var job: JobStory?
    var peer: PeerStory?
}
