package import Primitives
package import Wire

extension Worker {
    /// Everything is computed: make it durable, then promise.
    mutating func seal(
        _ key: BundleKey,
        at now: Instant,
        vault: inout Vault,
        into out: inout Outbox
    ) {
        bundles.update(key) { bundle in
            bundle.state = .sealed
            bundle.giveUp = bundle.end.advanced(
                by: TimeSpan.milliseconds(bundle.lease.commitMilliseconds)
                    .times(WorkLimits.patienceLeases)
            )
            bundle.resendAt = now.advanced(by: bundle.resendSpan)
        }
        guard let bundle = bundles[key] else { return }
        out.append(.persist(bundle.row))
        for (unit, core) in zip(bundle.lease.units, bundle.cores) {
            remember(core, of: UnitKey(manifest: key.manifest, unit: unit), into: &out)
        }
        commit(key, at: now, vault: &vault, into: &out)
    }

    private mutating func remember(_ core: Core, of unit: UnitKey, into out: inout Outbox) {
        guard sealed[unit] != core else { return }
        sealed[unit] = core
        out.append(.persist(JournalRow(.sealed, key: unit.rowKey, value: core.rowValue)))
    }

    private mutating func forget(_ unit: UnitKey, into out: inout Outbox) {
        guard sealed.remove(unit) != nil else { return }
        out.append(.persist(JournalRow(.sealed, key: unit.rowKey, value: nil)))
    }

    private mutating func commit(
        _ key: BundleKey,
        at now: Instant,
        vault: inout Vault,
        into out: inout Outbox
    ) {
        guard let bundle = bundles[key], bundle.state == .sealed else { return }
        let statement = bundle.commitStatement(worker: me, secret: secret)
        switch vault.sign(statement, by: .peer, into: &out) {
        case .requested: break
        case .signed(let signed): commitSigned(signed, at: now, vault: &vault, into: &out)
        case .taken:
            // The slot was filled for another bundle of this round: the steward repeats itself.
            drop(key, into: &out)
        }
    }

    /// COMMIT is signed and durable: send it, or go on to reveal where no set comes between.
    package mutating func commitSigned(
        _ signed: Signed<CommitStatement>,
        at now: Instant,
        vault: inout Vault,
        into out: inout Outbox
    ) {
        let key = self.key(
            signed.body.manifest,
            signed.body.steward,
            signed.body.round,
            signed.body.units
        )
        // The bundle that asked may be gone, and another one of its round stand in its place.
        guard let bundle = bundles[key], bundle.state == .sealed,
            bundle.lease.units == signed.body.units
        else { return }
        let isLone = bundle.lease.seatCount == 1
        bundles.update(key) { bundle in
            bundle.commit = signed
            bundle.state = .waiting
            bundle.resendAt = now.advanced(by: bundle.resendSpan)
        }
        if isLone {
            let set = bundle.loneSet(worker: me, commit: signed.body.commit)
            reveal(key, setHash: set.hash, at: now, vault: &vault, into: &out)
        } else {
            out.send(.commit(signed), to: key.steward)
        }
    }

    /// A steward closes a set; reveal if it is the one of the lease and holds this promise.
    package mutating func setClosed(
        _ signed: Signed<CommitSet>,
        epoch: UInt64,
        at now: Instant,
        vault: inout Vault,
        into out: inout Outbox
    ) {
        let set = signed.body
        let key = self.key(set.manifest, set.steward, set.round, set.units)
        guard let bundle = bundles[key] else { return }
        if let set = bundle.set, let pair = Contradiction(set, signed) {
            faults.append(Fault(.commitSets(pair)))
        }
        if bundle.state == .done {
            sendResult(key, at: now, into: &out)
            return
        }
        guard bundle.state == .waiting, let commit = bundle.commit,
            set.units == bundle.lease.units, isNear(set.epoch, epoch),
            set.seatCount == bundle.lease.seatCount, set.members.count == Int(set.seatCount),
            set.members.contains(where: { $0.worker == me && $0.commit == commit.body.commit })
        else { return }
        bundles.update(key) { $0.set = signed }
        reveal(key, setHash: set.hash, at: now, vault: &vault, into: &out)
    }

    private mutating func reveal(
        _ key: BundleKey,
        setHash: Digest,
        at now: Instant,
        vault: inout Vault,
        into out: inout Outbox
    ) {
        guard let bundle = bundles[key] else { return }
        bundles.update(key) { bundle in
            bundle.state = .revealing
            bundle.setHash = setHash
        }
        let statement = bundle.resultStatement(worker: me, secret: secret, setHash: setHash)
        switch vault.sign(statement, by: .peer, into: &out) {
        case .requested: break
        case .signed(let signed): resultSigned(signed, at: now, into: &out)
        case .taken:
            // Another set was revealed to in this round: a second RESULT would be equivocation.
            drop(key, into: &out)
        }
    }

