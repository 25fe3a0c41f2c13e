package import Primitives

/// What one simulated life came to.
package struct Report: Hashable, Sendable {
    /// What it followed from.
    package let options: Options
    /// Events that happened.
    package internal(set) var events: UInt64 = 0
    /// Messages by what became of them.
    package internal(set) var delivered: UInt64 = 0
    /// Messages lost on purpose.
    package internal(set) var lost: UInt64 = 0
    /// Messages delivered twice.
    package internal(set) var duplicated: UInt64 = 0
    /// Times that the network fell into two parts.
    package internal(set) var splits: UInt64 = 0
    /// Messages that did not pass from one part to the other.
    package internal(set) var cut: UInt64 = 0
    /// Starts after which a machine's clock was ahead.
    package internal(set) var fastClocks: UInt64 = 0
    /// Machines that were never seen again.
    package internal(set) var losses: UInt64 = 0
    /// Times that a machine stood still.
    package internal(set) var sleeps: UInt64 = 0
    /// Machines that were shut down in order.
    package internal(set) var departures: UInt64 = 0
    /// Crashes, each followed by a restart.
    package internal(set) var crashes: UInt64 = 0
    /// Crashes that damaged a machine's copy of the ledger.
    package internal(set) var damaged: UInt64 = 0
    /// Machines whose monotonic clock was not right.
    package internal(set) var drifting: UInt64 = 0
    /// Times that a wall clock jumped ahead.
    package internal(set) var clocksAhead: UInt64 = 0
    /// Times that a wall clock jumped back.
    package internal(set) var clocksBehind: UInt64 = 0
    /// Disks that were gone with all that they held.
    package internal(set) var disksLost: UInt64 = 0
    /// Starts that a torn vault prevented.
    package internal(set) var vaultsTorn: UInt64 = 0
    /// Bits that flipped on disks.
    package internal(set) var bitsFlipped: UInt64 = 0
    /// Results that turned out to be damaged.
    package internal(set) var resultsDamaged: UInt64 = 0
    /// Strangers' chunks that turned out to be damaged.
    package internal(set) var chunksDamaged: UInt64 = 0
    /// Times that a chunk of the submitter's own data turned out to be damaged.
    package internal(set) var datasetsDamaged: UInt64 = 0
    /// Disks that were full, so that the machine took no more work for a while.
    package internal(set) var drained: UInt64 = 0
    /// Disks that were full even so, so that the peer stopped.
    package internal(set) var disksFull: UInt64 = 0
    /// Orders whose results did not fit the disk.
    package internal(set) var ordersUnkept: UInt64 = 0
    /// Units of all jobs.
    package internal(set) var units: UInt64 = 0
    /// Units with a certificate in the end.
    package internal(set) var certified: UInt64 = 0
    /// Units whose certificate is not the oracle's.
    package internal(set) var wrong: UInt64 = 0
    /// Certificates by kind: quorum, panel, ruling.
    package internal(set) var quorums: UInt64 = 0
    /// Units that one worker's result certified.
    package internal(set) var singles: UInt64 = 0
    /// Units that were looked at again in secret.
    package internal(set) var audits: UInt64 = 0
    /// Units of which the submitter has found out by itself that they are right.
    package internal(set) var ringers: UInt64 = 0
    /// Units for which an audit found a lie that was certified.
    package internal(set) var caught: UInt64 = 0
    /// Units for which such a lie stands.
    package internal(set) var fooled: UInt64 = 0
    /// Honest peers that were punished.
    package internal(set) var honestPunished: UInt64 = 0
    /// Units that a panel settled.
    package internal(set) var panels: UInt64 = 0
    /// Units that the submitter ruled on.
    package internal(set) var rulings: UInt64 = 0
    /// Times that a steward asked for a ruling.
    package internal(set) var held: UInt64 = 0
    /// Seats that went to another worker after a lease had run out.
    package internal(set) var reopened: UInt64 = 0
    /// Promises that stood while another seat of their round reopened.
    package internal(set) var kept: UInt64 = 0
    /// Promises that came after their lease and were taken.
    package internal(set) var late: UInt64 = 0
    /// Restarts of a worker with results that nobody had settled yet.
    package internal(set) var resealed: UInt64 = 0
    /// Units that two stewards certified.
    package internal(set) var twice: UInt64 = 0
    /// Openings that the certificate's own steward published.
    package internal(set) var selfOpened: UInt64 = 0
    /// Items that only a comparison of ledgers delivered.
    package internal(set) var reconciled: UInt64 = 0
    /// Chunks that were asked for again.
    package internal(set) var refetched: UInt64 = 0
    /// Messages that a hostile peer made up.
    package internal(set) var hostile: UInt64 = 0
    /// Punishments of a liar or of the hostile peer.
    package internal(set) var punished: UInt64 = 0
    /// Times that the submitter let a job on hold go on.
    package internal(set) var resumed: UInt64 = 0
    /// Workers that the project named anchors half way.
    package internal(set) var named: UInt64 = 0
    /// Proofs in the submitter's ledger that somebody signed two statements for one slot.
    package internal(set) var faults: UInt64 = 0
    /// Results that were computed or made up.
    package internal(set) var results: UInt64 = 0
    /// Results of machines that are not bound by the protocol.
    package internal(set) var strangersResults: UInt64 = 0
    /// Wrong results that were computed or made up.
    package internal(set) var lies: UInt64 = 0
    /// Machines that came back under another key because they were caught.
    package internal(set) var renewed: UInt64 = 0
    /// Results that machines were paid for a project of their own.
    package internal(set) var farmed: UInt64 = 0
    /// Machines that went on with another key.
    package internal(set) var succeeded: UInt64 = 0
    /// Jobs whose results the submitter has released.
    package internal(set) var released: UInt64 = 0
    /// Results that machines dropped.
    package internal(set) var dropped: UInt64 = 0
    /// Results of machines that share an owner with another.
    package internal(set) var shared: UInt64 = 0
    /// Units whose voters are all seen in networks of their own.
    package internal(set) var apart: UInt64 = 0
    /// Results paid in the end.
    package internal(set) var paid: UInt64 = 0
    /// Certificates that were checked from their bytes and signatures in the end.
    package internal(set) var checked: UInt64 = 0
    /// Messages with wrong bytes or signatures, none of which reached a core.
    package internal(set) var forged: UInt64 = 0
    /// Virtual time from the start until everything was done.
    package internal(set) var finishedAt = Instant.zero
    /// A hash over every event: equal for two runs of one seed.
    package internal(set) var trace: UInt64 = 0xcbf2_9ce4_8422_2325
    /// Messages that honest peers sent, by kind, in the order of `messageKinds`.
    package internal(set) var messages = [UInt64](repeating: 0, count: messageKinds.count)
    /// Edges of documented machines that were gone along, in the order of `transitionNames`; none
    /// in lives that are not observed.
    package internal(set) var transitions = [UInt64](repeating: 0, count: transitionNames.count)
    /// Invariants that did not hold, in order; empty for a good seed.
    package internal(set) var violations: [String] = []

    init(options: Options) { self.options = options }

    /// Mixes `word` into the trace.
    mutating func note(_ word: UInt64) {
        trace = (trace ^ word) &* 0x0000_0100_0000_01b3
        trace ^= trace >> 29
    }
}

extension Report {
    /// This report with one more violation.
    package func failing(_ violation: String) -> Report {
        var report = self
        report.violations.append(violation)
        return report
    }
}
