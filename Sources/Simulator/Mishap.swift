import Membership
package import Primitives

/// One thing that the world lets go wrong by itself, at one moment.
///
/// The moment is named by what happens rather than by a count over the whole life: a life that is
/// shown again with fewer mishaps still has a place for the others.
package struct Mishap: Hashable, Comparable, Sendable {
    /// What goes wrong.
    package enum Kind: Int, CaseIterable, Sendable {
        case loss, duplication, linkFailure
        case crash, gridLoss, sleep, departure, fastClock
        case stall, refusal, split
        case bitFlip, fullDisk
        case clockJump
    }

    /// When.
    package let at: Instant
    /// What.
    package let kind: Kind
    /// To whom: a machine, or a pair of them as `Fate.pair` counts pairs.
    package let subject: Int
    /// How often it might have happened to the same at that very time before it did.
    package let ordinal: Int

    /// A mishap of `kind` that befell `subject`.
    package init(at: Instant, kind: Kind, subject: Int, ordinal: Int) {
        self.at = at
        self.kind = kind
        self.subject = subject
        self.ordinal = ordinal
    }

    package static func < (left: Mishap, right: Mishap) -> Bool {
        (left.at, left.kind.rawValue, left.subject, left.ordinal)
            < (right.at, right.kind.rawValue, right.subject, right.ordinal)
    }
}

/// What goes wrong in a life: the dice decide, or a list that somebody wrote down.
struct Fate: ~Copyable {
    /// How often something might have gone wrong at one time.
    private struct Chances {
        private var at = Instant.zero
        private var count = 0

        /// Counts one more.
        mutating func next(at now: Instant) -> Int {
            if at != now { count = 0 }
            at = now
            defer { count += 1 }
            return count
        }
    }

    /// What may go wrong where.
    private struct Place: Hashable {
        let kind: Mishap.Kind
        let subject: Int
    }

    private var dice: PRNG
    /// Mishaps of each kind and subject that are to come, the last one first; nil when the dice
    /// decide.
    // tidy-allow-hash-table: looked up, never walked
    private var expected: [Place: [Mishap]]?
    // tidy-allow-hash-table: looked up, never walked
    private var chances: [Place: Chances] = [:]
    /// What has gone wrong so far.
    private(set) var mishaps: [Mishap] = []

    /// Machines that a world may have.
    static let peersMax = HubTable.hubsMax

    /// The dice of `seed` or, if there are `mishaps`, these alone.
    init(seed: UInt64, mishaps: [Mishap]?) {
        dice = PRNG(seed: seed ^ 0x4641_5445)
        guard let mishaps else { return }
        // tidy-allow-hash-table: looked up, never walked
        var lists: [Place: [Mishap]] = [:]
        for mishap in mishaps.sorted().reversed() {
            lists[Place(kind: mishap.kind, subject: mishap.subject), default: []].append(mishap)
        }
        expected = lists
    }

    /// The way from one machine to another, as a number.
    static func pair(_ from: Int, _ to: Int) -> Int { from * peersMax + to }

    /// Whether something goes wrong that may do so now.
    ///
    /// A mishap that was written down for a moment that never comes happens at the next chance.
    mutating func strikes(
        _ kind: Mishap.Kind,
        _ ratio: Ratio,
        subject: Int,
        at now: Instant
    ) -> Bool {
        guard ratio.numerator > 0 else { return false }
        let place = Place(kind: kind, subject: subject)
        let ordinal = chances[place, default: Chances()].next(at: now)
        if let next = expected?[place]?.last {
            guard (next.at, next.ordinal) <= (now, ordinal) else { return false }
            expected?[place]?.removeLast()
        } else if expected != nil || !dice.chance(ratio) {
            return false
        }
        mishaps.append(Mishap(at: now, kind: kind, subject: subject, ordinal: ordinal))
        return true
    }
}

extension World {
    /// Whether something goes wrong at a machine that may go wrong there now.
    func strikes(_ kind: Mishap.Kind, _ ratio: Ratio, at peer: SimulatedPeer) -> Bool {
        areFaultsOn && fate.strikes(kind, ratio, subject: peer.index, at: now)
    }

    /// Whether something goes wrong on the way from one machine to another that may now.
    func strikes(_ kind: Mishap.Kind, _ ratio: Ratio, from: Int, to: Int) -> Bool {
        areFaultsOn && fate.strikes(kind, ratio, subject: Fate.pair(from, to), at: now)
    }

    /// What has gone wrong so far, in order of time.
    package var mishaps: [Mishap] { fate.mishaps }
}
