package import Primitives
package import Wire

/// Everything that one simulated life of a network depends on; it follows from the seed alone.
///
/// Swarm testing: each seed switches a random part of the faults off, so that rare combinations of
/// the others get their turn.
/// - Source: A. Groce et al., "Swarm Testing", ISSTA 2012.
package struct Options: Hashable, Sendable {
    /// What everything else follows from.
    package let seed: UInt64
    /// Peers of the network.
    package let peers: Int
    /// Units of the job.
    package let units: UInt32
    /// Chunks of the job's dataset.
    package let chunks: Int
    /// Peers whose results are wrong.
    package let liars: Int
    /// Further anchors beside the submitter, which may then be stewards.
    package let anchors: Int
    /// Messages that are lost.
    package let loss: Ratio
    /// Messages that arrive twice.
    package let duplication: Ratio
    /// The longest delay of a message.
    package let delayMax: TimeSpan
    /// Outboxes that a crash cuts short.
    package let crash: Ratio
    /// Links that break, per message.
    package let linkFailure: Ratio
    /// Orders that take longer than their lease.
    package let stall: Ratio
    /// Orders that the driver refuses.
    package let refusal: Ratio
    /// Whether every message goes through its bytes and is verified again.
    package let throughBytes: Bool
    /// Whether the job is cancelled half way.
    package let isCancelled: Bool
    /// Whether the job is held for a while.
    package let isHeld: Bool
    /// Whether two machines have one owner.
    package let areSiblings: Bool
    /// Whether a machine gets another key half way.
    package let isSucceeded: Bool
    /// Whether a second job shares results with the first, and is released when it is complete.
    package let isReleased: Bool
    /// How long faults happen.
    package let faultSpan: TimeSpan
    /// Whether the last peer says whatever a decoder lets through, beside what it should.
    package let isHostile: Bool
    /// Virtual time in which the epoch grows by one, so that hours pass in a short life.
    package let hourSpan: TimeSpan
    /// The longest that a commit takes, while further inputs come; zero for none.
    package let commitMax: TimeSpan
    /// Crashes in which the machine's copy of the ledger, and the hubs it knew, are damaged.
    package let gridLoss: Ratio
    /// How the network falls apart.
    package let partition: Partition
    /// The machine that is never seen again after some time, with all that it kept; nil for none.
    package let lost: Int?
    /// Machines that stand still for a while with their links open, per wake-up.
    package let sleep: Ratio
    /// Starts after which a machine's clock is an hour ahead, until the next one.
    package let fastClock: Ratio
    /// How results are trusted.
    package let policy: Policy
    /// The constants of trust; in some worlds a few results make a senior.
    package let trust: Trust
    /// Units that a liar computes rightly before it lies.
    package let liesAfter: Int
    /// How long a unit takes, and up to half a second more.
    package let work: TimeSpan

    /// What cuts the peers into two sides, again and again.
    package enum Partition: Hashable, Sendable {
        /// Nothing.
        case none
        /// Nothing passes for up to a minute.
        case islands
        /// What one side says is not heard on the other; it hears all.
        case oneWay
        /// Nothing passes for some seconds, many times.
        case flapping
    }

    /// A network in which nothing goes wrong by itself for ten minutes.
    init(quiet seed: UInt64, peers: Int, units: UInt32, liars: Int, anchors: Int) {
        self.seed = seed
        self.peers = peers
        self.units = units
        self.liars = liars
        chunks = 1
        self.anchors = anchors
        loss = .never
        duplication = .never
        delayMax = .milliseconds(20)
        crash = .never
        linkFailure = .never
        stall = .never
        refusal = .never
        throughBytes = true
        isCancelled = false
        isHeld = false
        areSiblings = false
        isSucceeded = false
        isReleased = false
        faultSpan = .seconds(600)
        isHostile = false
        hourSpan = .seconds(3_600)
        commitMax = .zero
        gridLoss = .never
        partition = .none
        lost = nil
        sleep = .never
        fastClock = .never
        policy = .strict
        trust = .standard
        liesAfter = 0
        work = .milliseconds(200)
    }

    /// The options of `seed`; `peers` overrides their number when it is given.
    package init(seed: UInt64, peers wanted: Int? = nil) {
        var random = PRNG(seed: seed &* 0x9E37_79B9 ^ 0x5354_4152)
        func isOn(_ random: inout PRNG) -> Bool { random.below(2) == 0 }
        self.seed = seed
        peers = wanted ?? Int(2 + random.below(7))
        units = UInt32(1 + random.below(24))
        chunks = random.below(16) == 0 ? 3 : 1
        // One liar can be outvoted, or at least be overruled, in a network of any size.
        liars = isOn(&random) ? 1 : 0
        anchors = random.below(4) == 0 ? Int(random.below(3)) : 0
        loss = isOn(&random) ? Ratio(random.below(20), of: 100) : .never
        duplication = isOn(&random) ? Ratio(random.below(20), of: 100) : .never
        delayMax = .milliseconds(isOn(&random) ? 1 + random.below(50) : 1 + random.below(3_000))
        crash = isOn(&random) ? Ratio(1 + random.below(10), of: 1_000) : .never
        linkFailure = isOn(&random) ? Ratio(1 + random.below(5), of: 1_000) : .never
        stall = isOn(&random) ? Ratio(random.below(20), of: 100) : .never
        refusal = random.below(8) == 0 ? Ratio(1, of: 50) : .never
        throughBytes = random.below(4) == 0
        isCancelled = random.below(16) == 0
        faultSpan = .seconds(20 + random.below(60))
        isHostile = random.below(4) == 0 && peers > 2 + anchors
        let ordinaryHour = TimeSpan.seconds(isOn(&random) ? 3_600 : 15 + random.below(120))
        commitMax = .milliseconds(isOn(&random) ? 1 + random.below(100) : 0)
        gridLoss = isOn(&random) ? Ratio(1 + random.below(50), of: 100) : .never
        isHeld = random.below(4) == 0
        areSiblings = random.below(4) == 0 && peers > 2
        isSucceeded = random.below(8) == 0 && peers > 1 + liars + (isHostile ? 1 : 0)
        isReleased = random.below(4) == 0
        switch random.below(8) {
        case 0, 1: partition = .islands
        case 2: partition = .oneWay
        case 3: partition = .flapping
        default: partition = .none
        }
        // What a hostile peer dates two hours ahead is taken by such machines alone, until the hour
        // has come: nobody would agree before.
        fastClock = random.below(4) == 0 && !isHostile ? Ratio(1, of: 2) : .never
        // Neither the submitter, nor the one that gets another key, nor the hostile one.
        let candidate = 1 + Int(random.below(UInt64(max(1, peers - (isHostile ? 2 : 1)))))
        let isSafe = peers >= 4 && !(isSucceeded && candidate == 1 + liars)
        lost = random.below(4) == 0 && isSafe ? candidate : nil
        sleep = random.below(4) == 0 ? Ratio(1 + random.below(5), of: 1_000) : .never
        // Where a few results make a senior, and hours are short, trust is earned within a life.
        let isQuick = random.below(3) == 0
        hourSpan = isQuick ? .seconds(8 + random.below(12)) : ordinaryHour
        work = .milliseconds(isQuick ? 2_000 : 200)
        trust = isQuick ? Self.quickTrust(&random) : .standard
        let isSingle = liars == 0 && !isHostile && random.below(16) == 0
        let isAdaptive = random.below(4) == 0 || isQuick && isOn(&random)
        policy = isSingle ? .single : isAdaptive ? .adaptive : .strict
        liesAfter = isOn(&random) ? 0 : 3
    }

    private static func quickTrust(_ random: inout PRNG) -> Trust {
        var trust = Trust.standard
        trust.seniorUnits = 2
        trust.seniorHours = 1
        trust.trustedStreak = 2
        trust.forgivingStreak = 4
        trust.seniorsMin = 1 + Int(random.below(3))
        trust.strictAudits = Ratio(1, of: 2)
        trust.adaptiveAudits = Ratio(1 + random.below(2), of: 2)
        trust.auditWindow = 3
        return trust
    }

    /// Whether a lie may be certified: a single result is taken on trust until it is looked at again.
    package var mayBeFooled: Bool { policy == .adaptive && liars > 0 }
}
