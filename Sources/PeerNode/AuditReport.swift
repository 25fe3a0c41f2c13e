package import Primitives
package import Wire

/// What an audit of a ledger or an export found.
package struct AuditReport: Hashable, Sendable {
    /// How many items there are of one kind.
    package struct Kind: Hashable, Sendable {
        /// The kind, in a word of the protocol.
        package let name: String
        /// How many.
        package let count: Int
    }

    /// Units that have a certificate, by verdict.
    package struct Units: Hashable, Sendable {
        /// With a core that won.
        package internal(set) var certified = 0
        /// With a certificate that nobody has opened yet.
        package internal(set) var sealed = 0
        /// With certificates that contradict each other.
        package internal(set) var disputed = 0

        mutating func add(_ other: Units) {
            certified += other.certified
            sealed += other.sealed
            disputed += other.disputed
        }
    }

    /// Somebody of whom a valid FAULT proves that it signed two statements for one slot.
    package struct Culprit: Hashable, Comparable, Sendable {
        /// Who.
        package let peer: PeerID
        /// The job that they are about.
        package let job: ManifestID
        /// The proof.
        package let fault: ItemID
        /// The kind of both statements.
        package let statement: StatementKind

        package static func < (left: Culprit, right: Culprit) -> Bool {
            (left.peer, left.job, left.fault) < (right.peer, right.job, right.fault)
        }
    }

    /// The network whose signatures were checked.
    package let network: NetworkID
    /// The epoch that counted as the present one.
    package let epoch: UInt64
    /// Items by kind, in alphabetical order; those that are wrong are counted too.
    package let kinds: [Kind]
    /// SHA-256 over the ids of every item: equal for peers that hold equal ledgers.
    package let ledgerHash: Digest
    /// Those certificates whose signatures, sets, seats and votes are all in order.
    package internal(set) var valid = 0
    /// Signatures that were checked, those inside certificates too.
    package internal(set) var signatures = 0
    /// Units by verdict.
    package internal(set) var units = Units()
    /// The board that follows from the valid items, with every certificate taken as final;
    /// ascending by peer.
    package private(set) var board: [ExportLine] = []
    /// Who is proven to have said two things, ascending; `culpritsMax` at most.
    package private(set) var culprits: [Culprit] = []
    /// How many such proofs there are.
    package private(set) var culpritCount = 0
    /// What is wrong, in the order of the file; `findingsMax` at most.
    package private(set) var findings: [AuditFinding] = []
    /// How many findings there are.
    package private(set) var findingCount = 0

    /// Proofs that are kept: beyond that they are only counted.
    package static let culpritsMax = 10_000
    /// Findings that are kept: beyond that they are only counted.
    package static let findingsMax = 10_000

    init(_ index: AuditIndex, network: NetworkID, epoch: UInt64) {
        self.network = network
        self.epoch = epoch
        kinds = index.counts.map { Kind(name: $0.0, count: $0.1) }
        let ids = index.records.map(\.id.digest)
        ledgerHash = taggedHash("starling/ledger/1", count: 1) { $0.digests(ids) }
    }

    /// Certificates of the ledger.
    package var certificates: Int {
        kinds.first { $0.name == StatementKind.certificate.name }?.count ?? 0
    }

    /// Whether nothing is wrong.
    package var isGood: Bool { findingCount == 0 }

    mutating func add(_ culprit: Culprit) {
        culpritCount += 1
        if culprits.count < Self.culpritsMax { culprits.append(culprit) }
    }

    mutating func finish(_ findings: AuditFindings, board: [ExportLine]) {
        culprits.sort()
        self.findings = findings.sorted
        findingCount = findings.count
        self.board = board
    }
}
