import Primitives
import Simulator
import Testing
import Wire

/// Votes without a network, held against formulas that can be worked out on paper.
@Suite struct TrustModelTests {
    /// A coalition of such a share, in per cent, that nobody ever catches for good.
    private func coalition(
        _ share: UInt64,
        units: Int,
        flaw: TrustScenario.Flaw = .lies
    ) -> TrustScenario {
        TrustScenario(seed: 1, units: units, flawed: Ratio(share, of: 100), flaw: flaw)
    }

    /// Whether `count` of `units` is the chance `probability`, within four standard deviations.
    private func isNear(_ count: UInt64, of units: UInt64, _ probability: Double) -> Bool {
        let mean = Double(units) * probability
        let deviation = (mean * (1 - probability)).squareRoot()
        return abs(Double(count) - mean) <= 4 * deviation
    }

    // MARK: - Earlier rules

    @Test(arguments: [UInt64(10), 20, 40])
    func theFirstTwoEqualResultsAreWrongByTheFormula(share: UInt64) {
        let figures = EarlierRules.fixedQuorum(coalition(share, units: 40_000))
        let part = Double(share) / 100
        let wrong = part * part * (3 - 2 * part)
        #expect(isNear(figures.wrongAccepted, of: figures.units, wrong))
        let third = figures.results - 2 * figures.units
        #expect(isNear(third, of: figures.units, 2 * part * (1 - part)), "a third where two differ")
    }

    @Test func whoLiesOnlyWithItsOwnHasTheSquareOfItsShare() {
        let patience = TrustScenario.Flaw.patience(Ratio(1, of: 1))
        let figures = EarlierRules.fixedQuorum(coalition(20, units: 40_000, flaw: patience))
        #expect(isNear(figures.wrongAccepted, of: figures.units, 0.04))
        #expect(figures.results == 2 * figures.units, "nobody ever disagrees")
    }

    @Test func mistakesMatchByChance() {
        var scenario = coalition(50, units: 40_000, flaw: .errors(Ratio(1, of: 1)))
        scenario.mistakes = 249
        let rare = EarlierRules.fixedQuorum(scenario)
        scenario.mistakes = 1
        let always = EarlierRules.fixedQuorum(scenario)
        #expect(isNear(always.wrongAccepted, of: always.units, 0.5))
        #expect(rare.wrongAccepted * 20 < always.wrongAccepted)
    }

    @Test func adaptiveReplicationBelievesSomebodyAloneButForOneInN() {
        let honest = EarlierRules.adaptiveReplication(coalition(0, units: 200_000))
        #expect(honest.wrongAccepted == 0)
        #expect(honest.replicasPerUnit > 1.02 && honest.replicasPerUnit < 1.3)
    }

    // MARK: - Panels

    /// A grid in which nobody is senior and nothing is audited: a vote of two, then a panel.
    private func panels(_ share: UInt64, units: Int) -> TrustScenario {
        var scenario = coalition(share, units: units)
        scenario.anchors = .never
        scenario.trust.seniorsMin = .max
        scenario.trust.strictAudits = .never
        scenario.trust.pauseHours = 0
        return scenario
    }

    @Test func aPanelOfOneMarginIsARandomWalk() throws {
        var scenario = panels(20, units: 20_000)
        scenario.trust.sharedMargin = scenario.trust.panelMargin
        scenario.trust.panelVotersMax = 1_000
        let figures = TrustModel.run(scenario)
        let lost = 1.0 / (1 + 64)
        #expect(isNear(figures.wrongAccepted, of: figures.units, 0.04 + 0.32 * lost))
        #expect(isNear(figures.panels, of: figures.units, 0.32))
        let drawn = Double(figures.results - 2 * figures.units) / Double(figures.panels)
        let expected = 3 / 0.6 * (1 - 2 * lost)
        #expect(abs(drawn - expected) < 0.2, "draws of a panel until a lead of three")
        #expect(figures.rulings == 0)
    }

    @Test func aPanelThatShipsLosesAsOftenAsItsTreeSays() {
        let scenario = panels(40, units: 20_000)
        let figures = TrustModel.run(scenario)
        let tree = outcome(lies: 1, truths: 1, share: 0.4)
        #expect(isNear(figures.wrongAccepted, of: figures.units, 0.16 + 0.48 * tree.lie))
        #expect(isNear(figures.rulings, of: figures.units, 0.48 * tree.ruling))
    }

