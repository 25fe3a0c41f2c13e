package import Ledger
package import Primitives
package import Wire

/// Something that is wrong, and with which statement.
package struct AuditFinding: Hashable, Sendable, CustomStringConvertible {
    /// What it is about.
    package let subject: AuditSubject
    /// Where that begins in the file; nil when there is no file, or it has no place there.
    package let offset: UInt64?
    /// What is wrong.
    package let problem: AuditProblem

    package var description: String {
        let place = offset.map { "byte \($0): " } ?? ""
        return "\(place)\(subject): \(problem)"
    }
}

/// Findings, of which the first ones are kept and the others only counted.
struct AuditFindings: Hashable, Sendable {
    /// The first findings, in the order in which they were made.
    private(set) var kept: [AuditFinding] = []
    /// How many there are.
    private(set) var count = 0

    /// Adds a finding.
    mutating func add(_ problem: AuditProblem, in subject: AuditSubject, at offset: UInt64?) {
        add(AuditFinding(subject: subject, offset: offset, problem: problem))
    }

    /// Adds those of `others`.
    mutating func add(_ others: AuditFindings) {
        for finding in others.kept { add(finding) }
        count += others.count - others.kept.count
    }

    /// What was kept, in the order of the file.
    var sorted: [AuditFinding] {
        kept.sorted { left, right in
            (left.offset ?? .max, left.description) < (right.offset ?? .max, right.description)
        }
    }

    private mutating func add(_ finding: AuditFinding) {
        count += 1
        if kept.count < AuditReport.findingsMax { kept.append(finding) }
    }
}

/// What a finding is about: an item, or another part of an export.
package struct AuditSubject: Hashable, Sendable, CustomStringConvertible {
    /// The kind of item, or `header`, `board line`, `end` or `bytes`.
    package let kind: String
    /// The item's id.
    package private(set) var id: ItemID?
    /// The job that the item is about.
    package private(set) var job: ManifestID?
    /// The units that it is about, ascending; empty for none in particular.
    package private(set) var units: [UInt32] = []
    /// The key that signs it, or the peer of a line.
    package private(set) var key: Digest?

    static let header = AuditSubject(kind: "header")
    static let end = AuditSubject(kind: "end")
    static let bytes = AuditSubject(kind: "bytes")

    private init(kind: String) { self.kind = kind }

    init(lineOf peer: PeerID) {
        kind = "board line"
        key = peer.digest
    }

    init(_ item: Item) {
        kind = item.name
        id = item.id
        key = item.statements.first?.signer
        switch item {
        case .manifest: break
        case .certificate(let signed):
            (job, units) = (item.manifest, signed.body.units)
        case .opening(let opening):
            (job, units) = (item.manifest, opening.cores.map(\.unit))
        case .ruling(let signed):
            (job, units) = (item.manifest, [signed.body.unit])
        default: job = item.manifest
        }
    }

    package var description: String {
        var text = kind
        if let id { text += " \(id.short)" }
        if let key { text += " of \(short(key))" }
        var about: [String] = []
        if let job { about.append("job \(job.short)") }
        if !units.isEmpty { about.append("unit \(units.map(String.init).joined(separator: " "))") }
        return about.isEmpty ? text : "\(text) (\(about.joined(separator: ", ")))"
    }
}

/// What can be wrong with a ledger or an export.
package enum AuditProblem: Hashable, Sendable, CustomStringConvertible {
    /// Bytes that are no element of an export; `isRest` when nothing after them is one either.
    case unreadable(reason: String, byteCount: UInt64, isRest: Bool)
    /// A statement, or one inside a certificate, whose signature is not its signer's.
    case wrongSignature(StatementKind, signer: Digest)
    /// Something else inside a statement that is not what it claims to be.
    case unverified(VerificationError)
    /// A certificate that does not prove its votes.
    case unproven(CertificateError)
    /// An opening whose core for a unit makes no digest of its certificate.
    case opensNothing(unit: UInt32)
    /// An item that breaks a rule of its job.
    case refused
    /// An item whose epoch is in the future.
    case early
    /// An item that refers to another one which is not here, or is not valid.
    case missing(kind: String, id: Digest)
    /// Another statement of the same signer for the same slot, in the item of that id.
    case contradiction(StatementKind, signer: Digest, other: ItemID)
    /// The same item stands before.
    case repeated
    /// It belongs before what stands before it.
    case outOfOrder
    /// An element where none of its kind may stand.
    case outOfPlace
    /// The file does not begin with a header.
    case noHeader
    /// The header is not that of the network that was asked for.
    case unexpectedNetwork(NetworkID)
    /// The header's network is not that of the manifests.
    case wrongNetwork(manifests: NetworkID)
    /// The header's epoch is in the future.
    case futureEpoch(UInt64)
    /// The header states another number of items than there are.
    case wrongCount(stated: UInt64, found: UInt64)
    /// The file has no end.
    case noEnd
    /// The hash is not that of the bytes before it.
    case wrongHash
    /// The line, nil when there is none, is not what follows from the items, nil for nothing.
    case wrongLine(stated: ExportLine?, found: ExportLine?)
}

