import Foundation
import Testing

/// `starling anchor` at running peers.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct AnchorCommandTests {
    /// What `anchor PEER --json` writes, and `anchor --json` in a list.
    private struct Line: Decodable, Equatable {
        let peer: String
        let since: Date
        let until: Date
        let isOver: Bool
    }

    private struct Anchors: Decodable {
        let project: String
        let peer: String
        let anchors: [Line]
    }

    private struct Audit: Decodable {
        let isGood: Bool
        let items: [String: Int]
    }

    /// A day some months from now as the command takes it, and when it ends.
    private static func day(in days: Double) -> (text: String, end: Date) {
        let date = Date(timeIntervalSinceNow: days * 86_400)
        let end = (date.timeIntervalSince1970 / 86_400).rounded(.down) * 86_400 + 86_400
        let text = date.ISO8601Format(.iso8601.year().month().day())
        return (text, Date(timeIntervalSince1970: end))
    }

    @Test func aPeerIsNamedAnAnchorOnce() async throws {
        let home = try Folder()
        let first = try await Donor(in: home)
        let second = try await Donor(["--join", try await first.address()])
        try await first.waitForLinks(1)
        let own = try await first.object(Status.self, "status")
        let other = try await second.object(Status.self, "status")
        let none = try await first.object(Anchors.self, "anchor")
        #expect(none.project == own.project && none.peer == own.peer && none.anchors.isEmpty)
        let empty = try await first.text("anchor")
        #expect(empty.contains("peer \(own.peer.prefix(8)), this one, is an anchor of each job"))
        #expect(empty.contains("has named no other"))

        let day = Self.day(in: 100)
        let short = String(other.peer.prefix(8))
        let said = try await first.object(Line.self, "anchor", short, "--until", day.text)
        #expect(said.peer == other.peer && said.until == day.end && !said.isOver)
        #expect(said.since < said.until)
        let again = try await first.object(Line.self, "anchor", short, "--until", day.text)
        #expect(again == said, "the same again is the same")
        let text = try await first.text("anchor", short, "--until", day.text)
        #expect(text.hasPrefix("peer \(short) is an anchor of this project's jobs until "))
        for longer in [["--days", "200"], ["--until", Self.day(in: 101).text], []] {
            let outcome = try await Program.run(
                ["anchor", short, "--folder", first.folder] + longer
            )
            #expect(outcome.status == 1 && outcome.output.isEmpty)
            #expect(outcome.errors.contains("peer \(short) is an anchor until "))
            #expect(outcome.errors.contains("can neither be changed nor said again"))
            #expect(outcome.errors.contains("`starling submit --anchor \(short)`"))
        }
        #expect(try await first.object(Anchors.self, "anchor").anchors == [said])
        #expect(try await first.text("anchor").contains("\(short)  "))

        // Others know it, and have named nobody themselves.
        var items: [String: Int] = [:]
        while items["anchor"] == nil {
            let audit = try await second.object(Audit.self, "audit")
            #expect(audit.isGood)
            items = audit.items
        }
        #expect(items["anchor"] == 1)
        #expect(try await second.object(Anchors.self, "anchor").anchors.isEmpty)
        #expect(try await first.end().status == 0)
        let restarted = try await Donor(in: home)
        #expect(try await restarted.object(Anchors.self, "anchor").anchors == [said])
        for donor in [restarted, second] { #expect(try await donor.end().status == 0) }
    }

    @Test func aMonthIsMeantWhenNothingElseIsSaid() async throws {
        let first = try await Donor()
        let second = try await Donor(["--join", try await first.address()])
        try await first.waitForLinks(1)
        let other = try await second.object(Status.self, "status").peer
        let said = try await first.object(Line.self, "anchor", other)
        // The hours of thirty days and the one that runs, or without it when that ends just now.
        let hours = said.until.timeIntervalSince(said.since) / 3_600
        #expect((720...721).contains(hours))
        for donor in [first, second] { #expect(try await donor.end().status == 0) }
    }

    @Test func whatCannotBeSaidIsRefusedWithAWayOn() async throws {
        let donor = try await Donor(cores: 0)
        let own = try await donor.object(Status.self, "status").peer
        let unknown = String(repeating: "0", count: 64)
        let failures: [([String], String)] = [
            ([own], "is this one, which is an anchor of the jobs that it submits without that"),
            ([unknown], "no peer \(unknown) is known here; `starling peers` lists"),
            (["xyz"], "'xyz' is no id"),
        ]
        for (arguments, message) in failures {
            let outcome = try await Program.run(
                ["anchor", "--folder", donor.folder] + arguments
            )
            #expect(outcome.status == 1 && outcome.errors.contains(message), "\(outcome.errors)")
        }
        let misuses: [([String], String)] = [
            ([own, "--until", "soon"], "--until is 'soon'; write a day, as 2031-04-05"),
            ([own, "--until", "2031-02-29"], "write a day"),
            ([own, "--until", "31-1-1"], "write a day"),
            ([own, "--days", "0"], "--days is 0"),
            ([own, "--days", "3", "--until", "2031-04-05"], "exclude each other"),
            (["--days", "3"], "name the peer too"),
        ]
        for (arguments, message) in misuses {
            let outcome = try await Program.run(
                ["anchor", "--folder", donor.folder] + arguments
            )
            #expect(outcome.status == 64 && outcome.errors.contains(message), "\(outcome.errors)")
        }
        let second = try await Donor(["--join", try await donor.address()], cores: 0)
        try await donor.waitForLinks(1)
        let other = try await second.object(Status.self, "status").peer
        let past = try await donor.outcome("anchor", other, "--until", "2020-01-01")
        #expect(past.status == 1 && past.errors.contains("is over; name a later day"))
        for far in [["--days", "3651"], ["--days", "\(UInt64.max)"], ["--until", "9999-12-31"]] {
            let outcome = try await Program.run(
                ["anchor", other, "--folder", donor.folder] + far
            )
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("3650 days at most; name an earlier day"))
        }
        #expect(try await donor.object(Anchors.self, "anchor").anchors.isEmpty)
        for each in [donor, second] { #expect(try await each.end().status == 0) }
    }
}
