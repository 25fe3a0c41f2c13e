import Ledger
package import Primitives
import TestSupport
package import Wire

/// The offline check of certificates, against a steward that says what it likes.
///
/// The attacker holds the key of one steward, and may vote with it, too. It takes what honest
/// workers, another steward and the project have signed, in this job and in others, changes it as
/// the input says, and signs again whatever is its own to sign. It may leave things out, since
/// nobody can prove that a steward has seen them. What the signatures and ``CertificateCheck`` then
/// let pass must still be true:
///
/// 1. Whoever else is named in it has said that very thing, in that round, among those members.
/// 2. Its rulings are the project's.
/// 3. A quorum or panel has the core that honest workers found: one liar and the attacker are too
///    few. A single or an audit has its worker's word and proves no more.
/// 4. No ledger that takes it names anybody a culprit but the attacker, holds the lie for the
///    truth, pays whoever has stated nothing, or takes an honest worker for a loser.
package enum CertificateFuzz {
    /// Certificates that one input may make; they stand in one ledger.
    private static let certificatesMax = 3

    static func violations(of input: Bytes) -> [String] {
        var choices = Choices(input)
        let scene = choices.pick(CertificateScene.all)
        var forger = CertificateForger(scene)
        var ledger = choices.oneIn(2) ? scene.fullLedger : scene.emptyLedger
        var violations: [String] = []
        for _ in 0..<certificatesMax where violations.isEmpty {
            if let signed = forger.next(&choices), passes(signed, in: scene) {
                violations += falsehoods(in: signed.body, of: scene)
                insert(.certificate(signed), into: &ledger)
                insert(.opening(scene.grid.opening(of: signed)), into: &ledger)
                violations += contradictions(of: signed, in: &ledger)
            }
            if choices.isAtEnd { break }
        }
        return violations + consequences(in: ledger, of: scene)
    }

    /// The honest certificates, and some that were changed.
    static var seeds: [Bytes] {
        CertificateScene.all.indices.flatMap { scene -> [Bytes] in
            let count = CertificateScene.all[scene].certificates.count
            return (0..<count).flatMap { index -> [Bytes] in
                let begin: Bytes = [UInt8(scene), 1, UInt8(index)]
                return [begin + [0, 0]]
                    + (0..<CertificateForger.editCount).map { begin + [1, UInt8($0), 0, 1, 2, 3] }
            }
        }
    }

    /// The certificates that `input` makes: how many there are, and how many of them pass.
    package static func tally(of input: Bytes) -> (made: Int, passed: Int) {
        var choices = Choices(input)
        let scene = choices.pick(CertificateScene.all)
        var forger = CertificateForger(scene)
        _ = choices.oneIn(2)
        let made = (0..<certificatesMax).compactMap { _ in forger.next(&choices) }
        return (made.count, made.count { passes($0, in: scene) })
    }

    private static func passes(_ signed: Signed<Certificate>, in scene: CertificateScene) -> Bool {
        scene.grid.complaint(about: signed) == nil
    }

    private static func insert(_ item: Item, into ledger: inout CreditLedger) {
        _ = ledger.insert(item.verifiedHere, epoch: TestGrid.epoch, at: .zero)
    }

    // MARK: - One certificate

    /// What `certificate` says that nobody has said, or that its votes do not bear out.
    package static func falsehoods(
        in certificate: Certificate,
        of scene: CertificateScene
    ) -> [String] {
        var violations: [String] = []
        for fact in CertificateFact.all(in: certificate)
        where fact.worker != CertificateScene.attacker && !scene.facts.contains(fact) {
            violations.append("\(fact.worker.short) has never said this: \(fact)")
        }
        for ruling in certificate.rulings where !scene.rulings.contains(ruling) {
            violations.append("the project has never said this: \(ruling)")
        }
        for set in certificate.sets where set.seatCount > 1 && set.signature == nil {
            violations.append("a set of several seats is not signed")
        }
        for unit in certificate.units {
            let variant = certifiedVariant(of: unit, by: certificate, trust: .standard)
            guard certificate.vote != .single, certificate.vote != .audit, variant != 0 else {
                continue
            }
            let finding = variant.map { "variant \($0)" } ?? "nothing"
            violations.append("\(certificate.vote) certifies \(finding) for unit \(unit)")
        }
        return violations
    }

    /// Which core the votes on `unit` make true, counted by hand; nil for none that is known.
    private static func certifiedVariant(
        of unit: UInt32,
        by certificate: Certificate,
        trust: Trust
    ) -> UInt64? {
        if certificate.vote == .ruling {
            return certificate.rulings.first { $0.unit == unit }
                .flatMap { ruling in
                    variants.first { TestGrid.core(unit, variant: $0) == ruling.core }
                }
        }
        var said: [UInt64?: Set<PeerID>] = [:]
        for ballot in Ballot.all(on: unit, in: certificate) {
            let variant = variants.first {
                ballot.isOpened(by: TestGrid.core(unit, variant: $0), unit: unit)
            }
            said[variant, default: []].insert(ballot.worker)
        }
        let counts = said.map { (variant: $0.key, count: $0.value.count) }
            .sorted { $0.count > $1.count }
        guard let first = counts.first else { return nil }
        let lead = first.count - (counts.dropFirst().first?.count ?? 0)
        let needed = certificate.vote == .panel ? trust.panelMargin : 2
        return lead >= needed ? first.variant : nil
    }

    private static let variants: [UInt64] = [0, CertificateScene.lie, 2]

    // MARK: - The ledger

    /// Takes in what the certificate proves of who has said two things, as a peer would.
    private static func contradictions(
        of signed: Signed<Certificate>,
        in ledger: inout CreditLedger
    ) -> [String] {
        guard ledger.contains(signed.id) else { return [] }
        let faults = ledger.contradictions(of: signed)
        for fault in faults { insert(.fault(fault), into: &ledger) }
        return faults.filter { $0.culprit != CertificateScene.attacker }
            .map { "\($0.culprit.short) is taken for a culprit" }
    }

    /// What a ledger makes of it all that is wrong.
    private static func consequences(
        in ledger: CreditLedger,
        of scene: CertificateScene
    ) -> [String] {
        var violations: [String] = []
        let id = scene.id
        let policy = scene.grid.manifest.policy
        for unit in ledger.certifiedUnits(of: id) where policy == .strict {
            let core = ledger.verdict(on: unit, of: id).core
            if let core, core != TestGrid.core(unit) {
                violations.append("the ledger takes \(core) for the truth about unit \(unit)")
            }
        }
        let speakers = Set(scene.facts.map(\.worker))
        let boards = ledger.boards(epoch: TestGrid.epoch, at: .zero, settle: .zero)
        for row in boards.hosts where row.peer != CertificateScene.attacker {
            if !speakers.contains(row.peer) {
                violations.append("\(row.peer.short) stands on the board and has said nothing")
            }
            let isHonest = row.peer != CertificateScene.liar
            if isHonest, row.lost > 0, policy == .strict {
                violations.append("\(row.peer.short) lost \(row.lost) votes by the truth")
            }
        }
        return violations
    }
}
