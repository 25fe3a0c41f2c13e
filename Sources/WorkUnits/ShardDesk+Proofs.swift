package import Primitives
package import Wire

/// A vote that is won and waits for its certificate.
struct Proof: Sendable {
    /// How far it is.
    enum Stage: Hashable {
        /// The results' bytes are being fetched.
        case gathering
        /// The second holder has been told, and must answer.
        case offering
        /// The certificate is being signed.
        case signing
    }

    let kind: CertificateKind
    /// The units, ascending, with what won.
    let cores: [UnitCore]
    /// The rounds that the certificate spans, ascending.
    let rounds: [RoundKey]
    /// The certificates whose votes it holds beside these: they contradict each other.
    let certificates: [Certificate]
    /// When it was begun.
    let since: Instant
    var stage = Stage.gathering
    /// When to look again; nil while a signature is awaited, and for a proof that gathers and was
    /// looked at, which waits until `gatherAt` of its desk.
    var nextAttempt: Instant?
    /// Whether the second holder has the bytes.
    var isHeldTwice = false
}

extension Proof {
    /// Whether the results must be held before it is certified: others do so for an audit, and the
    /// submitter for a ruling.
    var needsBytes: Bool { kind != .ruling && kind != .audit }

    /// Whether its units were certified before.
    var isReview: Bool { kind == .audit || !certificates.isEmpty }
}

extension CertificateEntry {
    /// The same entry of another place among the sets.
    fileprivate func moved(to set: UInt8) -> CertificateEntry {
        CertificateEntry(
            set: set,
            worker: worker,
            seat: seat,
            widening: widening,
            nonce: nonce,
            digests: digests,
            operations: operations,
            signature: signature
        )
    }
}

extension ShardDesk {
    /// Units that one certificate can be for.
    private struct Group {
        let kind: CertificateKind
        let rounds: [RoundKey]
        let certificates: [Certificate]
        var cores: [UnitCore]

        init(
            _ kind: CertificateKind,
            _ rounds: [RoundKey],
            _ certificates: [Certificate],
            _ cores: [UnitCore]
        ) {
            self.kind = kind
            self.rounds = rounds
            self.certificates = certificates
            self.cores = cores
        }
    }

    /// Starts certificates for those of `list` whose votes are won, one for each group of units
    /// that went through the same rounds.
    mutating func prove(_ list: [UInt32], at now: Instant) {
        var groups: [Group] = []
        for unit in list {
            guard case .proof(let kind, let core) = need(of: unit) else { continue }
            let row = units[index(unit)]
            let rounds =
                kind == .audit ? row.rounds.suffix(1) : row.rounds[...]
            let entry = UnitCore(unit: unit, core: core)
            let certificates = kind == .audit ? [] : row.review?.certificates ?? []
            let known = groups.firstIndex { group in
                group.kind == kind && group.rounds == Array(rounds)
                    && group.certificates == certificates
            }
            if let known {
                groups[known].cores.append(entry)
            } else {
                groups.append(Group(kind, Array(rounds), certificates, [entry]))
            }
        }
        for group in groups {
            begin(
                Proof(
                    kind: group.kind,
                    cores: group.cores,
                    rounds: group.rounds,
                    certificates: group.certificates,
                    since: now,
                    nextAttempt: now
                )
            )
        }
    }

    /// Begins a proof, or its halves when a certificate of them all would not fit a statement.
    ///
    /// One unit always fits: 15 voters (`Trust.panelVotersMax`) of 64 digests and operations make
    /// 43 KB, their sets 8 KB, and the openings and the ruling of one unit less than 2 KB.
    private mutating func begin(_ proof: Proof) {
        let byteCount = certificate(for: proof).payload.count + COSE.envelopeByteCount
        guard byteCount > Limits.statementByteCount, proof.cores.count > 1 else {
            for each in proof.cores { units[index(each.unit)].isProving = true }
            proofs[proof.cores[0].unit] = proof
            return
        }
        let middle = proof.cores.count / 2
        for half in [proof.cores[..<middle], proof.cores[middle...]] {
            begin(
                Proof(
                    kind: proof.kind,
                    cores: Array(half),
                    rounds: proof.rounds,
                    certificates: proof.certificates,
                    since: proof.since,
                    nextAttempt: proof.nextAttempt
                )
            )
        }
    }

