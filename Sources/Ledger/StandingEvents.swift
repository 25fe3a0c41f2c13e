import Primitives
import Wire

/// What a peer's standing comes from, event by event.
extension CreditLedger {
    /// An event of which only that is known by which events are ordered, and what it refers to.
    struct StandingTrace: Comparable {
        enum Subject {
            case wrongResult(UnitName, Mark.Kind)
            case vindication(UnitName)
            case told(StandingEvent.Kind)
        }

        let epoch: UInt64
        let key: PeerID
        let project: ProjectID?
        let subject: Subject
        /// Tells apart what happened in one hour: in which order nobody can prove.
        let order: Order

        struct Order: Comparable {
            let rank: Int
            let name: Digest
            var unit: UInt32 = 0

            static func < (left: Order, right: Order) -> Bool {
                (left.rank, left.name, left.unit) < (right.rank, right.name, right.unit)
            }
        }

        static func == (left: StandingTrace, right: StandingTrace) -> Bool {
            left.epoch == right.epoch && left.order == right.order && left.key == right.key
        }

        /// Newest first.
        static func < (left: StandingTrace, right: StandingTrace) -> Bool {
            left.epoch != right.epoch
                ? left.epoch > right.epoch
                : (left.order, left.key) < (right.order, right.key)
        }
    }

    /// Every event of a machine's keys, newest first.
    func traces(of keys: [PeerID]) -> [StandingTrace] {
        let traces =
            keys.flatMap { faultTraces(of: $0) } + keys.flatMap { wrongTraces(of: $0) }
            + forgivenTraces(of: keys) + keys.flatMap { repeatedTraces(of: $0) }
            + keys.flatMap { namedTraces(of: $0) } + successionTraces(of: keys)
        return traces.sorted()
    }

    private func faultTraces(of key: PeerID) -> [StandingTrace] {
        culprits.proofs(of: key).compactMap { manifest, proof in
            guard case .fault(let fault)? = item(proof.id) else { return nil }
            let proven = ProvenFault(
                id: proof.id,
                statement: fault.kind,
                job: manifest,
                units: fault.units,
                statements: fault.statementIDs
            )
            return StandingTrace(
                epoch: proof.epoch,
                key: key,
                project: self.manifest(manifest)?.body.project,
                subject: .told(.fault(proven)),
                order: StandingTrace.Order(rank: 0, name: proof.id.digest)
            )
        }
    }

    private func wrongTraces(of key: PeerID) -> [StandingTrace] {
        (wrongUnits[key]?.keys ?? []).flatMap { name -> [StandingTrace] in
            let marks = entry(name.manifest)?.units[name.unit]?.marks ?? []
            let project = manifest(name.manifest)?.body.project
            return marks.filter { $0.worker == key && $0.kind != .won }.map { mark in
                StandingTrace(
                    epoch: mark.epoch,
                    key: key,
                    project: project,
                    subject: mark.isRetracted ? .vindication(name) : .wrongResult(name, mark.kind),
                    order: StandingTrace.Order(
                        rank: mark.isRetracted ? 1 : 2,
                        name: name.manifest.digest,
                        unit: name.unit
                    )
                )
            }
        }
    }

    private func forgivenTraces(of keys: [PeerID]) -> [StandingTrace] {
        let view = trustView
        let known = distinct(manifests.values.map(\.body.project))
            .filter { view.book.knows(keys, for: $0) }
        return known.flatMap { project in
            view.book.history(of: keys, project: project).filter { $0.forgiven > 0 }.map { hour in
                StandingTrace(
                    epoch: hour.epoch,
                    key: ownership.current(of: keys[0]),
                    project: project,
                    subject: .told(.forgiveness(hour.forgiven)),
                    order: StandingTrace.Order(rank: 3, name: project.digest)
                )
            }
        }
    }

