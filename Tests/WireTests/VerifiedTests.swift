import Primitives
import Testing
import Wire

/// A value is verified when every signature and hash in it is right, and refused for any one wrong.
@Suite struct VerifiedTests {
    private let verifier = FakeVerifier()
    private let network = NetworkID(Digest(1, 2, 3, 4))

    @Test func everyStatementNeedsItsSignature() throws {
        var generator = PRNG(seed: 1)
        for _ in 0..<5 {
            let units = generator.units()
            try expectOwnSignatureCounts(generator.commit())
            try expectOwnSignatureCounts(generator.commitSet())
            try expectOwnSignatureCounts(generator.result(units: units))
            try expectOwnSignatureCounts(generator.cancel())
            try expectOwnSignatureCounts(generator.ruling())
            try expectOwnSignatureCounts(generator.hold())
            try expectOwnSignatureCounts(generator.anchor())
            try expectOwnSignatureCounts(generator.alert())
            try expectOwnSignatureCounts(generator.bye())
            try expectOwnSignatureCounts(device(&generator))
            try expectOwnSignatureCounts(revoke(&generator))
            try expectOwnSignatureCounts(generator.manifest().with(network: network))
            try expectOwnSignatureCounts(bound(generator.record()))
        }
    }

    @Test func aManifestOfAnotherNetworkIsRefused() {
        var generator = PRNG(seed: 2)
        let signed = FakeVerifier.sign(generator.manifest(), in: network)
        #expect(throws: VerificationError.otherNetwork) { try check(signed) }
    }

    @Test func aRecordNeedsItsBinding() throws {
        var generator = PRNG(seed: 3)
        let record = bound(generator.record())
        try check(FakeVerifier.sign(record, in: network))
        let unbound = FakeVerifier.sign(generator.record(), in: network)
        #expect(throws: VerificationError.badBinding) { try check(unbound) }
        #expect(throws: VerificationError.badBinding) { try check(Message.record(unbound)) }
    }

    // MARK: - Owners and successors

    private func device(_ generator: inout PRNG) -> Device {
        let device = generator.device()
        let bytes = Device.consentBytes(network: network, owner: device.owner)
        return device.with(consent: FakeVerifier.sign(bytes, by: device.peer.digest))
    }

    /// A REVOKE whose record foresaw its successor.
    private func revoke(_ generator: inout PRNG) -> Revoke {
        let successor: PeerID = generator.identifier()
        let hash = Record.successorHash(of: successor)
        let first = bound(generator.record().with(incarnation: 0, successorHash: hash))
        let record = FakeVerifier.sign(first, in: network)
        return Revoke(successor: successor, record: record, epoch: generator.number())
    }

    @Test func everyAlertOfAnEvictionCounts() throws {
        var generator = PRNG(seed: 11)
        let subject: PeerID = generator.identifier()
        var alerts = (0..<5).map { _ in
            FakeVerifier.sign(generator.alert(subject: subject, incarnation: 3), in: network)
        }
        try check(try #require(Eviction(alerts: alerts)))
        for index in alerts.indices {
            let good = alerts[index]
            alerts[index] = Signed(good.body, signature: generator.signature())
            let forged = try #require(Eviction(alerts: alerts))
            #expect(throws: VerificationError.badSignature(.alert)) { try check(forged) }
            alerts[index] = good
        }
    }

    @Test func nobodyAdoptsAPeerThatHasNotAgreed() throws {
        var generator = PRNG(seed: 8)
        let device = device(&generator)
        try check(FakeVerifier.sign(device, in: network))
        let bytes = Device.consentBytes(network: network, owner: device.owner)
        let elsewhere = Device.consentBytes(network: NetworkID(.zero), owner: device.owner)
        let toAnother = Device.consentBytes(network: network, owner: generator.identifier())
        for wrong in [
            FakeVerifier.sign(bytes, by: device.owner.digest),
            FakeVerifier.sign(elsewhere, by: device.peer.digest),
            FakeVerifier.sign(toAnother, by: device.peer.digest),
            generator.signature(),
        ] {
            let signed = FakeVerifier.sign(device.with(consent: wrong), in: network)
            #expect(throws: VerificationError.badConsent) { try check(signed) }
            #expect(throws: VerificationError.badConsent) { try check(Item.device(signed)) }
        }
    }

    @Test func onlyTheForeseenKeyTakesOver() throws {
        var generator = PRNG(seed: 9)
        let good = revoke(&generator)
        try check(FakeVerifier.sign(good, in: network))
        let thief: PeerID = generator.identifier()
        let stolen = Revoke(successor: thief, record: good.record, epoch: good.epoch)
        let signed = FakeVerifier.sign(stolen, in: network)
        #expect(throws: VerificationError.badSuccessor) { try check(signed) }
        #expect(throws: VerificationError.badSuccessor) { try check(Item.revoke(signed)) }
        let none = FakeVerifier.sign(good.record.body.with(successorHash: .zero), in: network)
        let unforeseen = Revoke(successor: good.successor, record: none, epoch: good.epoch)
        #expect(throws: VerificationError.badSuccessor) {
            try check(FakeVerifier.sign(unforeseen, in: network))
        }
    }

