package import Primitives
import Wire

/// A bundle that this peer has leased, for people.
package struct BundleView: Hashable, Sendable {
    /// How far it is.
    package enum Stage: Hashable, Sendable {
        /// The peer works out which chunks it needs.
        case preparing
        /// Chunks are on their way.
        case fetching
        /// Its units are being computed.
        case running
        /// It is computed, and the promise is being signed.
        case sealed
        /// The promise is out, and the other workers of the round are waited for.
        case waiting
        /// The result is being signed.
        case revealing
        /// The result is out, and the certificate is waited for.
        case revealed
    }

    /// The job.
    package let manifest: ManifestID
    /// Who leased it.
    package let steward: PeerID
    /// The steward's number for its round.
    package let round: UInt32
    /// Its units, ascending.
    package let units: [UInt32]
    /// How far it is.
    package let stage: Stage
    /// When the steward gives the seat to somebody else, unless the bundle is computed by then.
    package let leaseEnd: Instant

    /// Whether it takes one of the worker's places.
    package var isBusy: Bool {
        switch stage {
        case .preparing, .fetching, .running: true
        case .sealed, .waiting, .revealing, .revealed: false
        }
    }
}

extension Worker {
    /// The bundles that are leased, by job, steward and round.
    package var bundleViews: [BundleView] {
        bundles.map { key, bundle in
            BundleView(
                manifest: key.manifest,
                steward: key.steward,
                round: key.round.number,
                units: bundle.lease.units,
                stage: bundle.stage,
                leaseEnd: bundle.end
            )
        }
    }
}

extension Worker {
    /// Hashes of the results that its work on the jobs which `isMeant` picks refers to.
    package func resultHashes(where isMeant: (ManifestID) -> Bool) -> [Digest] {
        var cores = sealed.compactMap { unit, core in isMeant(unit.manifest) ? core : nil }
        for (key, bundle) in bundles where isMeant(key.manifest) { cores += bundle.cores }
        for each in unopened.values where isMeant(each.opening.manifest) {
            cores += each.opening.cores.map(\.core)
        }
        return cores.map(\.resultHash)
    }
}

extension Bundle {
    fileprivate var stage: BundleView.Stage {
        switch state {
        case .preparing: .preparing
        case .fetching: .fetching
        case .running: .running
        case .sealed: .sealed
        case .waiting: .waiting
        case .revealing: .revealing
        case .done: .revealed
        }
    }
}
