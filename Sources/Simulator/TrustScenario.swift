package import Primitives
package import Wire

/// Who votes in a model of trust, and how those behave who are not honest.
package struct TrustScenario: Hashable, Sendable {
    /// What is wrong with some of the workers.
    package enum Flaw: Hashable, Sendable {
        /// Such a share of their results is wrong, each by itself.
        case errors(Ratio)
        /// They tell one and the same lie of every unit.
        case lies
        /// They compute rightly, and tell one lie of such a share of the units whose first vote is
        /// theirs alone.
        case patience(Ratio)
    }

    /// What everything that happens follows from.
    package var seed: UInt64
    /// Units that are voted on.
    package var units: Int
    /// Machines.
    package var workers = 2_000
    /// How results are trusted.
    package var policy = Policy.strict
    /// The constants of trust.
    package var trust = Trust.standard
    /// The share of the workers that the project names anchors; all of these are honest.
    package var anchors = Ratio(1, of: 100)
    /// The share of the workers that have the flaw.
    package var flawed: Ratio
    /// Their flaw.
    package var flaw: Flaw
    /// The share of an honest worker's results that is wrong.
    package var honestErrors = Ratio.never
    /// How many different wrong results there are that come about by themselves, all as likely.
    package var mistakes: UInt64 = 100
    /// Whether a flawed worker goes on with a new key as soon as a result of its own is known to be
    /// wrong.
    package var hasFreeKeys = false
    /// Results that a worker computes in an hour: how soon results are old enough for seniority.
    package var resultsPerHour: UInt64 = 60
    /// Whether nobody computes more than that, so that seats for seniors are left over to anybody
    /// when all seniors and anchors are busy.
    ///
    /// Else these are always at hand.
    package var areSeniorsBusy = false
    /// First votes of a steward that are open at once.
    package var openVotes = Int(Limits.unitsPerShard)

    /// A scenario with what has no usual value.
    package init(seed: UInt64, units: Int, flawed: Ratio, flaw: Flaw) {
        self.seed = seed
        self.units = units
        self.flawed = flawed
        self.flaw = flaw
    }

    /// Machines that the project names anchors; they are the first ones.
    var anchorCount: Int { count(of: anchors) }

    /// Machines with the flaw; they come after the anchors.
    var flawedCount: Int { count(of: flawed) }

    /// Whether a machine has the flaw.
    func isFlawed(_ machine: Int) -> Bool {
        machine >= anchorCount && machine < anchorCount + flawedCount
    }

    /// What a machine says of a unit; `isLie` says whether a patient coalition lies about it.
    func word(of machine: Int, isLie: Bool, random: inout PRNG) -> UInt8 {
        var errors = honestErrors
        if isFlawed(machine) {
            switch flaw {
            case .errors(let ratio): errors = ratio
            case .lies: return TrustModel.commonLie
            case .patience: return isLie ? TrustModel.commonLie : TrustModel.truth
            }
        }
        guard errors.numerator > 0, random.chance(errors) else { return TrustModel.truth }
        return TrustModel.commonLie + 1 + UInt8(random.below(mistakes))
    }

    private func count(of share: Ratio) -> Int {
        Int(UInt64(workers) * share.numerator / share.denominator)
    }
}
