package import Primitives
package import Wire

/// Everything that one simulated life of a network depends on; it follows from the seed alone.
///
/// Swarm testing: each seed switches a random part of the faults off, so that rare combinations of
/// the others get their turn.
/// - Source: A. Groce et al., "Swarm Testing", ISSTA 2012.
package struct Options: Hashable, Sendable {
    /// What everything else follows from.
    package internal(set) var seed: UInt64
    /// Peers of the network.
    package internal(set) var peers: Int
    /// Units of the job.
    package internal(set) var units: UInt32
    /// Chunks of the job's dataset.
    package internal(set) var chunks: Int
    /// Peers whose results are wrong.
    package internal(set) var liars: Int
    /// Further anchors beside the submitter, which may then be stewards.
    package internal(set) var anchors: Int
    /// Messages that are lost.
    package internal(set) var loss: Ratio
    /// Messages that arrive twice.
    package internal(set) var duplication: Ratio
    /// The longest delay of a message.
    package internal(set) var delayMax: TimeSpan
    /// Outboxes that a crash cuts short.
    package internal(set) var crash: Ratio
    /// Links that break, per message.
    package internal(set) var linkFailure: Ratio
    /// Orders that take longer than their lease.
    package internal(set) var stall: Ratio
    /// Orders that the driver refuses.
    package internal(set) var refusal: Ratio
    /// Whether every message goes through its bytes and is verified again.
    package internal(set) var throughBytes: Bool
    /// Whether the job is cancelled half way.
    package internal(set) var isCancelled: Bool
    /// Whether the job is held for a while.
    package internal(set) var isHeld: Bool
    /// The worker that the project names an anchor half way; nil for none.
    package internal(set) var named: Int?
    /// Whether two machines have one owner.
    package internal(set) var areSiblings: Bool
    /// Whether a machine gets another key half way.
    package internal(set) var isSucceeded: Bool
    /// Whether a second job shares results with the first, and is released when it is complete.
    package internal(set) var isReleased: Bool
    /// How long faults happen.
    package internal(set) var faultSpan: TimeSpan
    /// Whether the last peer says whatever a decoder lets through, beside what it should.
    package internal(set) var isHostile: Bool
    /// Machines, the last ones, that break the protocol in the way of `behaviour`.
    package internal(set) var byzantine = 0
    /// How they break it; nil for none.
    package internal(set) var behaviour: Behaviour?
    /// Results of those who err that are wrong.
    package internal(set) var errors = Ratio(1, of: 2)
    /// Whether lies that stand are counted, and are no failure.
    package internal(set) var isMeasured = false
    /// Virtual time in which the epoch grows by one, so that hours pass in a short life.
    package internal(set) var hourSpan: TimeSpan
    /// The longest that a commit takes, while further inputs come; zero for none.
    package internal(set) var commitMax: TimeSpan
    /// Crashes in which the machine's copy of the ledger, and the hubs it knew, are damaged.
    package internal(set) var gridLoss: Ratio
    /// How the network falls apart.
    package internal(set) var partition: Partition
    /// The machine that is never seen again after some time, with all that it kept; nil for none.
    package internal(set) var lost: Int?
    /// Machines that stand still for a while with their links open, per wake-up.
    package internal(set) var sleep: Ratio
    /// Machines that are shut down in order and come back, per wake-up.
    package internal(set) var departure: Ratio
    /// Starts after which a machine's clock is an hour ahead, until the next one.
    package internal(set) var fastClock: Ratio
    /// Whether members never change: everybody begins with the records of all and with its links;
    /// else everybody comes by itself.
    package internal(set) var isFixed = false
    /// Whether a few peers keep as few links as thousands would.
    package internal(set) var isThin = false
    /// The job, and the machines, of which time and cost are asked; nil where rules are checked.
    package internal(set) var model: JobModel?

    /// The machine whose disk fails once: it comes back with an empty one, and new keys.
    package internal(set) var diskFailure: Int?
    /// Whether that disk tears a page of the vault, rather than being gone.
    package internal(set) var isVaultTorn: Bool
    /// Bits that flip on a machine's disk, per wake-up.
    package internal(set) var bitFlip: Ratio
    /// Writes that find a disk full.
    package internal(set) var fullDisk: Ratio

    /// Thousandths by which monotonic clocks run too fast or too slow, at most.
    package internal(set) var drift: Int
    /// Wall clocks that jump by up to a day, per wake-up.
    package internal(set) var clockJump: Ratio
    /// How results are trusted.
    package internal(set) var policy: Policy
    /// Whether a few results of the hour before make a senior.
    package internal(set) var isTrustQuick: Bool
    /// Seniors that must be there, where that is so, before a vote asks for one.
    package internal(set) var seniorsMin: Int
    /// Units that are computed again in secret, where that is so.
    package internal(set) var audits: Ratio
    /// Units that a liar computes rightly before it lies.
    package internal(set) var liesAfter: Int
    /// How long a unit takes, and up to half a second more.
    package internal(set) var work: TimeSpan

    /// Networks in which machines are seen, by turns; 0 where their addresses tell nothing.
    package internal(set) var networks: Int
    /// Units that the submitter finds out by itself.
    package internal(set) var ringers: UInt32 = 0

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
        named = nil
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
        departure = .never
        fastClock = .never
        diskFailure = nil
        isVaultTorn = false
        bitFlip = .never
        fullDisk = .never
        drift = 0
        clockJump = .never
        policy = .strict
        isTrustQuick = false
        seniorsMin = 3
        audits = .never
        liesAfter = 0
        work = .milliseconds(200)
        networks = 0
    }

    /// The options of `seed`; `peers` and `ringers` override their numbers when they are given, and
    /// the machines that have `behaviour` come on top of it.
    package init(
        seed: UInt64,
        peers wanted: Int? = nil,
        behaviour given: Behaviour? = nil,
        ringers planted: UInt32? = nil
    ) {
        var random = PRNG(seed: seed &* 0x9E37_79B9 ^ 0x5354_4152)
        self.init(seed: seed, peers: wanted, random: &random)
        if let given {
            add(given, random: &random)
        } else if wanted == nil, !isHostile, random.below(4) == 0 {
            let behaviours = Behaviour.allCases
            add(behaviours[Int(random.below(UInt64(behaviours.count)))], random: &random)
        }
        let drawn = random.below(4) == 0 ? UInt32(1 + random.below(4)) : 0
        ringers = planted ?? drawn
    }

    private init(seed: UInt64, peers wanted: Int?, random: inout PRNG) {
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
        hourSpan = .seconds(isOn(&random) ? 3_600 : 15 + random.below(120))
        commitMax = .milliseconds(isOn(&random) ? 1 + random.below(100) : 0)
        gridLoss = isOn(&random) ? Ratio(1 + random.below(50), of: 100) : .never
        isHeld = random.below(4) == 0
        areSiblings = random.below(4) == 0 && peers > 2
        isSucceeded = random.below(8) == 0 && peers > 1 + liars + (isHostile ? 1 : 0)
        isReleased = random.below(4) == 0
        partition = Self.partition(random.below(8))
        // What a hostile peer dates two hours ahead is taken by such machines alone, until the hour
        // has come: nobody would agree before.
        fastClock = random.below(4) == 0 && !isHostile ? Ratio(1, of: 2) : .never
        // Neither the submitter, nor the one that gets another key, nor the hostile one.
        let candidate = Self.bystander(of: peers, isHostile, &random)
        let isSafe = peers >= 4 && !(isSucceeded && candidate == 1 + liars)
        lost = random.below(4) == 0 && isSafe ? candidate : nil
        sleep = random.below(4) == 0 ? Ratio(1 + random.below(5), of: 1_000) : .never
        // Where a few results make a senior, and hours are short, trust is earned within a life.
        isTrustQuick = random.below(3) == 0
        if isTrustQuick { hourSpan = .seconds(8 + random.below(12)) }
        work = .milliseconds(isTrustQuick ? 2_000 : 200)
        seniorsMin = 1 + Int(random.below(3))
        audits = Ratio(1 + random.below(2), of: 2)
        let isSingle = liars == 0 && !isHostile && random.below(16) == 0
        let isAdaptive = random.below(4) == 0 || isTrustQuick && isOn(&random)
        policy = isSingle ? .single : isAdaptive ? .adaptive : .strict
        liesAfter = isOn(&random) ? 0 : 3
        // A single result that its worker alone can open stays sealed without it.
        if policy != .strict { lost = nil }
        // A liar with a second key would be two liars. Who alone can open a certificate, or keeps
        // the last copy of a result, is not to be lost: one disk fails in a life, and no more.
        let failing = 1 + liars + Int(random.below(UInt64(max(1, peers - liars))))
        let last = peers - (isHostile ? 2 : 1)
        let mayFail =
            lost == nil && policy == .strict && failing <= last
            && !(isSucceeded && failing == 1 + liars)
        diskFailure = random.below(4) == 0 && mayFail ? failing : nil
        isVaultTorn = isOn(&random)
        let areCopiesSafe = lost == nil && diskFailure == nil && policy == .strict
        bitFlip = isOn(&random) && areCopiesSafe ? Ratio(1 + random.below(20), of: 1_000) : .never
        fullDisk = random.below(4) == 0 ? Ratio(1 + random.below(20), of: 1_000) : .never
        drift = isOn(&random) ? 1 + Int(random.below(100)) : 0
        let mayJump = random.below(4) == 0 && !isHostile && fastClock == .never
        clockJump = mayJump ? Ratio(1 + random.below(5), of: 1_000) : .never
        // What was dated a day ahead counts once that day has come, which the life must see.
        if mayJump { hourSpan = .seconds(15 + random.below(10)) }
        networks = isOn(&random) ? 1 + Int(random.below(3)) : 0
        isThin = random.below(3) == 0
        departure = random.below(4) == 0 ? Ratio(1 + random.below(5), of: 1_000) : .never
        named = random.below(4) == 0 ? Self.bystander(of: peers, isHostile, &random) : nil
    }

    /// Any peer but the submitter and the hostile one, who would have a part in the job.
    private static func bystander(
        of peers: Int,
        _ isHostile: Bool,
        _ random: inout PRNG
    ) -> Int {
        1 + Int(random.below(UInt64(max(1, peers - (isHostile ? 2 : 1)))))
    }

    private static func partition(_ draw: UInt64) -> Partition {
        switch draw {
        case 0, 1: .islands
        case 2: .oneWay
        case 3: .flapping
        default: .none
        }
    }

    /// The constants of trust.
    package var trust: Trust {
        var trust = Trust.standard
        guard isTrustQuick else { return trust }
        trust.seniorUnits = 2
        trust.seniorHours = 1
        trust.trustedStreak = 2
        trust.forgivingStreak = 4
        trust.seniorsMin = seniorsMin
        trust.strictAudits = audits
        trust.adaptiveAudits = audits
        trust.auditWindow = 3
        return trust
    }

    /// Whether a lie may be certified: a single result is taken on trust until it is audited, and
    /// two that are made together while nobody better is there.
    package var mayBeFooled: Bool {
        if isMeasured { return true }
        let isLieMade = liars > 0 || behaviour?.lies == true
        return policy == .adaptive && isLieMade || behaviour?.isCollusion == true
    }

    /// Machines that are not bound by the protocol, the last ones.
    var strangers: Int { isHostile ? 1 : byzantine }
}
