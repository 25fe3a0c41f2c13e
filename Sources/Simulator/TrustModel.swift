import Ledger
import Primitives
import Wire
import WorkUnits

/// Votes without a network: millions of units go through the functions that decide about seats,
/// votes, audits and reputations in a real peer, and through nothing else.
///
/// Claimants are drawn at random, stewards are honest, every result comes, and all that follows
/// from a unit's vote happens within its hour. An hour is over when every worker has computed
/// `TrustScenario.resultsPerHour` results. What certificates come to is counted when the last unit
/// is settled, and all reviews to which it has led.
package struct TrustModel: ~Copyable {
    let scenario: TrustScenario
    let rules: SeatRules
    var random: PRNG
    /// What has happened.
    package internal(set) var figures = TrustFigures()

    /// The key that each machine has now.
    var keys: [Int]
    /// What each machine's present key is worth.
    var accounts: [Account]
    /// Every key that there ever was.
    var identities: [Identity]
    /// What is known of each unit.
    var records: [Record] = []
    /// The hour, from 0 on.
    var hour: UInt64 = 0
    /// Seniors and anchors of this hour.
    var seniorCount = 0
    /// Results that these have computed in this hour.
    var seniorResults: UInt64 = 0
    /// Seats of the first votes that are open, and those of newcomers, oldest vote first after
    /// `oldestVote`.
    var openVotes: [(seats: Int, newcomers: Int)]
    var oldestVote = 0
    var openSeats = 0
    var newcomerSeats = 0
    /// Keys whose other words are to be looked at again.
    var suspects: [Int] = []

    /// A key's reputation as the hours go by.
    struct Account {
        var trustClass = TrustClass.newcomer
        /// Up to the hour before this one.
        var recent = Reputation()
        /// Up to the last hour that counts for seniority.
        var old = Reputation()
        /// What became known in the hours from then on, by hour modulo their number.
        var hours: [HourTally]

        init(_ trust: Trust) {
            hours = Array(repeating: HourTally(), count: Int(trust.seniorHours) + 1)
        }
    }

    /// One key.
    struct Identity {
        let machine: Int
        /// Units in whose first vote it sat, latest last, as far back as reviews may reach.
        var deeds: [UInt32] = []
        /// Deeds from which on those that are out of reach are dropped.
        var deedsMax = 1_024
        var isPunished = false
    }

    /// What is known of one unit.
    struct Record {
        /// Who sat in the first vote; the second one is `nobody` where there was one seat.
        var voters: (UInt32, UInt32) = (nobody, nobody)
        /// What their words were worth.
        var classes: (TrustClass, TrustClass) = (.newcomer, .newcomer)
        /// What the first vote's certificate says.
        var said: UInt8 = 0
        /// What prevails.
        var prevails: UInt8 = 0
        /// Whether the first vote is all that there is, which can be looked at again.
        var isReviewable = false
        var isTrusted = false

        static let nobody = UInt32.max
    }

    /// What one worker said of a unit.
    struct Word {
        let identity: Int
        let trustClass: TrustClass
        let said: UInt8
    }

    /// What is right.
    static let truth: UInt8 = 0
    /// The lie on which a coalition agrees; mistakes come after it.
    static let commonLie: UInt8 = 1

    /// The empty ledger of `scenario`, which has at most 4 billion units and 250 mistakes.
    package init(_ scenario: TrustScenario) {
        precondition(scenario.trust.seniorHours > 0 && scenario.mistakes < 250)
        precondition(scenario.workers > scenario.anchorCount + scenario.flawedCount)
        self.scenario = scenario
        rules = SeatRules(policy: scenario.policy, trust: scenario.trust)
        random = PRNG(seed: scenario.seed)
        keys = Array(0..<scenario.workers)
        accounts = keys.map { _ in Account(scenario.trust) }
        identities = keys.map { Identity(machine: $0) }
        openVotes = Array(repeating: (0, 0), count: scenario.openVotes)
        records.reserveCapacity(scenario.units)
        judge()
    }

    /// What becomes of all units of `scenario`.
    package static func run(_ scenario: TrustScenario) -> TrustFigures {
        var model = TrustModel(scenario)
        for _ in 0..<scenario.units { model.voteOnNext() }
        return model.figures
    }

    /// Has the next unit voted on, with all that follows.
    package mutating func voteOnNext() {
        let pace = UInt64(scenario.workers) * scenario.resultsPerHour
        if figures.results >= pace * (hour + 1) { goOn() }
        let unit = records.count
        records.append(Record())
        figures.units += 1
        settleFirstVote(of: unit)
        while let suspect = suspects.popLast() { review(suspect) }
    }

    // MARK: - Hours

    /// An hour is over.
    private mutating func goOn() {
        hour += 1
        seniorResults = 0
        let delay = scenario.trust.seniorHours
        for machine in accounts.indices {
            let count = UInt64(accounts[machine].hours.count)
            let last = accounts[machine].hours[Int((hour - 1) % count)]
            accounts[machine].recent.add(last, scenario.trust)
            if hour >= delay {
                let old = accounts[machine].hours[Int((hour - delay) % count)]
                accounts[machine].old.add(old, scenario.trust)
            }
            accounts[machine].hours[Int(hour % count)] = HourTally()
        }
        judge()
    }

    /// Works out who is what in this hour.
    private mutating func judge() {
        for machine in accounts.indices {
            accounts[machine].trustClass = trustClass(of: machine)
        }
        seniorCount = accounts.count { $0.trustClass >= .senior }
    }

    private func trustClass(of machine: Int) -> TrustClass {
        guard machine >= scenario.anchorCount else { return .anchor }
        let account = accounts[machine]
        return TrustClass(at: hour, scenario.trust) { last in
            last + 1 == hour ? account.recent : account.old
        }
    }

    // MARK: - Who is who

    /// The name under which the ledger's functions know a key.
    func name(_ identity: Int) -> PeerID { PeerID(Digest(UInt64(identity), 0, 0, 0)) }

    /// The key of that name.
    func identity(_ name: PeerID) -> Int { Int(name.digest.prefix) }

    /// The hash under which the votes' functions know what was said.
    func hash(_ said: UInt8) -> Digest { Digest(UInt64(said), 0, 0, 0) }

    /// What has that hash.
    func said(_ hash: Digest) -> UInt8 { UInt8(hash.prefix) }

    func vote(_ word: Word) -> Vote { Vote(worker: name(word.identity), core: hash(word.said)) }

    // MARK: - Results

    /// A key computes `unit`: `isLie` says whether a patient coalition lies about it.
    mutating func compute(_ unit: Int, _ identity: Int, isLie: Bool) -> Word {
        let machine = identities[identity].machine
        let trustClass = accounts[machine].trustClass
        let said = scenario.word(of: machine, isLie: isLie, random: &random)
        figures.results += 1
        if records[unit].isTrusted { figures.trustedResults += 1 }
        if trustClass >= .senior { seniorResults += 1 }
        if scenario.isFlawed(machine) { figures.flawedResults += 1 }
        if said != Self.truth { figures.lies += 1 }
        return Word(identity: identity, trustClass: trustClass, said: said)
    }

    /// Whether all seniors and anchors have computed what they can in this hour, and others are
    /// there.
    var areSeniorsSpent: Bool {
        scenario.areSeniorsBusy && keys.count - seniorCount > scenario.trust.panelVotersMax
            && seniorResults >= UInt64(seniorCount) * scenario.resultsPerHour
    }
}
