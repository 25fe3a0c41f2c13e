import ArgumentParser
import Primitives
import Simulator
import Wire

/// Votes without a network: how many of them, and how the flawed workers behave.
struct ModelOptions: ParsableArguments {
    @Flag(
        help: ArgumentHelp(
            "Vote through the functions of trust alone, which takes a few microseconds a unit; "
                + "for strict, adaptive, colluders and patient."
        )
    )
    var withoutNetwork = false

    @Option(help: "Workers of a run without network, 100 to 100000; 2000 by default.")
    var workers: Int?

    @Option(
        help: "The share of a faulty worker's results that is wrong, for strict; 0.1 by default."
    )
    var errorRate: Probability?

    @Option(
        help: "The share of its chances that a patient coalition takes; 0 to 1, 0.01 by default."
    )
    var lieRate: Probability?

    @Flag(help: "Seniors and anchors compute no faster than others: seats wait, and are left over.")
    var busySeniors = false

    func validate() throws {
        if let workers, !(100...100_000).contains(workers) {
            throw ValidationError("--workers takes a number from 100 to 100000.")
        }
        let isMeant = workers != nil || errorRate != nil || lieRate != nil || busySeniors
        if isMeant, !withoutNetwork {
            throw ValidationError(
                "--workers, --error-rate, --lie-rate and --busy-seniors go with --without-network."
            )
        }
    }

    /// What becomes of the votes; a million by default.
    func figures(_ network: NetworkOptions, seed: UInt64) throws -> Figures {
        let units = network.units ?? 1_000_000
        guard let scenario = scenario(network.profile, seed: seed, units: units) else {
            throw ValidationError(
                "--without-network goes with strict, adaptive, colluders and patient."
            )
        }
        return Figures(network.profile, scenario)
    }

    /// What `profile` stands for; nil for profiles of networks.
    private func scenario(_ profile: Profile, seed: UInt64, units: Int) -> TrustScenario? {
        var scenario: TrustScenario
        switch profile {
        case .swarm, .static:
            return nil
        case .strict:
            let errors = errorRate?.ratio ?? Ratio(1, of: 10)
            scenario = faulty(seed, units, errors)
        case .adaptive:
            // Self-checks notice 99.99 % of what hosts with error rates of 0.1 and 0.001 get wrong.
            scenario = faulty(seed, units, Ratio(1, of: 100_000))
            scenario.policy = .adaptive
            scenario.honestErrors = Ratio(1, of: 10_000_000)
        case .colluders:
            scenario = coalition(seed, units, .lies)
        case .patient:
            scenario = coalition(seed, units, .patience(lieRate?.ratio ?? Self.worstLieRate))
        }
        scenario.workers = workers ?? scenario.workers
        scenario.areSeniorsBusy = busySeniors
        return scenario
    }

    /// The rate with which a patient coalition does most harm, of those that were tried.
    private static let worstLieRate = Ratio(1, of: 100)

    /// One worker in ten makes such a share of mistakes.
    private func faulty(_ seed: UInt64, _ units: Int, _ errors: Ratio) -> TrustScenario {
        let share = Ratio(10, of: 100)
        return TrustScenario(seed: seed, units: units, flawed: share, flaw: .errors(errors))
    }

    /// One worker in five is of a coalition, with as many keys as it likes.
    private func coalition(
        _ seed: UInt64,
        _ units: Int,
        _ flaw: TrustScenario.Flaw
    ) -> TrustScenario {
        let share = Ratio(20, of: 100)
        var scenario = TrustScenario(seed: seed, units: units, flawed: share, flaw: flaw)
        scenario.hasFreeKeys = true
        return scenario
    }
}

/// A number from 0 to 1, kept as a fraction.
struct Probability: ExpressibleByArgument {
    let ratio: Ratio

    init?(argument: String) {
        guard let number = Double(argument), (0...1).contains(number) else { return nil }
        let whole: UInt64 = 1_000_000_000
        ratio = Ratio(UInt64((number * Double(whole)).rounded()), of: whole)
    }
}

/// What votes without a network came to, beside rules that others vote by.
struct Figures {
    let profile: Profile
    let seed: UInt64
    let figures: TrustFigures
    let fixedQuorum: TrustFigures
    let adaptiveReplication: TrustFigures

    /// Runs `scenario` by this grid's rules and by the others.
    init(_ profile: Profile, _ scenario: TrustScenario) {
        self.profile = profile
        seed = scenario.seed
        figures = TrustModel.run(scenario)
        fixedQuorum = EarlierRules.fixedQuorum(scenario)
        adaptiveReplication = EarlierRules.adaptiveReplication(scenario)
    }

    var json: String {
        let fields: [(String, String)] = [
            ("profile", "\"\(profile.rawValue)\""), ("seed", "\(seed)"),
            ("units", "\(figures.units)"), ("wrongAccepted", "\(figures.wrongAccepted)"),
            ("wrongPerUnit", "\(figures.wrongPerUnit)"),
            ("replicasPerUnit", "\(figures.replicasPerUnit)"),
            ("trustedReplicas", json(figures.trustedReplicas)), ("lies", "\(figures.lies)"),
            ("resultsPerLie", json(figures.resultsPerLie)), ("panels", "\(figures.panels)"),
            ("rulings", "\(figures.rulings)"), ("audits", "\(figures.audits)"),
            ("auditsLeftOut", "\(figures.auditsLeftOut)"),
            ("unanchoredVotes", "\(figures.unanchoredVotes)"),
            ("honestPunished", "\(figures.honestPunished)"),
            ("newIdentities", "\(figures.newIdentities)"),
        ]
        let list = fields.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ")
        let peers = peers.map { "\"\($0.name)\": \(brief($0.figures))" }.joined(separator: ", ")
        return "{\(list), \"peers\": {\(peers)}}"
    }

    private var peers: [(name: String, figures: TrustFigures)] {
        [("fixedQuorum2", fixedQuorum), ("boincAdaptive", adaptiveReplication)]
    }

    private func brief(_ figures: TrustFigures) -> String {
        """
        {"wrongAccepted": \(figures.wrongAccepted), \
        "replicasPerUnit": \(figures.replicasPerUnit), \
        "resultsPerLie": \(json(figures.resultsPerLie))}
        """
    }

    private func json(_ number: Double?) -> String { number.map { "\($0)" } ?? "null" }

    var text: String {
        """
        \(profile.rawValue), seed \(seed): \(figures.wrongAccepted) of \(figures.units) units \
        wrong in the end
        \(line("these rules", figures))
        \(line("two equal results", fixedQuorum))
        \(line("BOINC's adaptive rule", adaptiveReplication))
        \(decimal(figures.trustedReplicas)) replicas where trusted workers voted first; \
        \(figures.lies) wrong results computed; \(figures.panels) panels, \
        \(figures.rulings) rulings, \(figures.audits) audits and \(figures.auditsLeftOut) left \
        out; \(figures.unanchoredVotes) first votes without a senior; \
        \(figures.honestPunished) honest workers punished; \
        \(figures.newIdentities) keys replaced
        """
    }

    private func line(_ name: String, _ figures: TrustFigures) -> String {
        """
          \(name): \(figures.wrongAccepted) wrong, \(decimal(figures.replicasPerUnit)) replicas, \
        \(decimal(figures.resultsPerLie)) results for each lie
        """
    }

    private func decimal(_ number: Double?) -> String {
        guard let number else { return "no" }
        let thousandths = Int((number * 1_000).rounded())
        return "\(thousandths / 1_000).\(String(1_000 + thousandths % 1_000).dropFirst())"
    }
}
