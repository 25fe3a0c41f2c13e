import Foundation
import Primitives

extension WhyReport {
    var text: String { unit?.text ?? job?.text ?? peer?.text ?? "" }
}

extension WaitLine {
    fileprivate var isForRelease: Bool { waitsFor == .release }

    /// A sentence, without an end.
    var text: String {
        let name = peer.map { "peer \(Printable.short($0))" }
        let sentence =
            switch waitsFor {
            case .release: "\(name ?? "the submitter") to release the job, which is on hold"
            case .workers: "\(Printable.count(count ?? 1, "worker")) to take a free seat"
            case .promise: "\(name ?? "a worker"), which computes it"
            case .signedPromises: "the steward's signature on the workers' promises"
            case .result: "\(name ?? "a worker"), which must reveal the result that it promised"
            case .resultBytes: "the results' bytes, on their way to the steward"
            case .secondHolder: "\(name ?? "a second peer"), which must keep the results too"
            case .certificate: "the steward's signature on the certificate"
            case .opening: "the publication of what won"
            case .furtherWorker: "one more worker, because the results differ; then the submitter"
            case .ruling: "the submitter, \(name ?? "unknown"), which must compute it and rule"
            case .contradictedCertificates: "a ruling: its certificates contradict each other"
            case .steward: "its steward, \(name ?? "unknown"), where more is known"
            case .unlinkedSteward: "its steward, \(name ?? "unknown"), to which there is no link"
            case .anySteward: "a peer that could be its steward; none is known"
            case .settling: "nothing but a contradiction, which would come soon"
            }
        return until.map { "\(sentence), \(Moment.until($0))" } ?? sentence
    }
}

extension UnitStory {
    var text: String {
        var lines = ["unit \(unit) of job \(Printable.short(job)) is \(stage.sentence)"]
        if let resultHash, let operations {
            let hash = Printable.short(resultHash)
            lines.append("  result \(hash), worth \(Printable.figure(operations, "op"))")
        }
        for certificate in certificates {
            let steward = Printable.short(certificate.steward)
            let id = Printable.short(certificate.certificate)
            lines.append("  certificate \(id) (\(certificate.kind)) of steward \(steward)")
            lines += certificate.votes.map { vote in
                "    \(Printable.short(vote.peer)) \(vote.sentence)"
            }
            lines += certificate.silent.map {
                "    \(Printable.short($0)) promised a result and never revealed it"
            }
        }
        lines += cast.map { vote in
            "  \(Printable.short(vote.peer)) found result \(Printable.short(vote.resultHash))"
        }
        lines += seats.enumerated().map { index, seat in
            "  seat \(index): "
                + (seat.peer.map { "\(Printable.short($0)) \(seat.stage)" } ?? "free")
        }
        lines += work.map { "  this peer: \($0.stage.sentence)" }
        if isHeld, stage == .open, jobStage == .open, !waits.contains(where: \.isForRelease) {
            lines.append("  the job is on hold: no more seats are given")
        }
        lines += waits.map { "  waits for \($0.text)" }
        if waits.isEmpty { lines.append("  waits for nothing\(over)") }
        if let acting = stewards.first { lines.append("  steward \(Printable.short(acting))") }
        return lines.joined(separator: "\n")
    }

    private var over: String {
        switch jobStage {
        case .cancelled: ": the job is cancelled"
        case .expired: ": the job's deadline has passed"
        case .released: ": the job is over, and its results are released"
        case .open, .settling, .collecting, .complete: ""
        }
    }
}

extension UnitStory.Stage {
    fileprivate var sentence: String {
        switch self {
        case .open: "open"
        case .sealed: "certified, and what won is not published yet"
        case .disputed: "disputed: its certificates contradict each other"
        case .provisional: "certified, and could still be contradicted"
        case .final: "final"
        }
    }
}

extension CertificateLine.Vote {
    fileprivate var sentence: String {
        guard let didWin else { return "voted, for what is not known yet" }
        return didWin ? "voted for the result that won" : "voted for another result, and lost"
    }
}

extension JobStory {
    var text: String {
        var lines = [line.text]
        if line.isWaitingForRelease { lines.append("  \(line.holdText)") }
        if line.stage == .released { lines.append("  \(line.releaseText)") }
        if line.isOwn, !line.isOver { lines.append("  \(line.safety)") }
        if !line.isOver {
            let names =
                donors.isEmpty ? "nobody" : donors.map(Printable.short).joined(separator: " ")
            let need = donors.count < replicas ? "; each unit needs \(replicas)" : ""
            lines.append("  could work on it now: \(names)\(need)")
        }
        lines += groups.map { group in
            let units = Printable.units(group.units)
            return "  \(group.units.count == 1 ? "unit" : "units") \(units) "
                + "\(group.units.count == 1 ? "waits" : "wait") for \(group.wait.text)"
        }
        let waiting = Int(line.units - line.final)
        if !line.isOver, examinedUnits < waiting {
            lines.append("  and \(waiting - examinedUnits) units more; ask for one as JOB/UNIT")
        }
        return lines.joined(separator: "\n")
    }
}

extension PeerStory {
    /// Events of the standing that are shown to people; `--json` has more.
    private static let eventsShown = 20

    var text: String {
        var lines = ["peer \(peer)"]
        if let line {
            lines.append("  \(linkText(line))")
            lines.append("  its record counts until \(Moment.text(line.expiry))")
        } else {
            lines.append("  its record is not known; only the ledger tells of it")
        }
        if let credit {
            lines.append(
                "  credit \(cobblestones(credit.finalOperations)) final, "
                    + "\(cobblestones(credit.provisionalOperations)) provisional; "
                    + "\(Printable.count(credit.won, "vote")) won, \(credit.lost) lost"
            )
        } else {
            lines.append("  no credit: no certificate names it")
        }
        lines += standing.lines(events: Self.eventsShown).map { "  \($0)" }
        if let quota {
            lines.append(
                "  at this steward: it may have \(Printable.count(quota, "bundle")) leased at "
                    + "once, and has \(seats.count)"
            )
        }
        lines += seats.map { seat in
            let until = seat.until.map { ", \(Moment.until($0))" } ?? ""
            return "  at this steward: units \(Printable.units(seat.units)) of job "
                + "\(Printable.short(seat.job)), \(seat.stage)\(until)"
        }
        lines += misbehaviors.map { "  broke a rule: \($0)" }
        if let status {
            lines.append("  \(status.activity.rawValue)\(status.reason.map { ": \($0)" } ?? "")")
            lines += (status.search?.sentences ?? []).map { "  \($0)" }
            lines += status.work.map { "  \($0.text)" }
        }
        return lines.joined(separator: "\n")
    }

    private func linkText(_ line: PeerLine) -> String {
        if line.isOwn { return "this peer itself" }
        if line.isLinked {
            let trip = line.roundTripMilliseconds.map {
                ", an answer takes \(Printable.decimals($0, 1)) ms"
            }
            return "linked\(trip ?? "")"
        }
        let reason = line.dialFailure.map { ": \($0)" } ?? ""
        return "not linked; it is dialled again and again\(reason)"
    }
}
