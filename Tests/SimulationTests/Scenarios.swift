import Simulator

/// Stories that are kept in Tests/Golden, by the names of their files.
///
/// In those with anchors and seed 2 the submitter is peer 0, and peer 1 the acting steward.
let scenarios: [String: Scenario] = [
    "plain": Scenario("Nothing goes wrong.", steps: []),
    "panel": Scenario("A lie goes to a panel.", peers: 6, liars: 1, steps: []),
    "audit": .audit(
        "A liar that has earned trust lies; an audit finds it, and what else it said is audited."
    ),
    "anchor": .naming(
        "The project names peer 3 an anchor half way, which goes on with the job as its steward."
    ),
    "fault": .fault(
        "Whoever says two things for one slot is known to everybody, and gets no work."
    ),
    "ringer": .ringer("Two liars have a unit for themselves, which the submitter has found out."),
    "ruling": Scenario(
        "Two against each other, and nobody else: the submitter rules.",
        peers: 2,
        liars: 1,
        steps: []
    ),
    "takeover-leased": takeover(at: "leases unit 0", "has leased"),
    "takeover-committed": takeover(at: "has computed unit 0", "has the first commitment"),
    "takeover-closed": takeover(at: "closes round 0 of unit 0", "has closed a set"),
    "takeover-certified": takeover(at: "certificate of unit 0", "has signed a certificate"),
    "stale-steward": Scenario(
        "The steward is cut off with a half of its work, and comes back when another has done it.",
        seed: 2,
        anchors: 2,
        steps: [("leases unit 0", .split([1], seconds: 90))]
    ),
    "silent-steward": Scenario(
        "The steward's machine stands still with its links up; another takes over.",
        seed: 2,
        anchors: 2,
        steps: [("leases unit 0", .sleep(1, seconds: 60))]
    ),
    "duplicate": Scenario(
        "A worker's machine stands still with the last unit; an idle worker computes it, too.",
        units: 1,
        steps: [("seat 0 of 2", .sleep(3, seconds: 60))]
    ),
    "halves": Scenario(
        "The network falls apart; both halves certify, and agree afterwards.",
        seed: 2,
        peers: 8,
        units: 3,
        anchors: 2,
        steps: [("closes round 0", .split([1, 3, 4, 6], seconds: 90))]
    ),
    "submitter-away": Scenario(
        "The submitter is cut off when a set is closed; another steward holds the result.",
        seed: 2,
        units: 1,
        anchors: 2,
        steps: [("closes round 0", .split([0], seconds: 30))]
    ),
]

/// The acting steward crashes for a minute and a half.
private func takeover(at text: String, _ state: String) -> Scenario {
    Scenario(
        "The steward crashes when it \(state); another takes over.",
        seed: 2,
        anchors: 2,
        steps: [(text, .crash(1, seconds: 90))]
    )
}