    /// RESULT is signed and durable: send it.
    package mutating func resultSigned(
        _ signed: Signed<ResultStatement>,
        at now: Instant,
        into out: inout Outbox
    ) {
        let key = self.key(
            signed.body.manifest,
            signed.body.steward,
            signed.body.round,
            signed.body.units
        )
        guard let bundle = bundles[key], bundle.state == .revealing else { return }
        bundles.update(key) { bundle in
            bundle.result = signed
            bundle.state = .done
        }
        sendResult(key, at: now, into: &out)
    }

    private mutating func sendResult(
        _ key: BundleKey,
        at now: Instant,
        into out: inout Outbox
    ) {
        guard let bundle = bundles[key], let result = bundle.result else { return }
        let reveal = Reveal(
            result: result,
            cores: bundle.cores,
            commit: bundle.lease.seatCount == 1 ? bundle.commit : nil
        )
        out.send(.reveal(reveal), to: key.steward)
        bundles.update(key) { $0.resendAt = now.advanced(by: $0.resendSpan) }
    }

    /// The ledger has taken in a certificate: bundles that it settles are over.
    ///
    /// Cores are kept until the certificate is opened: its stewards may never come back.
    package mutating func certified(
        _ signed: Signed<Certificate>,
        isOpened: Bool,
        of job: Job,
        at now: Instant,
        into out: inout Outbox
    ) {
        let certificate = signed.body
        for key in bundles.keys where key.manifest == certificate.manifest {
            guard let bundle = bundles[key] else { continue }
            faults += Self.faults(of: certificate, against: bundle)
            let isSettled = certificate.entries.contains { entry in
                let set = certificate.sets[Int(entry.set)]
                return entry.worker == me && set.steward == key.steward
                    && set.round == key.round.number && set.units == bundle.lease.units
            }
            // Another steward's vote of one seat may be a look at this certificate.
            let isMeant = bundle.lease.seatCount > 1 || certificate.steward == key.steward
            let isCovered =
                isMeant && bundle.lease.units.allSatisfy { certificate.units.contains($0) }
            if isSettled || (isCovered && bundle.isBusy) { drop(key, into: &out) }
            // Each certificate lets a worker hold one bundle more: worth asking for at once.
            if isSettled { mayClaimAgain(bundle, at: now) }
        }
        if isOpened {
            opened(certificate.units, of: certificate.manifest, into: &out)
        } else if let opening = opening(of: signed), unopened.count < WorkLimits.unopenedMax {
            let span = job.leaseSpan(unitCount: certificate.units.count)
                .times(2 * WorkLimits.openingLeases)
            unopened[signed.id] = Unopened(opening: opening, publishAt: now.advanced(by: span))
        }
    }

    /// What a certificate proves of a steward that closed the round of `bundle` another time.
    private static func faults(of certificate: Certificate, against bundle: Bundle) -> [Fault] {
        guard let own = bundle.set else { return [] }
        return certificate.sets.indices.compactMap { index in
            guard let signature = certificate.sets[index].signature else { return nil }
            let other = Signed(certificate.commitSet(at: index), signature: signature)
            return Contradiction(own, other).map { Fault(.commitSets($0)) }
        }
    }

    /// What this worker has seen proven since the last call.
    package mutating func takeFaults() -> [Fault] {
        defer { faults.removeAll() }
        return faults
    }

    private mutating func mayClaimAgain(_ bundle: Bundle, at now: Instant) {
        let shard = bundle.lease.units[0] / Limits.unitsPerShard
        claims.update(ShardKey(manifest: bundle.lease.manifest, shard: shard)) { claim in
            if !claim.isOutstanding { claim.nextAttempt = min(claim.nextAttempt, now) }
        }
    }

    /// Certificates of `units` are opened: their cores are of no use any more.
    package mutating func opened(
        _ units: [UInt32],
        of manifest: ManifestID,
        into out: inout Outbox
    ) {
        for unit in units { forget(UnitKey(manifest: manifest, unit: unit), into: &out) }
        unopened.filter { _, each in
            each.opening.manifest != manifest
                || !each.opening.cores.contains { units.contains($0.unit) }
        }
    }

    /// The opening of a vote of one mind, if this worker computed all its units and found the same.
    private func opening(of signed: Signed<Certificate>) -> Opening? {
        let certificate = signed.body
        guard certificate.openings.isEmpty else { return nil }
        var cores: [UnitCore] = []
        for unit in certificate.units {
            guard let core = sealed[UnitKey(manifest: certificate.manifest, unit: unit)],
                let ballot = Ballot.all(on: unit, in: certificate).first,
                ballot.isOpened(by: core, unit: unit)
            else { return nil }
            cores.append(UnitCore(unit: unit, core: core))
        }
        return Opening(manifest: certificate.manifest, certificate: signed.id, cores: cores)
    }

