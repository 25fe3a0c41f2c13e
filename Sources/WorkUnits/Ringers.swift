package import Primitives
package import Wire

/// Units of own jobs whose results the submitter finds out by itself, and tells nobody: what their
/// votes come to is held against that.
///
/// Which units they are follows from a secret and is drawn only when somebody asks for it, so no
/// coalition can know where a lie is safe. They are computed one after another.
/// - Source: P. Golle, I. Mironov, "Uncheatable Distributed Computations", CT-RSA 2001.
package struct Ringers: Sendable {
    private enum State: Sendable {
        case waiting
        case computing
        case failed
        case known(Core)

        var core: Core? { if case .known(let core) = self { core } else { nil } }
    }

    private var states = SortedTable<UnitKey, State>()
    /// Those that are to be computed.
    private var waiting = SortedTable<UnitKey, Bool>()
    /// What is being computed, and by which order.
    private var running: (name: UnitKey, order: UInt64)?

    /// No ringers.
    package init() {}

    // MARK: - Planting

    /// Draws units of `job` until it has `count` ringers, or all its units are.
    package mutating func plant(
        _ count: UInt32,
        in job: Job,
        secret: Bytes,
        into out: inout Outbox
    ) {
        let unitCount = job.manifest.unitCount
        var planted = UInt32(units(of: job.id).count)
        while planted < min(count, unitCount) {
            let draw = taggedHash("starling/ringer/1", count: 3) { encoder in
                encoder.byteString(secret)
                encoder.identifier(job.id)
                encoder.unsigned(UInt64(planted))
            }.prefix
            var name = UnitKey(manifest: job.id, unit: UInt32(draw % UInt64(unitCount)))
            while states.contains(name) {
                name = UnitKey(manifest: job.id, unit: (name.unit + 1) % unitCount)
            }
            set(.waiting, for: name)
            out.append(.persist(row(of: name, core: nil)))
            planted += 1
        }
    }

    /// The order for the next ringer of one of `jobs`, if one waits and none is being computed.
    package mutating func next(of jobs: [ManifestID], number: () -> UInt64) -> WorkOrder? {
        guard running == nil, let name = waiting.keys.first(where: { jobs.contains($0.manifest) })
        else { return nil }
        let order = number()
        running = (name, order)
        set(.computing, for: name)
        return WorkOrder(
            number: order,
            manifest: name.manifest,
            units: [name.unit],
            wantsReference: true
        )
    }

    /// The jobs of which `next` may have something to say, ascending.
    package var waitingJobs: [ManifestID] {
        running == nil ? distinct(waiting.keys.map(\.manifest)) : []
    }

    /// The job of an order for a ringer.
    package func job(of order: UInt64) -> ManifestID? {
        running?.order == order ? running?.name.manifest : nil
    }

    /// The driver has computed what `order` asked for; the unit, for which the core is known now.
    package mutating func finished(
        _ order: UInt64,
        cores: [Core],
        into out: inout Outbox
    ) -> UInt32? {
        guard let running, running.order == order, cores.count == 1 else { return nil }
        self.running = nil
        know(cores[0], of: running.name, into: &out)
        return running.name.unit
    }

    /// The driver cannot compute it: it is not tried again before the next start.
    package mutating func failed(_ order: UInt64) {
        guard let running, running.order == order else { return }
        self.running = nil
        set(.failed, for: running.name)
    }

    /// The submitter has computed a unit anew, and ruled: that is the answer.
    package mutating func ruled(_ ruling: Ruling, into out: inout Outbox) {
        let name = UnitKey(manifest: ruling.manifest, unit: ruling.unit)
        guard states.contains(name), states[name]?.core != ruling.core else { return }
        if running?.name == name { running = nil }
        know(ruling.core, of: name, into: &out)
    }

    /// A job is over: its ringers are forgotten.
    package mutating func ended(_ manifest: ManifestID, into out: inout Outbox) {
        for unit in units(of: manifest) {
            let name = UnitKey(manifest: manifest, unit: unit)
            if let running, running.name == name {
                out.append(.stopWork(running.order))
                self.running = nil
            }
            states.remove(name)
            waiting.remove(name)
            out.append(.persist(JournalRow(.ringers, key: name.rowKey, value: nil)))
        }
    }

    private mutating func know(_ core: Core, of name: UnitKey, into out: inout Outbox) {
        set(.known(core), for: name)
        out.append(.persist(row(of: name, core: core)))
    }

    private mutating func set(_ state: State, for name: UnitKey) {
        states[name] = state
        if case .waiting = state { waiting[name] = true } else { waiting.remove(name) }
    }

    // MARK: - Rows

    private func row(of name: UnitKey, core: Core?) -> JournalRow {
        var unknown = CBOREncoder()
        unknown.null()
        return JournalRow(.ringers, key: name.rowKey, value: core?.rowValue ?? unknown.bytes)
    }

    /// Puts back a row that the journal kept.
    package mutating func restore(_ row: JournalRow) throws(DecodeError) {
        guard row.table == .ringers, let value = row.value else { return }
        var decoder = CBORDecoder(value)
        var state = State.waiting
        if try decoder.null() {
            try decoder.finish()
        } else {
            state = .known(try Core(rowValue: value))
        }
        set(state, for: try UnitKey(rowKey: row.key))
    }

    // MARK: - Queries

    /// The ringers of a job, ascending.
    package func units(of manifest: ManifestID) -> [UInt32] {
        let first = UnitKey(manifest: manifest, unit: 0)
        return states.keys[states.lowerBound(first)...]
            .prefix { $0.manifest == manifest }.map(\.unit)
    }

    /// The answer to a unit, if it is a ringer and this peer has found it out.
    package func core(of unit: UInt32, in manifest: ManifestID) -> Core? {
        states[UnitKey(manifest: manifest, unit: unit)]?.core
    }

    /// Whether a unit is a ringer that this peer could not compute.
    package func hasFailed(_ unit: UInt32, of manifest: ManifestID) -> Bool {
        if case .failed? = states[UnitKey(manifest: manifest, unit: unit)] { true } else { false }
    }

    /// Hashes of the results that it has found out, of the jobs that `isMeant` picks.
    package func resultHashes(where isMeant: (ManifestID) -> Bool) -> [Digest] {
        states.compactMap { name, state in
            isMeant(name.manifest) ? state.core?.resultHash : nil
        }
    }
}
