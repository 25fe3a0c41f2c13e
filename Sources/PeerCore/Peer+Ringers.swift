import Ledger
import Primitives
import Wire
import WorkUnits

/// Ringers: the submitter finds some units' results out by itself, and holds what is certified
/// against them. Where that differs it computes the unit once more, lest its own machine erred, and
/// rules.
extension Peer {
    /// An own job is to have `count` ringers.
    mutating func plant(_ count: UInt32, in id: ManifestID, into out: inout Outbox) {
        guard mayCompute(id), let job = job(id) else { return }
        ringers.plant(count, in: job, secret: secret, into: &out)
    }

    /// Begins with the next ringer, if there is one and nothing else is found out.
    mutating func startRinger(into out: inout Outbox) {
        let jobs = ringers.waitingJobs.filter { mayCompute($0) }
        guard !jobs.isEmpty else { return }
        let order = ringers.next(of: jobs, number: { worker.takeOrderNumber() })
        if let order { out.append(.startWork(order)) }
    }

    /// Compares all ringers again: the machine may have been down, or in trouble.
    mutating func compareRingers(at now: Instant, into out: inout Outbox) {
        for id in ledger.manifests.keys where ownManifest(id) != nil {
            for unit in ringers.units(of: id) {
                let name = CreditLedger.UnitName(manifest: id, unit: unit)
                compareRinger(name, at: now, into: &out)
            }
        }
    }

    private func mayCompute(_ id: ManifestID) -> Bool {
        guard let manifest = ownManifest(id) else { return false }
        return !isReleased(id) && !ledger.isCancelled(id) && holdsDataset(manifest.datasetRoot)
    }

    /// What `order` asked for is computed.
    mutating func foundOut(
        _ order: UInt64,
        _ cores: [Core],
        at now: Instant,
        into out: inout Outbox
    ) {
        guard let id = ringers.job(of: order),
            let unit = ringers.finished(order, cores: cores, into: &out)
        else { return }
        let name = CreditLedger.UnitName(manifest: id, unit: unit)
        compareRinger(name, at: now, into: &out)
    }

    /// Holds what is certified of a unit against what this peer has found out, if it has.
    mutating func compareRinger(
        _ name: CreditLedger.UnitName,
        at now: Instant,
        into out: inout Outbox
    ) {
        guard state(ofRinger: name.unit, name.manifest) == .differs,
            ledger.ruling(on: name.unit, of: name.manifest) == nil,
            let job = job(name.manifest)
        else { return }
        let rulings = submitter.held(
            UnitList(manifest: name.manifest, units: [name.unit]),
            of: job,
            number: { worker.takeOrderNumber() },
            vault: vault,
            into: &out
        )
        for ruling in rulings { publish(.ruling(ruling), at: now, into: &out) }
    }

    /// Where a ringer stands.
    func state(ofRinger unit: UInt32, _ id: ManifestID) -> RingerState {
        let core = ringers.core(of: unit, in: id)
        let said = ledger.verdict(on: unit, of: id).core
        if let core, said == core { return .agrees }
        guard mayCompute(id), !ringers.hasFailed(unit, of: id) else { return .failed }
        guard core != nil else { return .unknown }
        return said == nil ? .open : .differs
    }
}

/// Where a ringer stands.
package enum RingerState: Hashable, Sendable {
    /// Its answer is not known yet.
    case unknown
    /// It could not be computed here, or its data is gone.
    case failed
    /// Its answer is known, and what is certified is not.
    case open
    /// What is certified is what this peer has found out.
    case agrees
    /// It is something else.
    case differs
}

/// How many ringers of a job there are, by where they stand.
package struct RingerCounts: Hashable, Sendable {
    /// All that were planted.
    package private(set) var planted: UInt32 = 0
    /// Those of which the same is certified.
    package private(set) var agreed: UInt32 = 0
    /// Those that could not be computed here, or not any more.
    package private(set) var failed: UInt32 = 0

    /// None.
    package init() {}

    /// Those that are not compared yet, or on which the submitter rules.
    package var open: UInt32 { planted - agreed - failed }

    mutating func count(_ state: RingerState) {
        planted += 1
        switch state {
        case .agrees: agreed += 1
        case .failed: failed += 1
        case .unknown, .open, .differs: break
        }
    }
}
