import Identity
import Ledger
import Primitives
import Wire

/// Judges the items of one group of an index: signatures, rules, slots, and what they are worth.
struct AuditGroup {
    /// What came out.
    struct Outcome: Sendable {
        /// What is wrong.
        var findings = AuditFindings()
        /// The items that are valid, with their epochs.
        var accepted: [(index: Int, epoch: UInt64)] = []
        /// The signatures that were checked.
        var signatures = 0
        /// The certificates that are valid.
        var certificates = 0
        /// Who is proven to have said two things.
        var culprits: [AuditReport.Culprit] = []
        /// Units by verdict.
        var units = AuditReport.Units()
        /// The credit of the group, by the keys that signed the results.
        var rows: [BoardRow] = []
        /// The jobs whose manifests are valid.
        var manifests = SortedTable<ManifestID, Signed<Manifest>>()
        /// What keys took over from others, and whom projects name, as far as group 0 says it: it
        /// counts in every job.
        var common = CreditLedger()
    }

    private let source: AuditSource
    private let index: AuditIndex
    private let network: NetworkID
    private let epoch: UInt64
    private var ledger: CreditLedger
    private var outcome = Outcome()
    /// Items whose reference has not been met.
    private var waiting: [ItemID: Int] = [:]
    /// Who filled a slot, and by which item.
    private var slots: [Slot: Filling] = [:]

    private struct Filling {
        let statement: ItemID
        let item: ItemID
    }

    /// A judge of items of `network`, with `epoch` as the present one; `manifest` is the job's,
    /// and `common` what counts in every job.
    init(
        _ source: AuditSource,
        _ index: AuditIndex,
        network: NetworkID,
        epoch: UInt64,
        manifest: Signed<Manifest>? = nil,
        common: CreditLedger = CreditLedger()
    ) {
        self.source = source
        self.index = index
        self.network = network
        self.epoch = epoch
        ledger = common
        guard let manifest else { return }
        // It was checked with group 0.
        let item = Item.manifest(manifest).verifiedHere
        _ = ledger.insert(item, epoch: epoch, at: .zero)
    }

    /// Judges the group `number`; fails only when the items cannot be read again.
    consuming func judge(_ number: Int) throws -> Outcome {
        for member in index.members(of: number) { try take(Int(member)) }
        for position in waiting.values.sorted() {
            let item = try source.item(of: index.records[position])
            find(.missing(kind: item.need.name, id: item.need.id), in: item, at: position)
        }
        for (key, item) in ledger.items where number == 0 || item.manifest != nil {
            // The job's manifest is counted where it was judged.
            guard let position = index.index(of: key.id),
                index.records[position].group == number
            else { continue }
            outcome.accepted.append((position, key.epoch))
            guard case .fault(let fault) = item else { continue }
            outcome.culprits.append(
                AuditReport.Culprit(
                    peer: fault.culprit,
                    job: fault.manifest,
                    fault: fault.id,
                    statement: fault.kind
                )
            )
        }
        for manifest in ledger.manifests.keys { countUnits(of: manifest) }
        outcome.rows = ledger.boards(epoch: epoch, at: .zero, settle: .zero).hosts
        outcome.manifests = ledger.manifests
        if number == 0 { outcome.common = common }
        return outcome
    }

    /// What the group says of keys and anchors.
    private var common: CreditLedger {
        var common = CreditLedger()
        for item in ledger.items.values {
            switch item {
            case .revoke, .anchor, .fault:
                _ = common.insert(item.verifiedHere, epoch: epoch, at: .zero)
            case .manifest, .certificate, .opening, .ruling, .cancel, .hold, .device: break
            }
        }
        return common
    }