    /// Takes proofs further: fetch the bytes, offer them to the second holder, sign.
    package mutating func advanceProofs(
        view: GridView,
        at now: Instant,
        results: inout ResultDesk,
        vault: inout Vault,
        into out: inout Outbox
    ) {
        gatherAt = now.advanced(by: WorkLimits.fetchSpan)
        proofsAt = nil
        for first in proofs.keys {
            guard let proof = proofs[first], proof.stage != .signing else { continue }
            let isComplete =
                !proof.needsBytes
                || gather(proof, view: view, results: &results, at: now, into: &out)
            guard isComplete else {
                guard !giveUp(first, proof, results, at: now) else { continue }
                let isGathering = proof.stage == .gathering
                proofs.update(first) { $0.nextAttempt = isGathering ? nil : gatherAt }
                look(at: isGathering ? end(of: proof) : now)
                continue
            }
            if proof.needsBytes, let holder = view.secondHolder, !proof.isHeldTwice {
                offer(first, to: holder, at: now, into: &out)
                continue
            }
            proofs.update(first) { proof in
                proof.stage = .signing
                proof.nextAttempt = nil
            }
            let certificate = certificate(for: proof)
            if certificate.openings.isEmpty {
                // A certificate that is signed can be opened, whatever becomes of the rounds and of
                // the ledger, and should the key be replaced.
                let id = ItemID(SHA256.hash(certificate.payload))
                let cores = proof.cores
                let opening = Opening(manifest: job.id, certificate: id, cores: cores)
                retain(opening, into: &out)
            }
            switch vault.sign(certificate, by: .peer, into: &out) {
            case .requested: break
            case .signed(let signed), .taken(let signed): ready.append(.certificate(signed))
            }
        }
    }

    /// Asks for the bytes that are missing; true when all are here.
    private func gather(
        _ proof: Proof,
        view: GridView,
        results: inout ResultDesk,
        at now: Instant,
        into out: inout Outbox
    ) -> Bool {
        var isComplete = true
        for each in proof.cores where !results.holds(each.core.resultHash) {
            isComplete = false
            let earlier = earlierWords(on: each.unit).filter { $0.core == each.core }.map(\.worker)
            let own = revealed(of: each.unit).filter { $0.core == each.core }.map(\.worker)
            let winners = (own + earlier).map { view.current($0) }.filter { $0 != steward }
            results.want(
                each.core.resultHash,
                from: winners,
                limit: job.manifest.resultByteCount,
                at: now,
                into: &out
            )
        }
        return isComplete
    }

    /// Ends a proof for whose bytes was asked in vain; their units get one more voter, the others a
    /// proof of their own.
    private mutating func giveUp(
        _ first: UInt32,
        _ proof: Proof,
        _ results: ResultDesk,
        at now: Instant
    ) -> Bool {
        let missing = proof.cores.filter { !results.holds($0.core.resultHash) }
        guard end(of: proof) <= now,
            !missing.contains(where: { results.isArriving($0.core.resultHash) })
        else { return false }
        proofs.remove(first)
        for each in proof.cores { units[index(each.unit)].isProving = false }
        for each in missing {
            units[index(each.unit)].lacksBytes = true
            units[index(each.unit)].waitingSince = now
        }
        prove(proof.cores.map(\.unit), at: now)
        look(at: now)
        return true
    }

    /// When a proof whose bytes nobody sends is given up.
    private func end(of proof: Proof) -> Instant {
        let patience = lease(of: proof.cores.count).times(WorkLimits.bytesLeases)
        return proof.since.advanced(by: patience)
    }

    /// From `instant` on a proof may go on by time alone.
    private mutating func look(at instant: Instant) {
        proofsAt = min(proofsAt ?? instant, instant)
    }

    private mutating func offer(
        _ first: UInt32,
        to holder: PeerID,
        at now: Instant,
        into out: inout Outbox
    ) {
        guard let proof = proofs[first] else { return }
        if proof.stage == .offering, let next = proof.nextAttempt, next > now {
            return look(at: next)
        }
        proofs.update(first) { proof in
            proof.stage = .offering
            proof.nextAttempt = now.advanced(by: WorkLimits.fetchSpan)
        }
        look(at: now.advanced(by: WorkLimits.fetchSpan))
        let offer = ResultOffer(manifest: job.id, cores: proof.cores)
        out.send(.resultOffer(offer), to: holder)
    }

    /// The second holder has the results of `list`.
    package mutating func heldElsewhere(_ list: [UInt32], by holder: PeerID, view: GridView) {
        guard holder == view.secondHolder else { return }
        for first in proofs.keys {
            proofs.update(first) { proof in
                let isCovered = proof.cores.allSatisfy { list.contains($0.unit) }
                if isCovered { proof.isHeldTwice = true }
            }
        }
    }

