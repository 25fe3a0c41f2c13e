import PeerCore
import Primitives
import TestSupport
import Wire

extension LonePeer {
    /// The next thing that happens.
    func step(_ choices: inout Choices) {
        switch choices.below(16) {
        case 0: answer(&choices)
        case 1: drain()
        case 2, 3: reply(&choices)
        case 4: pass(atMost: .milliseconds(1 + UInt64(choices.byte()) * 50))
        case 5, 6, 7: say(&choices)
        case 8:
            let frame = choices.bytes(1 + choices.below(64))
            if let message = try? Message(frame: frame), !holdsOwn(message) {
                receive(message, from: anyStranger(&choices))
            }
        case 9:
            if choices.below(2) == 0 {
                link(anyStranger(&choices))
            } else {
                unlink(anyStranger(&choices))
            }
        case 10: decide(&choices)
        case 11:
            if choices.below(2) == 0 { restart() } else { crash(after: choices.below(32)) }
        case 12:
            guard !heard.isEmpty else { return }
            receive(choices.pick(heard), from: anyStranger(&choices))
        case 13: lose(&choices)
        case 14: receive(.item(choices.pick(items)), from: anyStranger(&choices))
        default: pass(atMost: .seconds(1 + UInt64(choices.byte()) * 8))
        }
    }

    /// The owner wants something.
    private func decide(_ choices: inout Choices) {
        switch choices.below(12) {
        case 0: submit()
        case 1: handle(.cancel(id))
        case 2: handle(.hold(id))
        case 3: handle(.resume(id))
        case 4: handle(.release(id))
        case 5: handle(.serveFirst(id))
        case 6:
            var speeds = SortedTable<String, UInt64>()
            speeds[TestGrid.workload] = choices.number()
            handle(.donate(places: choices.below(4), speeds: speeds))
        case 7, 8: passHour()
        case 9:
            let until = epoch + UInt64(choices.below(48))
            let project = ProjectID(owner.digest)
            handle(.anchor(anyStranger(&choices), project: project, until: until))
        default:
            let old = TestGrid.peer(40)
            let first = grid.firstRecord(of: old, followedBy: Self.me)
            handle(.succeed(first.verifiedHere))
        }
    }

    /// Whether a message holds a statement that only this peer or its owner could sign.
    func holdsOwn(_ message: Message) -> Bool {
        switch message {
        case .record(let signed): isOwn(signed.body.signer)
        case .commit(let signed): isOwn(signed.body.signer)
        case .commitSet(let signed): isOwn(signed.body.signer)
        case .reveal(let reveal):
            isOwn(reveal.result.body.signer) || reveal.commit.map { isOwn($0.body.signer) } ?? false
        case .item(let item): item.statements.contains { isOwn($0.signer) }
        default: false
        }
    }

    // MARK: - True answers

    /// A stranger does what the protocol asks of whom the peer has sent something.
    private func reply(_ choices: inout Choices) {
        guard !sent.isEmpty else { return }
        let (message, peer) = sent[sent.count - 1 - choices.below(sent.count)]
        guard peer != Self.me, let answer = answer(to: message, by: peer, &choices) else { return }
        receive(answer, from: peer)
    }

    private func answer(
        to message: Message,
        by peer: PeerID,
        _ choices: inout Choices
    ) -> Message? {
        let variant: UInt64 = choices.oneIn(8) ? 1 : 0
        switch message {
        case .claim(let claim): return .lease(lease(for: claim, &choices))
        case .lease(let lease):
            let cores = TestGrid.cores(lease.units, variant: variant)
            return lease.seatCount == 1
                ? .reveal(grid.reveal(lease, of: Self.me, by: peer, cores: cores))
                : .commit(grid.commit(lease, of: Self.me, by: peer, cores: cores))
        case .commit(let promise): return closedSet(with: promise.body, of: peer, &choices)
        case .commitSet(let set):
            guard let seat = set.body.members.first(where: { $0.worker == peer }) else {
                return nil
            }
            return .reveal(
                grid.reveal(
                    lease(of: set.body, seat: seat),
                    of: set.body.steward,
                    by: peer,
                    cores: TestGrid.cores(set.body.units, variant: variant),
                    setHash: set.body.hash
                )
            )
        case .reveal(let reveal): return certificate(of: reveal, by: peer)
        case .item, .record, .acting, .beat, .alert, .evict, .bye, .have: return message
        case .opening(let opening): return .item(.opening(opening))
        case .resultWant, .resultOffer, .held, .chunkWant, .reconcile, .fetch:
            return data(for: message, &choices)
        case .refuse, .resultPiece, .resultHeld, .chunk: return nil
        }
    }

