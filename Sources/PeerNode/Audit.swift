import Foundation
import Ledger
package import Primitives
package import Wire

/// What an audit is doing.
package enum AuditProgress: Sendable {
    /// Reading the file: so many bytes of so many.
    case reading(UInt64, of: UInt64)
    /// Judging items: so many of so many.
    case judging(Int, of: Int)
}

/// Checks every statement of a ledger, and recomputes the board, from the items alone.
///
/// A source is walked twice. First every item is read once, which finds what is damaged, and forms
/// groups that can be judged alone; then the groups are judged on all cores, and forgotten. So
/// about a hundred bytes of each item are held, and the items of one shard for each core.
package struct Audit {
    private let source: AuditSource
    private let index: AuditIndex
    private let network: NetworkID
    private let epoch: UInt64
    private var report: AuditReport
    private var findings: AuditFindings
    private var rows = SortedTable<PeerID, ExportLine>()
    /// Which key took over from which.
    private var ownership = CreditLedger().ownership
    /// The epochs of valid items, which are known once what they refer to is; nil for the others.
    private var epochs: [UInt64?]

    private init(
        _ source: AuditSource,
        _ index: AuditIndex,
        network: NetworkID,
        epoch: UInt64,
        findings: AuditFindings = AuditFindings()
    ) {
        self.source = source
        self.index = index
        self.network = network
        self.epoch = epoch
        self.findings = findings
        epochs = Array(repeating: nil, count: index.records.count)
        report = AuditReport(index, network: network, epoch: epoch)
    }

    /// Audits the ledger of a peer in this process; `epoch` is the present one.
    @concurrent
    package static func ledger(
        _ items: [Item],
        network: NetworkID,
        epoch: UInt64,
        progress: @Sendable (AuditProgress) -> Void = { _ in }
    ) async -> AuditReport {
        var index = AuditIndex()
        for (place, item) in items.enumerated() {
            index.add(item, at: UInt64(place), byteCount: 0)
        }
        index.close()
        var audit = Audit(.ledger(items), index, network: network, epoch: epoch)
        do {
            try await audit.judge(progress)
        } catch {
            preconditionFailure("items in memory can be read again")
        }
        return audit.finished
    }

    /// Audits the export at `path`; `network` is the one that it must be of, if one is named, and
    /// `epoch` the present one, of which the machine's clock knows by default.
    @concurrent
    package static func export(
        at path: String,
        network: NetworkID? = nil,
        epoch: UInt64? = nil,
        progress: @Sendable (AuditProgress) -> Void = { _ in }
    ) async throws -> AuditReport {
        let file = try ExportFile(path)
        var scan = ExportScan()
        try scan.run(file, progress)
        let frame = scan.frame(network: network, epoch: epoch ?? OwnRecord.epoch)
        var audit = Audit(
            .export(file),
            scan.index,
            network: frame.network,
            epoch: frame.epoch,
            findings: frame.findings
        )
        try await audit.judge(progress)
        audit.compare(scan.lines)
        return audit.finished
    }

    private var finished: AuditReport {
        var report = report
        report.finish(findings, board: rows.values)
        return report
    }

    // MARK: - Items

    private mutating func judge(_ progress: @Sendable (AuditProgress) -> Void) async throws {
        let common = AuditGroup(source, index, network: network, epoch: epoch)
        let first = try common.judge(0)
        ownership = first.common.ownership
        take(first)
        var done = index.members(of: 0).count
        progress(.judging(done, of: index.records.count))
        let coreCount = max(1, ProcessInfo.processInfo.activeProcessorCount)
        try await withThrowingTaskGroup(of: (Int, AuditGroup.Outcome).self) { tasks in
            var next = 1
            var running = 0
            while next < index.groupCount || running > 0 {
                while next < index.groupCount, running < coreCount {
                    let number = next
                    let group = AuditGroup(
                        source,
                        index,
                        network: network,
                        epoch: epoch,
                        manifest: index.jobs[number].flatMap { first.manifests[$0] },
                        common: first.common
                    )
                    tasks.addTask { @concurrent in
                        // Whoever else needs these threads has a turn before each group.
                        await Task.yield()
                        return (number, try group.judge(number))
                    }
                    next += 1
                    running += 1
                }
                guard let (number, outcome) = try await tasks.next() else { break }
                running -= 1
                take(outcome)
                done += index.members(of: number).count
                progress(.judging(done, of: index.records.count))
            }
        }
        try checkOrder()
    }

    private mutating func take(_ outcome: AuditGroup.Outcome) {
        findings.add(outcome.findings)
        for (position, epoch) in outcome.accepted { epochs[position] = epoch }
        report.valid += outcome.certificates
        report.signatures += outcome.signatures
        report.units.add(outcome.units)
        for culprit in outcome.culprits { report.add(culprit) }
        for row in outcome.rows {
            // The line of a machine is that of the key that it has now.
            let line = ExportLine(row, of: ownership.current(of: row.peer))
            rows[line.peer] = rows[line.peer].map { $0.adding(line) } ?? line
        }
    }

    /// Valid items ascend; one that is not valid has no place, and a finding already.
    private mutating func checkOrder() throws {
        var last: ItemKey?
        for (position, record) in index.records.enumerated() {
            let key = epochs[position].map { ItemKey(epoch: $0, id: record.id) }
            let isWrong = if let last, let key { key <= last } else { false }
            last = key ?? last
            guard isWrong || record.isRepeated else { continue }
            findings.add(
                record.isRepeated ? .repeated : .outOfOrder,
                in: AuditSubject(try source.item(of: record)),
                at: source.offset(of: record)
            )
        }
    }

    // MARK: - Board

    /// Compares the board that follows from the items with the one that the export states.
    private mutating func compare(_ lines: [(line: ExportLine, offset: UInt64)]) {
        var stated = SortedTable<PeerID, ExportLine>()
        for (line, offset) in lines {
            stated[line.peer] = line
            let found = rows[line.peer]
            guard found != line else { continue }
            let problem = AuditProblem.wrongLine(stated: line, found: found)
            findings.add(problem, in: AuditSubject(lineOf: line.peer), at: offset)
        }
        for row in rows.values where !stated.contains(row.peer) {
            let problem = AuditProblem.wrongLine(stated: nil, found: row)
            findings.add(problem, in: AuditSubject(lineOf: row.peer), at: nil)
        }
    }
}

extension ExportLine {
    /// The line of `row` with every certificate taken as final; of `peer`, if that is another.
    init(_ row: BoardRow, of peer: PeerID? = nil) {
        self.init(
            peer: peer ?? row.peer,
            operations: saturatingSum(row.finalOperations, row.provisionalOperations),
            won: row.won,
            lost: row.lost
        )
    }

    fileprivate func adding(_ other: ExportLine) -> ExportLine {
        ExportLine(
            peer: peer,
            operations: saturatingSum(operations, other.operations),
            won: saturatingSum(won, other.won),
            lost: saturatingSum(lost, other.lost)
        )
    }
}
