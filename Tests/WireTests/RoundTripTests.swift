import Primitives
import Testing
import Wire

@Suite struct RoundTripTests {
    @Test(arguments: Format.all)
    func encodingSurvivesDecoding(_ format: Format) throws {
        var generator = PRNG(seed: 1)
        for _ in 0..<40 {
            let bytes = format.example(&generator)
            #expect(try format.recode(bytes) == bytes)
        }
    }

    @Test func statementsSurviveTheirEnvelopes() throws {
        var generator = PRNG(seed: 2)
        for _ in 0..<20 {
            let units = generator.units()
            try expectRoundTrip(of: generator.record(), &generator)
            try expectRoundTrip(of: generator.manifest(), &generator)
            try expectRoundTrip(of: generator.cancel(), &generator)
            try expectRoundTrip(of: generator.ruling(), &generator)
            try expectRoundTrip(of: generator.commit(), &generator)
            try expectRoundTrip(of: generator.commitSet(), &generator)
            try expectRoundTrip(of: generator.result(units: units), &generator)
            try expectRoundTrip(of: generator.certificate(), &generator)
            try expectRoundTrip(of: generator.hold(), &generator)
            try expectRoundTrip(of: generator.device(), &generator)
            try expectRoundTrip(of: generator.revoke(), &generator)
            try expectRoundTrip(of: generator.anchor(), &generator)
            try expectRoundTrip(of: generator.alert(), &generator)
            try expectRoundTrip(of: generator.bye(), &generator)
        }
    }

    @Test func messagesSurviveTheirFrames() throws {
        var generator = PRNG(seed: 3)
        for index in 0..<PRNG.messageCount {
            for _ in 0..<20 {
                let message = generator.message(index)
                #expect(try Message(frame: message.frame) == message)
            }
        }
    }

    @Test func itemsAndFirstFramesSurvive() throws {
        var generator = PRNG(seed: 4)
        for index in 0..<100 {
            let item = generator.item(index % PRNG.itemCount)
            var decoder = CBORDecoder(encoded(item))
            #expect(try Item(from: &decoder) == item)
            try decoder.finish()
            let hello = generator.hello()
            #expect(try Hello(frame: hello.frame) == hello)
        }
    }

    @Test func slotsDifferWhereBundlesDoNotOverlap() {
        var generator = PRNG(seed: 5)
        let statement = generator.commit()
        #expect(Set(statement.slots).count == statement.units.count)
        let other = CommitStatement(
            worker: statement.worker,
            manifest: statement.manifest,
            steward: statement.steward,
            round: statement.round,
            units: [statement.units[0]],
            commit: generator.digest()
        )
        #expect(other.slots == [statement.slots[0]])
        let later = CommitStatement(
            worker: statement.worker,
            manifest: statement.manifest,
            steward: statement.steward,
            round: statement.round &+ 1,
            units: statement.units,
            commit: statement.commit
        )
        #expect(Set(later.slots).isDisjoint(with: statement.slots))
    }

    private func expectRoundTrip(
        of body: some StatementBody,
        _ generator: inout PRNG
    ) throws {
        try expectRoundTrip(of: generator.signed(body))
    }

    private func expectRoundTrip<Body: StatementBody>(of signed: Signed<Body>) throws {
        let again = try Signed<Body>(envelope: signed.envelope)
        #expect(again == signed)
        #expect(again.id == ItemID(SHA256.hash(signed.body.payload)))
        #expect(again.body.slots == signed.body.slots)
        #expect(again.body.signer == signed.body.signer)
    }
}