    private mutating func take(_ position: Int) throws {
        let item = try source.item(of: index.records[position])
        let statements = item.statements
        outcome.signatures += statements.count
        let checked: Verified<Item>
        do throws(VerificationError) {
            checked = try verified(item, in: network)
        } catch {
            find(problem(error, among: statements), in: item, at: position)
            return
        }
        note(statements, of: item, at: position)
        switch ledger.insert(checked, epoch: epoch, at: .zero) {
        case .accepted(let others):
            count(item)
            for other in others {
                waiting[other.id] = nil
                count(other)
            }
        case .waiting: waiting[item.id] = position
        case .early: find(.early, in: item, at: position)
        case .refused: find(refusal(of: item), in: item, at: position)
        case .known: find(.repeated, in: item, at: position)
        }
    }

    private mutating func count(_ item: Item) {
        if case .certificate = item { outcome.certificates += 1 }
    }

    /// Names the statement whose signature is wrong, which may be inside another one.
    private func problem(
        _ error: VerificationError,
        among statements: [AnyStatement]
    ) -> AuditProblem {
        guard case .badSignature = error else { return .unverified(error) }
        let wrong = statements.first { statement in
            let bytes = statement.signedBytes(in: network)
            return !verify(signature: statement.signature, message: bytes, key: statement.signer)
        }
        guard let wrong else { return .unverified(error) }
        return .wrongSignature(wrong.kind, signer: wrong.signer)
    }

    /// Finds statements that fill a slot which another one of the group has filled, unless the
    /// ledger says so itself.
    private mutating func note(_ statements: [AnyStatement], of item: Item, at position: Int) {
        if case .fault = item { return }
        for statement in statements {
            var other: ItemID?
            for slot in statement.slots {
                if let filling = slots[slot] {
                    if filling.statement != statement.id { other = filling.item }
                } else {
                    slots[slot] = Filling(statement: statement.id, item: item.id)
                }
            }
            guard let other, !isProven(statement, of: item) else { continue }
            let problem = AuditProblem.contradiction(
                statement.kind,
                signer: statement.signer,
                other: other
            )
            find(problem, in: item, at: position)
        }
    }

    /// Whether a FAULT says that the signer of a statement said two things in the job of `item`.
    private func isProven(_ statement: AnyStatement, of item: Item) -> Bool {
        guard let manifest = item.manifest else { return false }
        return ledger.culprits.contains(PeerID(statement.signer), in: manifest)
    }

    /// Why the ledger does not take an item whose references are there.
    private func refusal(of item: Item) -> AuditProblem {
        switch item {
        case .certificate(let signed):
            guard let manifest = ledger.manifest(signed.body.manifest) else { return .refused }
            let check = CertificateCheck(
                signed.body,
                manifest: manifest.body,
                id: signed.body.manifest
            )
            do throws(CertificateError) {
                try check.run(latestEpoch: saturatingSum(epoch, Limits.epochSkew))
                return .refused
            } catch {
                return .unproven(error)
            }
        case .opening(let opening):
            guard case .certificate(let signed)? = ledger.item(opening.certificate) else {
                return .refused
            }
            let wrong = opening.cores.first { each in
                !signed.body.units.contains(each.unit)
                    || !Ballot.all(on: each.unit, in: signed.body)
                        .contains { $0.isOpened(by: each.core, unit: each.unit) }
            }
            return wrong.map { .opensNothing(unit: $0.unit) } ?? .refused
        default:
            return .refused
        }
    }

    private mutating func countUnits(of manifest: ManifestID) {
        for unit in ledger.certifiedUnits(of: manifest) {
            switch ledger.verdict(on: unit, of: manifest) {
            case .open: break
            case .sealed: outcome.units.sealed += 1
            case .disputed: outcome.units.disputed += 1
            case .certified: outcome.units.certified += 1
            }
        }
    }

    private mutating func find(_ problem: AuditProblem, in item: Item, at position: Int) {
        let offset = source.offset(of: index.records[position])
        outcome.findings.add(problem, in: AuditSubject(item), at: offset)
    }
}

extension Item {
    /// The item that must be there before this one is worth anything.
    fileprivate var need: (name: String, id: Digest) {
        if case .opening(let opening) = self {
            return (StatementKind.certificate.name, opening.certificate.digest)
        }
        return (StatementKind.manifest.name, manifest?.digest ?? .zero)
    }
}
