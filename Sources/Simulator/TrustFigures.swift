/// What became of all units of a model of trust.
package struct TrustFigures: Hashable, Sendable {
    /// Units that were voted on.
    package internal(set) var units: UInt64 = 0
    /// Units whose certificates say something wrong in the end, when all reviews are over.
    package internal(set) var wrongAccepted: UInt64 = 0
    /// Results that were computed.
    package internal(set) var results: UInt64 = 0
    /// Units whose first vote had trusted workers, seniors and anchors alone.
    package internal(set) var trustedUnits: UInt64 = 0
    /// Results that were computed for these.
    package internal(set) var trustedResults: UInt64 = 0
    /// Results that were wrong.
    package internal(set) var lies: UInt64 = 0
    /// Results of those who have the flaw, right ones too.
    package internal(set) var flawedResults: UInt64 = 0
    /// Units that a panel settled.
    package internal(set) var panels: UInt64 = 0
    /// Units that the submitter ruled on.
    package internal(set) var rulings: UInt64 = 0
    /// Units that were looked at again.
    package internal(set) var audits: UInt64 = 0
    /// Times that a unit was to be looked at again, and nobody had time.
    package internal(set) var auditsLeftOut: UInt64 = 0
    /// First votes in which no senior or anchor sat.
    package internal(set) var unanchoredVotes: UInt64 = 0
    /// Honest workers that were ever taken for liars who agree.
    package internal(set) var honestPunished: UInt64 = 0
    /// Keys that flawed workers replaced.
    package internal(set) var newIdentities: UInt64 = 0

    /// The share of wrong units.
    package var wrongPerUnit: Double { Double(wrongAccepted) / Double(max(1, units)) }

    /// Results for each unit.
    package var replicasPerUnit: Double { Double(results) / Double(max(1, units)) }

    /// The same of units whose first vote had trusted workers alone; nil when there are none.
    package var trustedReplicas: Double? {
        trustedUnits == 0 ? nil : Double(trustedResults) / Double(trustedUnits)
    }

    /// Results that flawed workers computed for each unit that is wrong; nil when none is.
    package var resultsPerLie: Double? {
        wrongAccepted == 0 ? nil : Double(flawedResults) / Double(wrongAccepted)
    }
}