extension AuditProblem {
    /// A name that does not change: what programs go by, and what the manual explains.
    package var name: String {
        switch self {
        case .unreadable: "unreadable"
        case .wrongSignature: "wrong-signature"
        case .unverified: "unverified"
        case .unproven: "unproven"
        case .opensNothing: "opens-nothing"
        case .refused: "refused"
        case .early: "early"
        case .missing: "missing"
        case .contradiction: "contradiction"
        case .repeated: "repeated"
        case .outOfOrder: "out-of-order"
        case .outOfPlace: "out-of-place"
        case .noHeader: "no-header"
        case .unexpectedNetwork, .wrongNetwork: "wrong-network"
        case .futureEpoch: "future-epoch"
        case .wrongCount: "wrong-count"
        case .noEnd: "no-end"
        case .wrongHash: "wrong-hash"
        case .wrongLine: "wrong-line"
        }
    }

    package var description: String {
        switch self {
        case .unreadable(let reason, let byteCount, let isRest):
            "\(byteCount) bytes cannot be read"
                + "\(isRest ? ", nor anything after them" : ""): \(reason)"
        case .wrongSignature(let kind, let signer):
            "the signature of the \(kind.name) of \(short(signer)) is wrong"
        case .unverified(let error): words(for: error)
        case .unproven(let error): "it proves nothing: \(words(for: error))"
        case .opensNothing(let unit):
            "its core for unit \(unit) makes no digest of the certificate"
        case .refused: "it does not fit its job: another project, unit or epoch"
        case .early: "its epoch is in the future"
        case .missing(let kind, let id): "its \(kind) \(short(id)) is not here, or is not valid"
        case .contradiction(let kind, let signer, let other):
            "\(short(signer)) signed another \(kind.name) for the same slot, in item \(other.short)"
        case .repeated: "it stands here for a second time"
        case .outOfOrder: "it belongs before what stands before it"
        case .outOfPlace: "it does not belong here"
        case .noHeader: "the file does not begin with the header of an export"
        case .unexpectedNetwork(let network): "it is an export of network \(network.short)"
        case .wrongNetwork(let manifests):
            "it names another network than the manifests, which are of \(manifests.short)"
        case .futureEpoch(let epoch): "its epoch \(epoch) is in the future"
        case .wrongCount(let stated, let found): "it states \(stated) items, and there are \(found)"
        case .noEnd: "the file was cut off: it has no end"
        case .wrongHash: "the file was changed after it was written: its hash is another"
        case .wrongLine(let stated, let found):
            "the export states \(words(for: stated)), and its items give \(words(for: found))"
        }
    }
}

private func short(_ digest: Digest) -> String { ItemID(digest).short }

private func words(for line: ExportLine?) -> String {
    guard let line else { return "nothing" }
    return "\(line.operations) operations with \(line.won) results won and \(line.lost) lost"
}

private func words(for error: VerificationError) -> String {
    switch error {
    case .badSignature(let kind): "the signature of a \(kind.name) is wrong"
    case .badBeacon: "the signature of a beacon is wrong"
    case .badBinding: "the signature of its CURVE key is wrong"
    case .badConsent: "the peer that it adopts has not agreed"
    case .badSuccessor: "the old key foresaw another one"
    case .otherNetwork: "it is for another network"
    case .badChunk: "a chunk does not lead to its root"
    }
}

private func words(for error: CertificateError) -> String {
    switch error {
    case .otherJob: "it is for another job"
    case .unitOutOfRange(let unit): "the job has no unit \(unit)"
    case .severalShards: "its units lie in several shards"
    case .malformedSet(let index): "seats, members or entries of its set \(index) are not in order"
    case .ticketNotAdmitted(let worker):
        "the ticket of \(worker.short) is not admitted to its seat"
    case .epochOutOfRange(let epoch): "its epoch \(epoch) is not one of the job's"
    case .notWon(let unit): "nobody won unit \(unit)"
    case .wrongRuling(let unit): "its ruling on unit \(unit) is not the project's, or not its core"
    case .tooManyOperations(let unit): "unit \(unit) takes more operations than the job allows"
    case .wrongKind: "its kind of vote does not go with the job's policy"
    }
}