    @Test func everySignatureInsideARevokeCounts() throws {
        var generator = PRNG(seed: 10)
        let good = revoke(&generator)
        let forged = Signed(good.record.body, signature: generator.signature())
        let unsigned = Revoke(successor: good.successor, record: forged, epoch: good.epoch)
        #expect(throws: VerificationError.badSignature(.record)) {
            try check(FakeVerifier.sign(unsigned, in: network))
        }
        let loose = good.record.body.with(binding: generator.signature())
        let record = FakeVerifier.sign(loose, in: network)
        let unbound = Revoke(successor: good.successor, record: record, epoch: good.epoch)
        #expect(throws: VerificationError.badBinding) {
            try check(FakeVerifier.sign(unbound, in: network))
        }
    }

    @Test func everyNestedSignatureOfACertificateCounts() throws {
        var generator = PRNG(seed: 4)
        for setCount in 1...3 {
            let vote = SampleVote(setCount: setCount, ruling: setCount == 2, &generator)
            let good = vote.certificate
            try check(good, in: vote.network)
            for index in good.sets.indices where good.sets[index].signature != nil {
                #expect(throws: VerificationError.badSignature(.commitSet)) {
                    try check(good.breakingSet(index), in: vote.network)
                }
            }
            for index in good.entries.indices {
                #expect(throws: VerificationError.badSignature(.result)) {
                    try check(good.breakingEntry(index), in: vote.network)
                }
            }
            for index in good.rulings.indices {
                #expect(throws: VerificationError.badSignature(.ruling)) {
                    try check(good.breakingRuling(index), in: vote.network)
                }
            }
            #expect(throws: VerificationError.self) { try check(good, in: network) }
        }
    }

    @Test func messagesAndItemsAreCheckedThrough() throws {
        var generator = PRNG(seed: 5)
        for index in 0..<PRNG.messageCount {
            let message = generator.message(index)
            switch message {
            case .record, .commit, .commitSet, .reveal, .chunk, .alert, .evict, .bye:
                #expect(throws: VerificationError.self) { try check(message) }
            case .item(.opening), .reconcile, .fetch, .claim, .lease, .refuse, .opening,
                .resultWant, .resultPiece, .resultOffer, .resultHeld, .held, .chunkWant, .acting,
                .beat, .have:
                try check(message)
            case .item:
                #expect(throws: VerificationError.self) { try check(message) }
            }
        }
        for index in 0..<PRNG.itemCount where index != 2 {
            let item = generator.item(index)
            #expect(throws: VerificationError.self) { try check(item) }
        }
    }

    @Test func bothStatementsOfARevealAreChecked() throws {
        var generator = PRNG(seed: 6)
        let units = generator.units()
        let result = FakeVerifier.sign(generator.result(units: units), in: network)
        let commit = FakeVerifier.sign(generator.commit(), in: network)
        let cores = generator.list(units.count) { $0.core() }
        func reveal(
            _ result: Signed<ResultStatement>,
            _ commit: Signed<CommitStatement>?
        ) -> Message { .reveal(Reveal(result: result, cores: cores, commit: commit)) }
        try check(reveal(result, commit))
        try check(reveal(result, nil))
        let badCommit = generator.signed(commit.body)
        let badResult = generator.signed(result.body)
        #expect(throws: VerificationError.badSignature(.commit)) {
            try check(reveal(result, badCommit))
        }
        #expect(throws: VerificationError.badSignature(.result)) {
            try check(reveal(badResult, commit))
        }
    }

    @Test func aChunkLeadsToItsRoot() throws {
        var generator = PRNG(seed: 7)
        let length = UInt64(2 * Limits.chunkByteCount + 3)
        let chunks = [Limits.chunkByteCount, Limits.chunkByteCount, 3].map { count in
            generator.bytes(count)
        }
        let leaves = chunks.map { SHA256.hash($0) }
        let root = DataTree.root(leaves: leaves, byteCount: length)
        func chunk(_ bytes: Bytes, at index: Int, of length: UInt64) -> Message {
            let proof = DataTree.proof(leaves: leaves, index: 2)
            return .chunk(
                Chunk(
                    root: root,
                    datasetByteCount: length,
                    index: UInt32(index),
                    bytes: bytes,
                    proof: proof
                )
            )
        }
        try check(chunk(chunks[2], at: 2, of: length))
        for wrong in [
            chunk(Array(chunks[2].reversed()), at: 2, of: length),
            chunk(chunks[2] + [0], at: 2, of: length),
            chunk(chunks[2], at: 1, of: length),
            chunk(chunks[2], at: Int(UInt32.max), of: length),
            chunk(chunks[2], at: 2, of: length + 1),
            chunk(chunks[2], at: 2, of: Limits.datasetByteCount),
        ] {
            #expect(throws: VerificationError.badChunk) { try check(wrong) }
        }
    }

    private func bound(_ record: Record) -> Record {
        let bytes = Record.bindingBytes(network: network, curveKey: record.curveKey)
        return record.with(binding: FakeVerifier.sign(bytes, by: record.peer.digest))
    }

    /// The right signature is accepted; another key's, another body's or another network's is not.
    private func expectOwnSignatureCounts<Body: StatementBody>(_ body: Body) throws {
        let signed = FakeVerifier.sign(body, in: network)
        try check(signed)
        let message = signed.signedBytes(in: network)
        let otherNetwork = NetworkID(Digest(9, 9, 9, 9))
        for wrong in [
            FakeVerifier.sign(message, by: Digest(5, 6, 7, 8)),
            FakeVerifier.sign(message + [0], by: body.signer),
            FakeVerifier.sign(signed.signedBytes(in: otherNetwork), by: body.signer),
        ] {
            #expect(throws: VerificationError.badSignature(Body.kind)) {
                try check(Signed(body, signature: wrong))
            }
        }
    }

    private func check(_ certificate: Certificate, in network: NetworkID) throws {
        let signed = FakeVerifier.sign(certificate, in: network)
        _ = try Verified(checking: signed, with: verifier, in: network)
    }

    private func check(_ value: some Checkable) throws {
        _ = try Verified(checking: value, with: verifier, in: network)
    }
}

