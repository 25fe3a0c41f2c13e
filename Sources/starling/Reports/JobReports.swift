import Foundation
import Kernels
import PeerCore
import PeerNode
import Primitives
import Wire

/// How far a job is: a line of `jobs`, and what `watch` tells.
struct JobLine: Codable, Sendable, Equatable {
    /// Where a job stands.
    enum Stage: String, Codable, Sendable {
        case open, settling, collecting, complete, cancelled, expired, released
    }

    let job: String
    let name: String
    let isOwn: Bool
    let stage: Stage
    /// Whether its submitter has put it on hold.
    let isHeld: Bool
    let workload: String
    let policy: String
    let priority: UInt8
    let deadline: Date
    /// When every peer that keeps results of it drops them.
    let retention: Date
    let submitter: String
    let units: UInt32
    let certified: UInt32
    let final: UInt32
    let disputed: UInt32
    /// Units whose result is kept by this peer.
    let held: UInt32
    /// Units that this peer finds out by itself, in secret.
    let ringers: UInt32
    /// Those of which the same is certified.
    let ringersAgreed: UInt32
    /// Those that could not be computed here.
    let ringersFailed: UInt32
    /// Units that nobody can finish without this machine.
    let unitsThatNeedThisMachine: UInt32

    init(_ view: JobView, name: String?) {
        job = view.id.description
        self.name = Printable.text(name ?? view.fileName ?? "")
        isOwn = view.isOwn
        stage =
            switch view.stage {
            case .open: .open
            case .settling: .settling
            case .collecting: .collecting
            case .complete: .complete
            case .cancelled: .cancelled
            case .expired: .expired
            case .released: .released
            }
        isHeld = view.progress.isHeld
        workload = view.manifest.workload
        policy = "\(view.manifest.policy)"
        priority = view.manifest.priority
        deadline = Moment.end(ofEpoch: view.manifest.deadline)
        retention = Moment.end(ofEpoch: view.manifest.retentionEpoch)
        submitter = view.manifest.submitter.description
        units = view.progress.unitCount
        certified = view.progress.certified
        final = view.progress.final
        disputed = view.progress.disputed
        held = view.progress.held
        ringers = view.progress.ringers.planted
        ringersAgreed = view.progress.ringers.agreed
        ringersFailed = view.progress.ringers.failed
        unitsThatNeedThisMachine = view.unitsThatNeedUs
    }

    /// Whether nothing more will become of it.
    var isOver: Bool {
        switch stage {
        case .complete, .cancelled, .expired, .released: true
        case .open, .settling, .collecting: false
        }
    }
}

/// The jobs that a peer knows.
struct JobsReport: Codable, Sendable {
    let jobs: [JobLine]
}

/// What a watcher hears.
struct WatchEvent: Codable, Sendable {
    /// A job that was asked for by its link and is not known yet.
    struct Unknown: Codable, Sendable, Equatable {
        let job: String
        let peer: String
        let isLinked: Bool
        /// Why the peer of the link was not reached, if it was tried.
        let reason: String?
    }

    var progress: JobLine?
    var unknown: Unknown?
}

/// A job that was submitted.
struct SubmissionReport: Codable, Sendable {
    let job: String
    let link: String
    let units: Int
    let replicas: Int
    /// What did not work beside.
    let warning: String?
}

/// What `results` hears: the job first, then each unit that is final.
struct ResultsEvent: Codable, Sendable {
    /// The job, and what its table needs beside results.
    struct Job: Codable, Sendable {
        let line: JobLine
        let parameters: Data
    }

    /// One unit's result.
    struct Unit: Codable, Sendable {
        let unit: UInt32
        let resultHash: String
        let operations: UInt64
        let evidence: String
        let winners: [String]
        let bytes: Data

        init(_ result: UnitResult) {
            unit = result.unit
            resultHash = result.core.resultHash.description
            operations = result.core.operations
            evidence = result.core.evidence.description
            winners = result.winners.map(\.description)
            bytes = Data(result.bytes)
        }
    }

