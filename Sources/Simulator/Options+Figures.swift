import Primitives
import Wire

/// What workers are like in a network of which it is asked how many lies stand in the end.
package enum TrustProfile: String, Sendable {
    /// One worker in ten errs now and then, and two equal results are asked for.
    case strict
    /// The same, with one result of a trusted worker, and self-checks that find most errors.
    case adaptive
    /// One worker in five tells the same lie as the others, with as many keys as it likes.
    case colluders
    /// The same, and lies only where a vote is its kind's alone.
    case patient
}

extension Options {
    /// A network whose members stay, with one job of `units`, a share of flawed workers, and the
    /// constants of trust as they ship: all is counted, and nothing forbidden.
    package init(
        measured profile: TrustProfile,
        seed: UInt64,
        peers: Int = Self.measuredPeers,
        units: UInt32
    ) {
        self.init(steady: seed, peers: peers, units: units)
        isMeasured = true
        switch profile {
        case .strict, .adaptive:
            behaviour = .errs
            byzantine = peers / 10
            errors = Ratio(1, of: 10)
            guard profile == .adaptive else { return }
            policy = .adaptive
            errors = Ratio(1, of: 100_000)
        case .colluders, .patient:
            behaviour = profile == .patient ? .patient : .liesTogether
            byzantine = peers / 5
        }
    }

    /// Peers of a measured network: four of them are anchors, the submitter's among them.
    package static let measuredPeers = 20
}