extension Certificate {
    private static var wrong: Signature { Signature(Digest(1, 1, 1, 1), .zero) }

    fileprivate func breakingSet(_ index: Int) -> Certificate {
        var sets = self.sets
        let set = sets[index]
        sets[index] = CertificateSet(
            steward: set.steward,
            round: set.round,
            units: set.units,
            epoch: set.epoch,
            seatCount: set.seatCount,
            signature: Self.wrong,
            unrevealed: set.unrevealed
        )
        return with(sets: sets, entries: entries, rulings: rulings)
    }

    fileprivate func breakingEntry(_ index: Int) -> Certificate {
        var entries = self.entries
        let entry = entries[index]
        entries[index] = CertificateEntry(
            set: entry.set,
            worker: entry.worker,
            seat: entry.seat,
            widening: entry.widening,
            nonce: entry.nonce,
            digests: entry.digests,
            operations: entry.operations,
            signature: Self.wrong
        )
        return with(sets: sets, entries: entries, rulings: rulings)
    }

    fileprivate func breakingRuling(_ index: Int) -> Certificate {
        var rulings = self.rulings
        let ruling = rulings[index]
        rulings[index] = EmbeddedRuling(
            project: ruling.project,
            unit: ruling.unit,
            core: ruling.core,
            epoch: ruling.epoch,
            signature: Self.wrong
        )
        return with(sets: sets, entries: entries, rulings: rulings)
    }

    private func with(
        sets: [CertificateSet],
        entries: [CertificateEntry],
        rulings: [EmbeddedRuling]
    ) -> Certificate {
        Certificate(
            manifest: manifest,
            steward: steward,
            vote: vote,
            units: units,
            sets: sets,
            entries: entries,
            openings: openings,
            rulings: rulings
        )
    }
}
