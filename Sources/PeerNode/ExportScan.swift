import Primitives
import Wire

/// The first walk over an export: it reads every element, and judges their order and number.
struct ExportScan {
    /// What the items are judged against.
    struct Frame {
        let network: NetworkID
        let epoch: UInt64
        /// What is wrong with the file as a file.
        let findings: AuditFindings
    }

    private enum Stage: Int {
        case header, items, lines, ended
    }

    /// Every item.
    private(set) var index = AuditIndex()
    /// The board that the export states.
    private(set) var lines: [(line: ExportLine, offset: UInt64)] = []
    /// What is wrong with the file as a file.
    private var findings = AuditFindings()
    private var header: ExportHeader?
    private var stage = Stage.header

    /// Reads `file` from its first to its last byte.
    mutating func run(
        _ file: ExportFile,
        _ progress: @Sendable (AuditProgress) -> Void
    ) throws(ExportError) {
        var reader = ExportReader(file)
        var count = 0
        while let piece = try reader.next() {
            switch piece {
            case .element(let element, let place):
                take(element, at: place, hash: reader.hashBeforeEnd)
            case .damage(let error, let place):
                let problem = AuditProblem.unreadable(
                    reason: error.reason,
                    byteCount: UInt64(place.count),
                    isRest: place.upperBound == file.byteCount
                )
                find(problem, in: .bytes, at: place.lowerBound)
            }
            count += 1
            if count.isMultiple(of: 256) { progress(.reading(reader.offset, of: file.byteCount)) }
        }
        if header == nil { find(.noHeader, in: .header, at: 0) }
        if stage != .ended { find(.noEnd, in: .end, at: file.byteCount) }
        index.close()
    }

    /// The network and the epoch of the items: the header's, unless something else is certain.
    func frame(network expected: NetworkID?, epoch present: UInt64) -> Frame {
        var findings = findings
        func find(_ problem: AuditProblem) { findings.add(problem, in: .header, at: 0) }
        var network = header?.network ?? expected ?? .init(.zero)
        if let expected, let header, header.network != expected {
            find(.unexpectedNetwork(header.network))
        }
        // With another network than that of all manifests, every signature would be wrong.
        if index.networks.count == 1, let own = index.networks.keys.first, own != network {
            if header != nil { find(.wrongNetwork(manifests: own)) }
            network = own
        }
        var epoch = header?.epoch ?? present
        if epoch > saturatingSum(present, Limits.epochSkew) {
            find(.futureEpoch(epoch))
            epoch = present
        }
        let itemCount = UInt64(index.records.count)
        if let header, header.itemCount != itemCount {
            find(.wrongCount(stated: header.itemCount, found: itemCount))
        }
        return Frame(network: network, epoch: epoch, findings: findings)
    }

    private mutating func take(
        _ element: ExportElement,
        at place: Range<UInt64>,
        hash: Digest?
    ) {
        switch element {
        case .header(let header):
            guard place.lowerBound == 0 else {
                return find(.outOfPlace, in: .header, at: place.lowerBound)
            }
            self.header = header
            enter(.items, .header, at: place)
        case .item(let item):
            index.add(item, at: place.lowerBound, byteCount: UInt64(place.count))
            enter(.items, AuditSubject(item), at: place)
        case .line(let line):
            let subject = AuditSubject(lineOf: line.peer)
            enter(.lines, subject, at: place)
            if let last = lines.last?.line.peer, line.peer <= last {
                find(.outOfOrder, in: subject, at: place.lowerBound)
            }
            lines.append((line, place.lowerBound))
        case .end(let stated):
            if stage == .ended { find(.outOfPlace, in: .end, at: place.lowerBound) }
            if stated != hash { find(.wrongHash, in: .end, at: place.lowerBound) }
            stage = .ended
        }
    }

    /// Elements of a stage stand after those of the stages before.
    private mutating func enter(
        _ stage: Stage,
        _ subject: @autoclosure () -> AuditSubject,
        at place: Range<UInt64>
    ) {
        if stage.rawValue < self.stage.rawValue {
            find(.outOfPlace, in: subject(), at: place.lowerBound)
        } else {
            self.stage = stage
        }
    }

    private mutating func find(_ problem: AuditProblem, in subject: AuditSubject, at offset: UInt64)
    {
        findings.add(problem, in: subject, at: offset)
    }
}