    private func data(for message: Message, _ choices: inout Choices) -> Message? {
        switch message {
        case .resultWant(let hash, let offset):
            let piece = ResultPiece(
                resultHash: hash,
                byteCount: offset + 2,
                offset: offset,
                bytes: [1, 2]
            )
            return offset < 10 ? .resultPiece(piece) : nil
        case .resultOffer(let offer):
            return .resultHeld(
                UnitList(manifest: offer.manifest, units: offer.cores.map(\.unit))
            )
        case .held(let list):
            let unit = UnitCore(unit: list.units[0], core: TestGrid.core(list.units[0]))
            guard !isOwn(grid.project.digest) else { return nil }
            return .item(.ruling(grid.ruling(on: unit)))
        case .chunkWant(let want):
            arrive(want)
            return nil
        case .reconcile(let step):
            let keys = step.set == .ledger ? items.compactMap { key(of: $0) }.sorted() : []
            return Reconciler.answer(step, keys: distinct(keys)).reply.map { .reconcile($0) }
        case .fetch(_, let keys):
            return items.first { item in keys.contains { $0.id == item.id } }.map { .item($0) }
        default: return nil
        }
    }

    private func key(of item: Item) -> ItemKey? {
        ItemKey(epoch: item.epoch ?? TestGrid.epoch, id: item.id)
    }

    private func lease(for claim: Claim, _ choices: inout Choices) -> Lease {
        Lease(
            manifest: claim.manifest,
            units: anyUnits(&choices),
            seatCount: grid.manifest.policy == .single ? 1 : UInt8(1 + choices.below(2)),
            epoch: epoch,
            round: UInt32(choices.below(6)),
            seat: 0,
            widening: 0,
            commitMilliseconds: 60_000,
            holders: []
        )
    }

    /// The lease that a member of `set` answered.
    private func lease(of set: CommitSet, seat: SetMember) -> Lease {
        Lease(
            manifest: set.manifest,
            units: set.units,
            seatCount: set.seatCount,
            epoch: set.epoch,
            round: set.round,
            seat: seat.seat,
            widening: seat.widening,
            commitMilliseconds: 60_000,
            holders: []
        )
    }

    /// The steward closes the round with another promise beside the peer's.
    private func closedSet(
        with promise: CommitStatement,
        of steward: PeerID,
        _ choices: inout Choices
    ) -> Message? {
        guard promise.steward == steward else { return nil }
        let other = anyStranger(&choices)
        let second = otherSeat(promise, of: other)
        let members = [
            SetMember(worker: Self.me, seat: 0, widening: 0, commit: promise.commit),
            SetMember(worker: other, seat: 1, widening: 0, commit: second),
        ]
        return .commitSet(
            grid.sign(
                CommitSet(
                    steward: steward,
                    manifest: promise.manifest,
                    round: promise.round,
                    units: promise.units,
                    epoch: epoch,
                    seatCount: 2,
                    members: members.sorted { $0.worker < $1.worker }
                )
            )
        )
    }

    private func otherSeat(_ promise: CommitStatement, of worker: PeerID) -> Digest {
        let lease = Lease(
            manifest: promise.manifest,
            units: promise.units,
            seatCount: 2,
            epoch: epoch,
            round: promise.round,
            seat: 1,
            widening: 0,
            commitMilliseconds: 60_000,
            holders: []
        )
        let cores = TestGrid.cores(promise.units)
        return grid.commit(lease, of: promise.steward, by: worker, cores: cores).body.commit
    }

    /// The steward certifies what the peer has revealed, in the set that it was sent, or alone.
    private func certificate(of reveal: Reveal, by steward: PeerID) -> Message? {
        let result = reveal.result.body
        let set = heard.compactMap { message -> Signed<CommitSet>? in
            guard case .commitSet(let set) = message, set.body.hash == result.setHash else {
                return nil
            }
            return set
        }.last
        var entries = [entry(result, seat: 0, reveal.result.signature)]
        if let set {
            for member in set.body.members where member.worker != Self.me {
                let other = grid.reveal(
                    lease(of: set.body, seat: member),
                    of: steward,
                    by: member.worker,
                    cores: TestGrid.cores(result.units),
                    setHash: result.setHash
                ).result
                entries.append(entry(other.body, seat: member.seat, other.signature))
            }
        }
        let signed = grid.sign(
            Certificate(
                manifest: result.manifest,
                steward: steward,
                vote: set == nil ? .single : .quorum,
                units: result.units,
                sets: [
                    CertificateSet(
                        steward: steward,
                        round: result.round,
                        units: result.units,
                        epoch: set?.body.epoch ?? epoch,
                        seatCount: set == nil ? 1 : 2,
                        signature: set?.signature,
                        unrevealed: []
                    )
                ],
                entries: entries.sorted { $0.worker < $1.worker },
                openings: [],
                rulings: []
            )
        )
        items += [.certificate(signed), .opening(grid.opening(of: signed))]
        return .item(.certificate(signed))
    }

    private func entry(
        _ result: ResultStatement,
        seat: UInt8,
        _ signature: Signature
    ) -> CertificateEntry {
        CertificateEntry(
            set: 0,
            worker: result.worker,
            seat: seat,
            widening: 0,
            nonce: result.nonce,
            digests: result.digests,
            operations: result.operations,
            signature: signature
        )
    }
}
