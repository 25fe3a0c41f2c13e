package import Primitives

/// One worker's digest of one unit, as a certificate holds it.
package struct Ballot: Hashable, Sendable {
    /// Who.
    package let worker: PeerID
    /// The job.
    package let manifest: ManifestID
    /// Index of its set.
    package let set: Int
    /// The steward whose round it was.
    package let steward: PeerID
    /// The round.
    package let round: UInt32
    /// What was revealed.
    package let digest: Digest
    /// The operations that the worker states.
    package let operations: UInt64

    /// Every ballot on `unit` in `certificate`.
    package static func all(on unit: UInt32, in certificate: Certificate) -> [Ballot] {
        certificate.entries.compactMap { entry in
            let set = certificate.sets[Int(entry.set)]
            guard let offset = set.units.firstIndex(of: unit) else { return nil }
            return Ballot(
                worker: entry.worker,
                manifest: certificate.manifest,
                set: Int(entry.set),
                steward: set.steward,
                round: set.round,
                digest: entry.digests[offset],
                operations: entry.operations[offset]
            )
        }
    }

    /// Whether `core` makes this digest.
    package func isOpened(by core: Core, unit: UInt32) -> Bool {
        core.operations == operations
            && core.digest(manifest: manifest, steward: steward, round: round, unit: unit)
                == digest
    }
}
