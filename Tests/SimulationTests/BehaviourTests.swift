import Simulator
import Testing

/// Machines that break the protocol in one way, and a network that goes on in spite of them.
@Suite struct BehaviourTests {
    /// Seeds in which the behaviour shows: one that does nothing proves nothing.
    private static let seeds: [Behaviour: UInt64] = [
        .silent: 1, .neverReveals: 1, .withholds: 1, .dropsVotes: 5, .favours: 1, .equivocates: 1,
        .reopens: 1, .liesAlone: 1, .errs: 1, .sleeper: 1, .copies: 1, .guesses: 1, .patient: 5,
        .slow: 3, .backDates: 1, .postDates: 1,
    ]

    @Test(arguments: Behaviour.allCases)
    func theOthersFinishAndNobodyHonestPays(behaviour: Behaviour) {
        let seed = Self.seeds[behaviour] ?? 0
        let report = World(Options(seed: seed, behaviour: behaviour)).run()
        #expect(report.violations == [] && report.honestPunished == 0)
        switch behaviour {
        case .silent, .neverReveals, .withholds, .dropsVotes, .favours, .equivocates, .reopens,
            .farms, .neverOpens, .replays, .floods, .liesOfCapacity, .poisons:
            #expect(report.hostile > 0, "it says something else than its core")
        case .liesAlone, .errs, .liesTogether, .sleeper, .copies, .guesses, .leaks:
            #expect(report.lies > 0)
        case .patient: #expect(report.renewed > 0)
        case .slow, .stolenKey, .backDates, .postDates: #expect(report.strangersResults > 0)
        }
    }

    /// Of ten thousand units and more `starling-sim run --profile NAME` tells.
    @Test(arguments: [TrustProfile.strict, .colluders])
    func noLieStands(profile: TrustProfile) {
        let report = World(Options(measured: profile, seed: 3, units: 40)).run()
        #expect(report.violations == [] && report.certified == 40)
        #expect(report.lies > 0 && report.fooled == 0 && report.honestPunished == 0)
    }

    /// The liars have both seats of some votes, and what they say there stands unless the submitter
    /// knows better.
    @Test func whatTheSubmitterFindsOutIsNeverALie() {
        var fooled: [UInt64] = [0, 0]
        for seed in [53, 56] as [UInt64] {
            for (place, ringers) in [UInt32(0), .max].enumerated() {
                let options = Options(seed: seed, behaviour: .liesTogether, ringers: ringers)
                let report = World(options).run()
                #expect(report.violations == [] && report.honestPunished == 0)
                #expect((report.ringers > 0) == (ringers > 0))
                fooled[place] += report.fooled
            }
        }
        #expect(fooled[0] > 0 && fooled[1] == 0)
    }

    @Test func everyBehaviourIsDrawnByTheSeedsAlone() {
        let drawn = (0..<4_000).compactMap { Options(seed: $0).behaviour }
        #expect(Behaviour.allCases.allSatisfy(drawn.contains))
        #expect((500..<1_200).contains(drawn.count))
    }
}
