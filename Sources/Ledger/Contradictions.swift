import Primitives
package import Wire

/// What two certificates prove together: that somebody signed two statements for one slot.
///
/// Only certificates that have a unit of their rounds in common are compared, since slots are for
/// units: most units have one certificate.
extension CreditLedger {
    /// What the certificate `signed`, which the ledger holds, proves with others, or alone: one
    /// FAULT for each culprit of whom nothing is proven in this job yet.
    package func contradictions(of signed: Signed<Certificate>) -> [Fault] {
        let manifest = signed.body.manifest
        guard let job = entry(manifest) else { return [] }
        var others: [ItemID] = []
        for unit in distinct(signed.body.units + signed.body.roundUnits) {
            others += job.units[unit]?.certificates ?? []
            others += job.mentions[unit] ?? []
        }
        let compared = distinct(others)
        // Most units have one certificate, of one round.
        guard compared.count > 1 || signed.body.sets.count > 1 else { return [] }
        var faults: [Fault] = []
        for other in compared {
            guard case .certificate(let other)? = item(other) else { continue }
            for fault in Self.contradictions(signed, other)
            where !culprits.contains(fault.culprit, in: manifest)
                && !faults.contains(where: { $0.culprit == fault.culprit })
            {
                faults.append(fault)
            }
        }
        return faults
    }

    /// What two certificates prove, or one alone.
    private static func contradictions(
        _ left: Signed<Certificate>,
        _ right: Signed<Certificate>
    ) -> [Fault] {
        var faults: [Fault] = []
        if let pair = Contradiction(left, right) { faults.append(Fault(.certificates(pair))) }
        for (leftIndex, leftSet) in left.body.sets.enumerated() {
            for (rightIndex, rightSet) in right.body.sets.enumerated()
            where leftSet.steward == rightSet.steward && leftSet.round == rightSet.round {
                // Of a certificate with itself, each two rounds once.
                guard left.id != right.id || leftIndex < rightIndex else { continue }
                faults += contradictions(
                    Part(left.body, leftIndex),
                    Part(right.body, rightIndex)
                )
            }
        }
        return faults
    }

    /// One round in a certificate.
    private struct Part {
        let certificate: Certificate
        let index: Int
        let set: CommitSet

        init(_ certificate: Certificate, _ index: Int) {
            self.certificate = certificate
            self.index = index
            set = certificate.commitSet(at: index)
        }

        var signedSet: Signed<CommitSet>? {
            certificate.sets[index].signature.map { Signed(set, signature: $0) }
        }

        var results: [Signed<ResultStatement>] {
            let hash = set.hash
            return certificate.entries.filter { Int($0.set) == index }.map { entry in
                let result = certificate.result(of: entry, setHash: hash)
                return Signed(result, signature: entry.signature)
            }
        }
    }

    /// What two rounds of one number of one steward prove.
    private static func contradictions(_ left: Part, _ right: Part) -> [Fault] {
        guard left.set != right.set else { return [] }
        var faults: [Fault] = []
        if let first = left.signedSet, let second = right.signedSet,
            let pair = Contradiction(first, second)
        {
            faults.append(Fault(.commitSets(pair)))
        }
        let others = right.results
        for result in left.results {
            for other in others where other.body.worker == result.body.worker {
                guard let pair = Contradiction(result, other) else { continue }
                faults.append(Fault(.results(pair)))
            }
        }
        return faults
    }
}

extension Certificate {
    /// The units of all its rounds, certified or not, ascending.
    var roundUnits: [UInt32] { distinct(sets.flatMap(\.units)) }
}