    var job: Job?
    var result: Unit?
}

/// A job whose results were released.
struct ReleaseEvent: Codable, Sendable {
    let released: JobLine
}

// MARK: - Text

extension JobLine {
    /// One line, without an end.
    var text: String {
        var parts = ["\(certified) of \(units) certified", "\(final) final"]
        if disputed > 0 { parts.append("\(disputed) disputed") }
        if ringers > 0 { parts.append(ringerText) }
        let title = name.isEmpty ? "" : " (\(name))"
        return "job \(Printable.short(job))\(title): \(parts.joined(separator: ", "))\(ending)"
    }

    private var ringerText: String {
        let failed = ringersFailed > 0 ? ", \(ringersFailed) could not be computed here" : ""
        return "\(ringersAgreed) of \(ringers) ringers agree\(failed)"
    }

    /// Whether units that nobody may compute now would be given out after `release`.
    var isWaitingForRelease: Bool { isHeld && stage == .open }

    private var ending: String { (isWaitingForRelease ? "; on hold" : "") + stageEnding }

    private var stageEnding: String {
        switch stage {
        case .open: ""
        case .settling where final == units: "; waits for its ringers to be computed here"
        case .settling: "; every unit is certified, and waits for a contradiction"
        case .collecting: "; \(units - held) results are still on their way here"
        case .complete: "; complete"
        case .cancelled: "; cancelled"
        case .expired: "; its deadline has passed"
        case .released: "; over, and its results are released"
        }
    }

    /// What a hold means, and how it ends.
    var holdText: String {
        let short = Printable.short(job)
        let end =
            isOwn
            ? "let it go on with: starling release \(short)"
            : "its submitter, peer \(Printable.short(submitter)), alone can release it"
        return "on hold: what is being computed is finished, and no more is given out; \(end)"
    }

    /// What became of the results of a job that was released.
    var releaseText: String {
        let date = Moment.text(retention)
        let others =
            retention > Date()
            ? "other peers keep theirs until \(date)" : "nobody keeps them since \(date)"
        return
            "the results of job \(Printable.short(job)) are released: this peer has dropped them, "
            + "and fetches them no more; \(others)"
    }

    /// Whether this machine may go offline, for the owner of a job.
    var safety: String {
        guard unitsThatNeedThisMachine > 0 else {
            return "this machine may go offline: every unit is certified"
        }
        return "keep this machine online: \(Printable.count(unitsThatNeedThisMachine, "unit")) "
            + "cannot be finished without its data"
    }
}

extension JobsReport {
    var text: String {
        guard !jobs.isEmpty else { return "no job is known; submit one with: starling submit" }
        var table = TextTable(
            "JOB",
            "NAME",
            "STAGE",
            ">UNITS",
            ">CERTIFIED",
            ">FINAL",
            ">DISPUTED",
            "OWN",
            "DEADLINE"
        )
        for job in jobs {
            table.add(
                Printable.short(job.job),
                job.name,
                job.isWaitingForRelease ? "on hold" : job.stage.rawValue,
                "\(job.units)",
                "\(job.certified)",
                "\(job.final)",
                "\(job.disputed)",
                job.isOwn ? "yes" : "no",
                Moment.text(job.deadline)
            )
        }
        return table.text
    }
}

extension WatchEvent.Unknown {
    var text: String {
        let start = "job \(Printable.short(job)) is not known yet"
        if isLinked { return "\(start); peer \(Printable.short(peer)) is asked for it" }
        let why = reason.map { " (\(Printable.text($0)))" } ?? ""
        return "\(start); peer \(Printable.short(peer)) is being dialled\(why)"
    }
}

extension SubmissionReport {
    var text: String {
        """
        job \(job)
        link \(link)
        \(Printable.count(units, "unit")), each computed \(Printable.times(replicas)); follow it \
        with: starling watch \(Printable.short(job))
        keep this machine online until every unit is certified: it has the data, and is the steward
        """ + (warning.map { "\n\($0)" } ?? "")
    }
}
