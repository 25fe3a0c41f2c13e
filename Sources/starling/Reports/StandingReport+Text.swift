import Foundation
import Primitives

extension StandingReport {
    /// Sentences, the standing first and then the newest of what it comes from, at most so many
    /// `events`.
    func lines(events eventsShown: Int) -> [String] {
        var lines = projects.flatMap(\.lines)
        if projects.isEmpty { lines.append("newcomer everywhere: it has done nothing for any job") }
        if furtherProjects > 0 {
            lines.append("and \(Printable.count(furtherProjects, "project")) more")
        }
        if !events.isEmpty { lines.append("what this comes from, newest first:") }
        lines += events.prefix(eventsShown).map { "  \(Moment.text($0.hour))  \($0.text)" }
        let further = furtherEvents + max(0, events.count - eventsShown)
        if further > 0 { lines.append("  and \(Printable.count(further, "older event"))") }
        return lines
    }
}

extension StandingReport.Project {
    fileprivate var lines: [String] {
        let name = Printable.short(project)
        var lines = ["\(`class`.rawValue) in jobs of project \(name): \(reasonText)"]
        let unforgiven = Printable.count(mistakes, "mistake")
        lines.append(
            "  \(Printable.count(units, "unit")), \(streak) right in a row, \(unforgiven)"
                + (mistakes > 0 ? " not forgiven" : "")
        )
        if nextClass != `class` { lines.append("  \(nextClass.rawValue) from the next hour on") }
        if reason != .fault, nextClass < .senior { lines.append("  \(missingText)") }
        return lines
    }

    private var reasonText: String {
        switch reason {
        case .fault: "it is proven to have said two things, so nothing else counts"
        case .submitter: "it submitted the newest, \(Printable.short(job))"
        case .manifest: "the newest, \(Printable.short(job)), names it"
        case .anchor: "the project names it" + (until.map { ", \(Moment.until($0))" } ?? "")
        case .units: "\(Printable.count(oldUnits, "unit")) are old enough"
        case .streak: "its last results were all right"
        case .nothing: "it is not known well enough"
        }
    }

    private var missingText: String {
        var parts: [String] = []
        if nextClass < .trusted {
            parts.append(
                streakMissing.map { "\($0) more in a row to be trusted" }
                    ?? "too many mistakes to be trusted before some are forgiven"
            )
        }
        parts.append(
            unitsMissing > 0
                ? "\(Printable.count(unitsMissing, "unit")) more to be a senior"
                : "its units need a day to make a senior"
        )
        if let cleanMissing {
            parts.append("\(cleanMissing) more in a row until a mistake is forgiven")
        }
        return "what it lacks: " + parts.joined(separator: "; ")
    }
}

extension StandingReport.Class: Comparable {
    private var rank: Int {
        switch self {
        case .newcomer: 0
        case .trusted: 1
        case .senior: 2
        case .anchor: 3
        }
    }

    static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
}

extension StandingReport.Event {
    private var unitText: String {
        "unit \(unit ?? 0) of job \(Printable.short(job ?? ""))"
    }

    private var untilText: String { until.map { ", \(Moment.until($0))" } ?? "" }

    /// A sentence, without an end.
    var text: String {
        switch kind {
        case .wrongResult: return "wrong on \(unitText), \(sharersText)\(costText)"
        case .vindication: return "what was called wrong on \(unitText) is right after all"
        case .forgiveness: return "\(Printable.count(count ?? 0, "mistake")) forgiven"
        case .fault:
            return "proven to have signed two of \(statement ?? "") for units "
                + "\(Printable.units(units ?? [])) of job \(Printable.short(job ?? "")): no pay in "
                + "that job, and no standing in later hours"
        case .anchor:
            return "named an anchor by project \(Printable.short(project ?? ""))\(untilText)"
        case .adoption: return "adopted by owner \(Printable.short(owner ?? ""))"
        case .succession:
            let contested = isContested == true ? ", which others claim too, so that none does" : ""
            return "key \(Printable.short(peer)) takes over from "
                + "\(Printable.short(predecessor ?? ""))\(contested)"
        case .repeatedVote:
            return "stands \(Printable.times(Int(count ?? 0))) in a vote on \(unitText), which "
                + (isContradictory == true
                    ? "counts for nothing: it said different things" : "counts once")
        }
    }

    private var sharersText: String {
        guard isShared == true else { return "alone" }
        let names = (sharedWith ?? []).map(Printable.short).joined(separator: " ")
        return "the same as \(names)"
    }

    private var costText: String {
        guard let cost else { return "" }
        let units = cost.units == cost.unitsLeft ? "" : ", of \(cost.units) units \(cost.unitsLeft)"
        let streak = cost.streak == 0 ? "" : ", of \(cost.streak) in a row none"
        guard !units.isEmpty || !streak.isEmpty else { return "" }
        return "; its hour left\(units)\(streak)".replacingOccurrences(of: "left,", with: "left")
    }
}
