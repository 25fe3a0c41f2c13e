import Simulator
import Testing

/// Machines that break the protocol in one way, and a network that goes on in spite of them.
@Suite struct BehaviourTests {
    /// A life in which the behaviour shows, if there is one among a few.
    private func lives(_ behaviour: Behaviour) -> [Report] {
        (0..<3).map { World(Options(seed: $0, behaviour: behaviour)).run() }
    }

    @Test(arguments: Behaviour.allCases)
    func theOthersFinishAndNobodyHonestPays(behaviour: Behaviour) {
        for report in lives(behaviour) {
            #expect(report.violations == [], "seed \(report.options.seed)")
            #expect(report.honestPunished == 0)
        }
    }

    /// What each does is seen in the reports: a behaviour that does nothing proves nothing.
    @Test(arguments: [
        Behaviour.silent, .neverReveals, .dropsVotes, .equivocates, .farms, .replays, .floods,
        .liesOfCapacity, .poisons,
    ])
    func whatItSaysIsAnotherThanItsCoreSaid(behaviour: Behaviour) {
        #expect(lives(behaviour).contains { $0.hostile > 0 })
    }

    @Test(arguments: [
        Behaviour.liesAlone, .errs, .liesTogether, .sleeper, .copies, .guesses, .leaks, .farms,
    ])
    func itLies(behaviour: Behaviour) {
        #expect(lives(behaviour).contains { $0.lies > 0 })
    }

    @Test func patientLiarsComeBackUnderOtherKeys() {
        let reports = (0..<12).map { World(Options(seed: $0, behaviour: .patient)).run() }
        #expect(reports.allSatisfy { $0.violations == [] })
        #expect(reports.contains { $0.renewed > 0 })
    }

    /// Of ten thousand units and more `starling-sim run --profile NAME` tells.
    @Test(arguments: [TrustProfile.strict, .colluders])
    func noLieStands(profile: TrustProfile) {
        let report = World(Options(measured: profile, seed: 3, units: 200)).run()
        #expect(report.violations == [] && report.certified == 200)
        #expect(report.lies > 0 && report.fooled == 0 && report.honestPunished == 0)
    }

    @Test func everyBehaviourIsDrawnByTheSeedsAlone() {
        let drawn = (0..<4_000).compactMap { Options(seed: $0).behaviour }
        #expect(Behaviour.allCases.allSatisfy(drawn.contains))
        #expect((500..<1_200).contains(drawn.count))
    }
}