    /// The certificate that the rows of a proof's rounds make.
    private func certificate(for proof: Proof) -> Certificate {
        var (sets, entries) = earlierVotes(in: proof)
        for key in proof.rounds {
            guard let round = rounds[key], round.committed.contains(where: { $0.revealed != nil })
            else { continue }
            let index = UInt8(sets.count)
            sets.append(certificateSet(round))
            entries += round.seats.indices
                .compactMap { certificateEntry(round, seat: $0, set: index) }
                .sorted { $0.worker < $1.worker }
        }
        let units = proof.cores.map(\.unit)
        return Certificate(
            manifest: job.id,
            steward: steward,
            vote: proof.kind,
            units: units,
            sets: sets,
            entries: entries,
            openings: openings(for: proof),
            rulings: proof.kind == .ruling
                ? units.compactMap { self.units[index($0)].ruling.map(EmbeddedRuling.init) } : []
        )
    }

    /// What the certificates say that a panel looks at, but for rounds that are kept here.
    private func earlierVotes(in proof: Proof) -> ([CertificateSet], [CertificateEntry]) {
        var sets: [CertificateSet] = []
        var entries: [CertificateEntry] = []
        for certificate in proof.certificates {
            for (index, set) in certificate.sets.enumerated() {
                let key = RoundKey(number: set.round, firstUnit: set.units[0])
                let isHere = set.steward == steward && proof.rounds.contains(key)
                let isThere = sets.contains { other in
                    other.steward == set.steward && other.round == set.round
                        && other.units == set.units
                }
                let isMeant = proof.cores.contains { each in
                    set.units.contains(each.unit)
                        && isOpened(certificate, set: index, unit: each.unit)
                }
                guard !isHere, !isThere, isMeant else { continue }
                for entry in certificate.entries where Int(entry.set) == index {
                    entries.append(entry.moved(to: UInt8(sets.count)))
                }
                sets.append(set)
            }
        }
        return (sets, entries)
    }

    /// Whether what a set of an earlier certificate says of `unit` is known: nobody can check the
    /// rest.
    private func isOpened(_ certificate: Certificate, set: Int, unit: UInt32) -> Bool {
        let cores = earlierWords(on: unit).map(\.core)
        return Ballot.all(on: unit, in: certificate).filter { $0.set == set }.allSatisfy { ballot in
            cores.contains { ballot.isOpened(by: $0, unit: unit) }
        }
    }

    private func certificateSet(_ round: Round) -> CertificateSet {
        let unrevealed = round.commitSet(steward: steward, manifest: job.id).members
            .filter { member in
                round.committed.contains { $0.worker == member.worker && $0.revealed == nil }
            }
        return CertificateSet(
            steward: steward,
            round: round.number,
            units: round.units,
            epoch: round.epoch,
            seatCount: UInt8(round.seats.count),
            signature: round.set?.signature,
            unrevealed: unrevealed
        )
    }

    private func certificateEntry(_ round: Round, seat: Int, set: UInt8) -> CertificateEntry? {
        guard let occupant = round.seats[seat].occupant, let revealed = occupant.revealed else {
            return nil
        }
        let result = revealed.result.body
        return CertificateEntry(
            set: set,
            worker: occupant.worker,
            seat: UInt8(seat),
            widening: occupant.widening,
            nonce: result.nonce,
            digests: result.digests,
            operations: result.operations,
            signature: revealed.result.signature
        )
    }

    /// One opening for each core that was voted for; a vote of one round needs none inside.
    private func openings(for proof: Proof) -> [UnitCore] {
        guard proof.kind != .quorum, proof.kind != .single else { return [] }
        if proof.kind == .audit { return proof.cores }
        var openings: [UnitCore] = []
        for each in proof.cores {
            var cores = SortedTable<Digest, Core>()
            cores[each.core.hash] = each.core
            for cast in revealed(of: each.unit) { cores[cast.core.hash] = cast.core }
            for earlier in earlierWords(on: each.unit) { cores[earlier.core.hash] = earlier.core }
            openings += cores.values.map { UnitCore(unit: each.unit, core: $0) }
        }
        return openings
    }