    private func repeatedTraces(of key: PeerID) -> [StandingTrace] {
        (repeatedVotes[key] ?? []).flatMap { place -> [StandingTrace] in
            guard case .certificate(let signed)? = item(at: place) else { return [] }
            let manifest = signed.body.manifest
            return signed.body.units.compactMap { unit in
                let ballots = Ballot.all(on: unit, in: signed.body).filter { $0.worker == key }
                guard ballots.count > 1 else { return nil }
                let cores = entry(manifest)?.units[unit]?.cores ?? []
                let said = ballots.map { ballot in
                    cores.firstIndex { ballot.isOpened(by: $0, unit: unit) }
                }
                let kind = StandingEvent.Kind.repeatedVote(
                    UnitName(manifest: manifest, unit: unit),
                    votes: ballots.count,
                    isContradictory: said.contains { $0 != said[0] }
                )
                return StandingTrace(
                    epoch: place.epoch,
                    key: key,
                    project: self.manifest(manifest)?.body.project,
                    subject: .told(kind),
                    order: StandingTrace.Order(rank: 4, name: place.id.digest, unit: unit)
                )
            }
        }
    }

    private func namedTraces(of key: PeerID) -> [StandingTrace] {
        let named = anchors.namings(of: key).map { anchor in
            StandingTrace(
                epoch: anchor.epoch,
                key: key,
                project: anchor.project,
                subject: .told(.anchor(until: anchor.until)),
                order: StandingTrace.Order(rank: 5, name: anchor.project.digest)
            )
        }
        guard let adoption = ownership.adoption(of: key) else { return named }
        return named + [
            StandingTrace(
                epoch: adoption.epoch,
                key: key,
                project: nil,
                subject: .told(.adoption(adoption.owner)),
                order: StandingTrace.Order(rank: 6, name: adoption.owner.digest)
            )
        ]
    }

    private func successionTraces(of keys: [PeerID]) -> [StandingTrace] {
        ownership.takeovers(of: keys).map { takeover in
            StandingTrace(
                epoch: takeover.epoch,
                key: takeover.new,
                project: nil,
                subject: .told(
                    .succession(
                        of: takeover.old,
                        isContested: ownership.isContested(takeover.old)
                    )
                ),
                order: StandingTrace.Order(rank: 7, name: takeover.old.digest)
            )
        }
    }

    /// The events of `traces`, in their order.
    func events(of traces: [StandingTrace], keys: [PeerID]) -> [StandingEvent] {
        let view = trustView
        var histories = SortedTable<ProjectID, SortedTable<UInt64, HourChange>>()
        return traces.map { trace in
            let kind: StandingEvent.Kind
            switch trace.subject {
            case .told(let told): kind = told
            case .vindication(let unit): kind = .vindication(unit)
            case .wrongResult(let unit, let mark):
                guard let project = trace.project else { preconditionFailure("of a known job") }
                if !histories.contains(project) {
                    var hours = SortedTable<UInt64, HourChange>()
                    for hour in view.book.history(of: keys, project: project) {
                        hours[hour.epoch] = hour
                    }
                    histories[project] = hours
                }
                guard let hour = histories[project]?[trace.epoch] else {
                    preconditionFailure("a mark is counted in its hour")
                }
                let sharers =
                    mark == .shared
                    ? sharers(
                        of: trace.key,
                        on: unit.unit,
                        of: unit.manifest,
                        through: trace.epoch
                    ) : []
                kind = .wrongResult(
                    WrongResult(
                        unit: unit,
                        sharers: Array(sharers.prefix(WrongResult.sharersMax)),
                        isShared: mark == .shared,
                        cost: hour.cost
                    )
                )
            }
            return StandingEvent(
                epoch: trace.epoch,
                key: trace.key,
                project: trace.project,
                kind: kind
            )
        }
    }
}

extension HourChange {
    /// What its mistakes cost.
    fileprivate var cost: WrongResult.Cost {
        let won = UInt64(max(0, tally.won))
        return WrongResult.Cost(
            streak: saturatingSum(before.streak, won),
            units: saturatingSum(before.units, won),
            unitsLeft: after.units,
            mistakes: after.mistakes
        )
    }
}
