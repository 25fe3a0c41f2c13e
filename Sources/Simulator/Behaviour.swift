import Primitives
import Wire

/// How machines break the protocol while they follow the rest of it.
///
/// - Source: docs/THREAT_MODEL.md, which says what each is answered with.
package enum Behaviour: String, CaseIterable, Sendable {
    /// Takes work and never answers.
    case silent
    /// Needs many times as long as its leases last.
    case slow
    /// Makes up results, each machine its own.
    case liesAlone = "lies-alone"
    /// Errs now and then; two errors are the same by chance, once in a hundred times.
    case errs
    /// Makes up results that all of them share.
    case liesTogether = "lies-together"
    /// Lies only about units whose seats its kind alone has, and begins anew when it is caught.
    case patient
    /// Computes rightly until its word is worth more, and then lies with its kind.
    case sleeper
    /// Says two things for one slot, each time.
    case equivocates
    /// Says what it has heard others say, and guesses where it has heard nothing.
    case copies
    /// Says that there is nothing in the data, which it has not looked at.
    case guesses
    /// Promises, and never reveals.
    case neverReveals = "never-reveals"
    /// Reveals, and gives nobody the bytes.
    case withholds
    /// As a steward, takes promises and certifies nothing.
    case dropsVotes = "drops-votes"
    /// As a steward, gives work to its kind alone.
    case favours
    /// As a steward, gives work to its kind alone, and never says what was certified.
    case neverOpens = "never-opens"
    /// As a steward, tells its kind what others have revealed.
    case leaks
    /// As a steward, closes the commit set a second time for its kind.
    case reopens
    /// Pays itself for units of a project of its own.
    case farms
    /// Sends again what it has sent or heard, at any time and to anybody.
    case replays
    /// Sends requests as fast as it can.
    case floods
    /// Claims to be faster than any machine.
    case liesOfCapacity = "lies-of-capacity"
    /// Gives out chunks and results with wrong bytes.
    case poisons
    /// Two machines run with one stolen key.
    case stolenKey = "stolen-key"
    /// Dates what it says days back.
    case backDates = "back-dates"
    /// Dates what it says up to a day ahead.
    case postDates = "post-dates"

    /// Machines that have part in it.
    var machines: Int {
        switch self {
        case .liesTogether, .patient, .sleeper, .favours, .neverOpens, .leaks, .reopens, .farms,
            .stolenKey:
            2
        default: 1
        }
    }

    /// Whether some of its results are wrong.
    var lies: Bool {
        switch self {
        case .liesAlone, .errs, .guesses, .copies, .leaks: true
        default: isCollusion
        }
    }

    /// Whether several may say the same wrong thing: where nobody else votes, it is certified.
    var isCollusion: Bool {
        switch self {
        case .liesTogether, .patient, .sleeper, .favours, .reopens: true
        default: false
        }
    }

    /// Whether it does something of its own accord from time to time.
    var actsByItself: Bool {
        switch self {
        case .replays, .floods, .poisons, .farms, .patient, .liesTogether: true
        default: false
        }
    }

    /// Whether it takes a word that is worth something, as that of a steward.
    var needsStanding: Bool {
        switch self {
        case .sleeper, .dropsVotes, .favours, .neverOpens, .leaks, .reopens, .equivocates: true
        default: false
        }
    }
}

extension Options {
    /// Honest machines beside the submitter, at least, where others do as they like.
    private static let honestMin = 3

    /// Adds machines of a behaviour to a life, as the last ones; whatever else they would have had
    /// part in does not happen.
    mutating func add(_ behaviour: Behaviour, random: inout PRNG) {
        self.behaviour = behaviour
        byzantine = behaviour.machines
        peers = max(peers, 1 + anchors + Self.honestMin) + byzantine
        isHostile = false
        areSiblings = false
        lost = nil
        diskFailure = nil
        fastClock = .never
        if behaviour.lies {
            liars = 0
            isSucceeded = false
            if policy == .single { policy = .strict }
        }
        if behaviour == .withholds {
            // What its worker alone has, nobody else can give.
            bitFlip = .never
            policy = .strict
        }
        if behaviour == .backDates || behaviour == .postDates {
            clockJump = .never
            hourSpan = .seconds(15 + random.below(10))
        }
        guard behaviour.needsStanding else { return }
        isTrustQuick = true
        hourSpan = .seconds(8 + random.below(12))
        work = .milliseconds(2_000)
    }
}