    /// The ledger has taken in a certificate, this steward's or another's.
    package mutating func certified(
        _ certificate: Signed<Certificate>,
        isOpened: Bool,
        view: GridView,
        at now: Instant,
        into out: inout Outbox
    ) {
        let range = job.manifest.units(ofShard: key.shard)
        let mine = certificate.body.units.filter { range.contains($0) }
        guard !mine.isEmpty else { return }
        let cores = mine.compactMap { unit in winner(of: unit, in: certificate.body) }
        for unit in mine {
            units[index(unit)].isCertified = true
            if units[index(unit)].review == nil { units[index(unit)].isProving = false }
        }
        restartProofs(at: now)
        yieldRounds(at: now, into: &out)
        if !isOpened, certificate.body.openings.isEmpty, cores.count == mine.count {
            let opening = Opening(manifest: job.id, certificate: certificate.id, cores: cores)
            if certificate.body.steward == steward {
                hand(opening, view: view, at: now, into: &out)
            } else {
                // Another steward's certificate of this one's rounds: its signer may stay silent.
                keep(opening, at: now)
            }
        }
        prune(into: &out)
    }

    /// Ends proofs of which something is certified now, and begins anew with what is left of them.
    mutating func restartProofs(at now: Instant) {
        for (first, proof) in proofs {
            let rest = proof.cores.map(\.unit).filter { !units[index($0)].isSettled }
            guard rest.count < proof.cores.count else { continue }
            proofs.remove(first)
            for unit in rest { units[index(unit)].isProving = false }
            prove(rest, at: now)
        }
    }

    /// Ends rounds whose units are all certified, here or by another steward; those that look at
    /// certificates again end with their reviews.
    mutating func yieldRounds(at now: Instant, into out: inout Outbox) {
        for key in rounds.keys {
            guard let round = rounds[key], round.isOpen,
                round.units.allSatisfy({ unit in
                    let row = units[index(unit)]
                    return row.isSettled || (round.isFirstVote && row.isCertified)
                })
            else { continue }
            close(key, at: now, into: &out)
        }
    }

    /// The core that this steward's rows hold for a unit of its own certificate.
    private func winner(of unit: UInt32, in certificate: Certificate) -> UnitCore? {
        let ballot = Ballot.all(on: unit, in: certificate).first
        let core = revealed(of: unit).map(\.core)
            .first { ballot?.isOpened(by: $0, unit: unit) == true }
        return core.map { UnitCore(unit: unit, core: $0) }
    }

    /// The next steward publishes the opening, after it has drawn its audits; this one does so when
    /// there is no next, or when it stays silent.
    private mutating func hand(
        _ opening: Opening,
        view: GridView,
        at now: Instant,
        into out: inout Outbox
    ) {
        guard let next = view.nextSteward else {
            ready.append(.opening(opening))
            return
        }
        out.send(.opening(opening), to: next)
        keep(opening, at: now)
        openings.update(opening.certificate) { pending in
            pending.handAt = now.advanced(by: WorkLimits.fetchSpan)
        }
    }

    /// Publishes an opening when nobody else has done so for some lease times.
    private mutating func keep(_ opening: Opening, at now: Instant) {
        let span = lease(of: opening.cores.count).times(WorkLimits.openingLeases)
        openings[opening.certificate] = PendingOpening(
            opening: opening,
            publishAt: now.advanced(by: span)
        )
    }

    /// The ledger has taken in an opening.
    package mutating func opened(_ certificate: ItemID, into out: inout Outbox) {
        openings.remove(certificate)
        prune(into: &out)
    }

    /// Keeps an opening for good.
    private func retain(_ opening: Opening, into out: inout Outbox) {
        var encoder = CBOREncoder()
        Item.opening(opening).encode(into: &encoder)
        let key = opening.certificate.digest.bytes
        out.append(.persist(JournalRow(.openings, key: key, value: encoder.bytes)))
    }

    /// Forgets rounds whose units are all certified and opened.
    mutating func prune(into out: inout Outbox) {
        let pending = openings.values.flatMap { $0.opening.cores.map(\.unit) }
        let done = rounds.values.filter { round in
            round.phase == .closed
                && round.units.allSatisfy { units[index($0)].isSettled && !pending.contains($0) }
        }
        for round in done {
            rounds.remove(round.key)
            for unit in round.units { units[index(unit)].rounds.removeAll { $0 == round.key } }
        }
        forget(done, into: &out)
    }

    /// Deletes rounds' rows; their numbers stay taken.
    mutating func forget(_ done: [Round], into out: inout Outbox) {
        guard let highest = done.map(\.number).max() else { return }
        let floor = max(roundFloor, highest + 1)
        if floor > roundFloor {
            roundFloor = floor
            out.append(.persist(key.row(floor: floor)))
        }
        for round in done {
            let rowKey = Round.rowKey(of: key, round.key)
            out.append(.persist(JournalRow(.rounds, key: rowKey, value: nil)))
        }
    }
}