    /// How often a panel ends with the lie, and how often with a ruling, by going through every
    /// order in which voters may come.
    private func outcome(
        lies: Int,
        truths: Int,
        share: Double
    ) -> (lie: Double, ruling: Double) {
        if lies - truths >= (truths > 1 ? 5 : 3) { return (1, 0) }
        if truths - lies >= (lies > 1 ? 5 : 3) { return (0, 0) }
        if lies + truths == 15 { return (0, 1) }
        let lie = outcome(lies: lies + 1, truths: truths, share: share)
        let truth = outcome(lies: lies, truths: truths + 1, share: share)
        return (
            share * lie.lie + (1 - share) * truth.lie,
            share * lie.ruling + (1 - share) * truth.ruling
        )
    }

    // MARK: - The whole

    @Test func aSeedIsRepeatedExactly() {
        var scenario = coalition(20, units: 5_000)
        scenario.hasFreeKeys = true
        let first = TrustModel.run(scenario)
        #expect(first == TrustModel.run(scenario))
        scenario.seed = 2
        #expect(first != TrustModel.run(scenario))
    }

    @Test(arguments: [Ratio(1, of: 10), Ratio(1, of: 1)])
    func noMistakeStandsInAStrictJob(errors: Ratio) {
        let figures = TrustModel.run(coalition(10, units: 10_000, flaw: .errors(errors)))
        #expect(figures.units == 10_000 && figures.wrongAccepted == 0)
        #expect(figures.lies > 0 && figures.panels > 0)
        #expect(figures.honestPunished == 0)
        #expect(figures.unanchoredVotes == 0, "anchors are there from the start")
    }

    /// Of votes that differ, and so of panels, there are as many as results that are wrong.
    @Test func whoeverWasWrongDoesLessOfTheWork() {
        var scenario = coalition(10, units: 20_000, flaw: .errors(Ratio(1, of: 1)))
        let paused = TrustModel.run(scenario)
        scenario.trust.pauseHours = 0
        let atOnce = TrustModel.run(scenario)
        #expect(paused.panels * 4 < atOnce.panels && paused.panels > 0)
    }

    @Test func noLieStandsFromTheEmptyLedgerOn() {
        var scenario = coalition(20, units: 10_000)
        scenario.hasFreeKeys = true
        let figures = TrustModel.run(scenario)
        #expect(figures.wrongAccepted == 0 && figures.honestPunished == 0)
        #expect(figures.newIdentities > 0 && figures.newIdentities <= figures.lies)
    }

    /// A grid in which 60 results make a senior in the next hour, with a patient coalition.
    private func patient(audits: Ratio) -> TrustScenario {
        var scenario = coalition(20, units: 20_000, flaw: .patience(Ratio(1, of: 2)))
        scenario.workers = 200
        scenario.hasFreeKeys = true
        scenario.resultsPerHour = 20
        scenario.trust.seniorUnits = 60
        scenario.trust.seniorHours = 1
        scenario.trust.strictAudits = audits
        return scenario
    }

    @Test func auditsCatchWhoIsPatient() {
        let blind = TrustModel.run(patient(audits: .never))
        let figures = TrustModel.run(patient(audits: Ratio(5, of: 100)))
        #expect(blind.audits == 0 && blind.newIdentities == 0)
        #expect(blind.wrongAccepted * 2 == blind.lies, "what two of it said stands")
        #expect(figures.newIdentities > 0)
        #expect(figures.wrongAccepted * 4 < blind.wrongAccepted)
    }

    @Test func whoWasCaughtIsLookedAtAgain() {
        var scenario = patient(audits: Ratio(5, of: 100))
        let reviewed = TrustModel.run(scenario)
        scenario.trust.auditWindow = 1
        let forgotten = TrustModel.run(scenario)
        #expect(reviewed.wrongAccepted < forgotten.wrongAccepted)
    }

    @Test func seatsOfBusySeniorsAreLeftOver() {
        var scenario = coalition(20, units: 10_000)
        scenario.resultsPerHour = 4
        scenario.areSeniorsBusy = true
        let figures = TrustModel.run(scenario)
        #expect(figures.unanchoredVotes > 0 && figures.auditsLeftOut > 0)
        #expect(figures.wrongAccepted > 0, "two of a kind meet where nobody vouches")
    }

    @Test func trustedWorkersVoteAloneInAnAdaptiveJob() throws {
        var scenario = coalition(0, units: 40_000)
        scenario.policy = .adaptive
        scenario.workers = 200
        scenario.trust.strictAudits = .never
        let figures = TrustModel.run(scenario)
        #expect(isNear(figures.audits, of: figures.units, 0.2))
        let replicas = try #require(figures.trustedReplicas)
        #expect(replicas > 1.19 && replicas < 1.4)
    }
}
