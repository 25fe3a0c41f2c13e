import Primitives

/// Rules that others vote by, with the population of a model of trust: what its figures stand
/// beside.
///
/// Nobody looks again at what they have accepted, so nobody is ever caught, and a patient coalition
/// lies whenever it can. An earlier rule costs a worker its count of valid results at most, which a
/// new key does not have either.
package struct EarlierRules: ~Copyable {
    private let scenario: TrustScenario
    private var random: PRNG
    private var figures = TrustFigures()
    /// Valid results of each machine since its last invalid one.
    private var valid: [UInt64]

    /// Valid results in a row from which on one result may be enough.
    ///
    /// - Source: BOINC, `sched/sched_send.cpp`, adaptive replication.
    private static let validMin: UInt64 = 10

    private init(_ scenario: TrustScenario) {
        self.scenario = scenario
        random = PRNG(seed: scenario.seed)
        valid = Array(repeating: 0, count: scenario.workers)
    }

    /// Two equal results decide, with one more worker for as long as there are none.
    package static func fixedQuorum(_ scenario: TrustScenario) -> TrustFigures {
        var rules = EarlierRules(scenario)
        for _ in 0..<scenario.units { rules.replicate(rules.draw(2), isOpen: 2) }
        return rules.figures
    }

    /// The same, but a worker with ten valid results in a row or more, *n* of them, is believed
    /// alone but for one unit in *n*.
    ///
    /// - Source: BOINC, `sched/sched_send.cpp`, `sched/validator.cpp`, `tools/backend_lib.h`.
    package static func adaptiveReplication(_ scenario: TrustScenario) -> TrustFigures {
        var rules = EarlierRules(scenario)
        for _ in 0..<scenario.units { rules.adapt() }
        return rules.figures
    }

    private mutating func adapt() {
        let first = draw(1)
        let count = valid[first[0]]
        guard count >= Self.validMin else { return replicate(draw(2, with: first), isOpen: 2) }
        // Nobody can tell beforehand whether a second worker is asked, too.
        guard random.below(count) > 0 else { return replicate(first, isOpen: 1) }
        accept(say(first[0], isLie: isTheirs(first)))
    }

    /// Has a unit computed until two results are equal; workers see the first `isOpen` seats.
    private mutating func replicate(_ first: [Int], isOpen: Int) {
        let isLie = isTheirs(Array(first.prefix(isOpen)))
        var voters = first
        var said = voters.map { say($0, isLie: isLie) }
        while true {
            if let winner = said.first(where: { one in said.count { $0 == one } > 1 }) {
                for (voter, word) in zip(voters, said) {
                    valid[voter] = word == winner ? valid[voter] + 1 : 0
                }
                return accept(winner)
            }
            voters = draw(voters.count + 1, with: voters)
            said.append(say(voters[voters.count - 1], isLie: isLie))
        }
    }

    private mutating func accept(_ said: UInt8) {
        figures.units += 1
        if said != TrustModel.truth { figures.wrongAccepted += 1 }
    }

    /// So many different machines, `voters` among them.
    private mutating func draw(_ count: Int, with voters: [Int] = []) -> [Int] {
        var voters = voters
        while voters.count < count {
            let machine = Int(random.below(UInt64(scenario.workers)))
            if !voters.contains(machine) { voters.append(machine) }
        }
        return voters
    }

    private func isTheirs(_ voters: [Int]) -> Bool {
        voters.allSatisfy { scenario.isFlawed($0) }
    }

    private mutating func say(_ machine: Int, isLie: Bool) -> UInt8 {
        let said = scenario.word(of: machine, isLie: isLie, random: &random)
        figures.results += 1
        if scenario.isFlawed(machine) { figures.flawedResults += 1 }
        if said != TrustModel.truth { figures.lies += 1 }
        return said
    }
}