    /// Openings that nobody else has published for a long time.
    package mutating func takeUnopened(at now: Instant) -> [Opening] {
        guard unopened.values.contains(where: { $0.publishAt <= now }) else { return [] }
        let due = unopened.values.filter { $0.publishAt <= now }.map(\.opening)
        for opening in due { unopened.remove(opening.certificate) }
        return due
    }

    /// The job is over: everything about it goes.
    package mutating func ended(_ manifest: ManifestID, into out: inout Outbox) {
        for key in bundles.keys where key.manifest == manifest { drop(key, into: &out) }
        for unit in sealed.keys where unit.manifest == manifest {
            forget(unit, into: &out)
        }
        unopened.filter { _, each in each.opening.manifest != manifest }
        claims.filter { key, _ in key.manifest != manifest }
    }

    /// There is a link to `steward`: what it may have forgotten, or never heard, is sent again.
    ///
    /// A steward that was away has kept the promises that it acted on, and no others.
    package mutating func linked(_ steward: PeerID, at now: Instant) {
        bundles.updateAll { key, bundle in
            if key.steward == steward, bundle.isSent { bundle.resendAt = now }
        }
    }

    /// A link is down: bundles whose data nobody who `isLinked` holds are given back at once.
    ///
    /// They may be claimed again, of whoever is the steward then.
    package mutating func unlinked(isLinked: (PeerID) -> Bool, into out: inout Outbox) {
        for key in bundles.keys {
            guard let bundle = bundles[key] else { continue }
            switch bundle.state {
            case .preparing, .fetching:
                let holders = bundle.lease.holders.filter { $0 != me }
                if !holders.isEmpty, !holders.contains(where: isLinked) { drop(key, into: &out) }
            case .running, .sealed, .waiting, .revealing, .done: break
            }
        }
    }

    /// Time has passed: send again what has had no answer, give up what nobody waits for.
    package mutating func tick(at now: Instant, vault: inout Vault, into out: inout Outbox) {
        for key in bundles.keys {
            guard let bundle = bundles[key] else { continue }
            if bundle.giveUp <= now {
                drop(key, into: &out)
                continue
            }
            guard let resendAt = bundle.resendAt, resendAt <= now else { continue }
            bundles.update(key) { $0.resendAt = now.advanced(by: $0.resendSpan) }
            if bundle.isSent, bundle.fruitlessAt <= now {
                let shard = bundle.lease.units[0] / Limits.unitsPerShard
                let place = ShardKey(manifest: key.manifest, shard: shard)
                fruitless.append((place, key.steward))
            }
            switch bundle.state {
            case .preparing, .running: break
            case .fetching:
                // Nobody sends the job's data: its place goes to other jobs for a while.
                refused[key.manifest] = now.advanced(by: WorkLimits.dataSpan)
                drop(key, into: &out)
            case .sealed: commit(key, at: now, vault: &vault, into: &out)
            case .waiting:
                if let commit = bundle.commit { out.send(.commit(commit), to: key.steward) }
            case .revealing: break
            case .done: sendResult(key, at: now, into: &out)
            }
        }
    }

    /// Puts back a sealed bundle or the core of a unit that the journal kept.
    package mutating func restore(
        _ row: JournalRow,
        vault: Vault,
        at now: Instant
    ) throws(DecodeError) {
        guard let value = row.value else { return }
        switch row.table {
        case .bundles: try restoreBundle(row.key, value, vault: vault, at: now)
        case .sealed:
            sealed[try UnitKey(rowKey: row.key)] = try Core(rowValue: value)
        case .slots, .statements, .items, .rounds, .records, .openings, .released, .ringers: break
        }
    }

    private mutating func restoreBundle(
        _ key: Bytes,
        _ value: Bytes,
        vault: Vault,
        at now: Instant
    ) throws(DecodeError) {
        var bundle = try Bundle(rowKey: key, value: value, at: now)
        guard bundle.cores.count == bundle.lease.units.count else {
            throw .outOfRange(at: 0, field: "cores")
        }
        let commit = bundle.commitStatement(worker: me, secret: secret)
        let promise: Signed<CommitStatement>? = vault.statement(in: commit.slots)
        // A bundle of the same round and of other units may have filled the slot.
        bundle.commit = promise?.body == commit ? promise : nil
        let result = bundle.resultStatement(worker: me, secret: secret, setHash: .zero)
        bundle.result = bundle.commit.flatMap { _ in vault.statement(in: result.slots) }
        if bundle.result != nil {
            bundle.state = .done
        } else if bundle.commit != nil, bundle.lease.seatCount > 1 {
            bundle.state = .waiting
        }
        bundles[bundle.key] = bundle
    }

    private func key(
        _ manifest: ManifestID,
        _ steward: PeerID,
        _ round: UInt32,
        _ units: [UInt32]
    ) -> BundleKey {
        BundleKey(
            manifest: manifest,
            steward: steward,
            round: RoundKey(number: round, firstUnit: units[0])
        )
    }
}
