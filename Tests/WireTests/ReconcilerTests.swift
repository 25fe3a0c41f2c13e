import Primitives
import Testing
import Wire

@Suite struct ReconcilerTests {
    /// Two copies of a set that talk as peers do: what one offers the other takes, what
    /// one wants the other sends.
    private struct Pair {
        var copies: [SortedTable<ItemKey, Bool>] = [.init(), .init()]
        var messages = 0
        var items = 0

        var areEqual: Bool { copies[0].keys == copies[1].keys }

        /// One exchange, begun by `opener`; it ends when one side has nothing to say.
        mutating func exchange(openedBy opener: Int) throws {
            var message = Reconciler.open(.ledger, keys: copies[opener].keys)
            var receiver = 1 - opener
            for _ in 0..<64 {
                messages += 1
                let frame = Message.reconcile(message).frame
                let sent = try Message(frame: frame)
                #expect(sent == .reconcile(message), "a message survives its encoding")
                let step = Reconciler.answer(message, keys: copies[receiver].keys)
                #expect(step.wanted.count <= Limits.keysPerReconciliation)
                #expect(step.offered.count <= Limits.keysPerReconciliation)
                for key in step.wanted {
                    #expect(!copies[receiver].contains(key) && copies[1 - receiver].contains(key))
                    copies[receiver][key] = true
                }
                for key in step.offered {
                    #expect(copies[receiver].contains(key))
                    copies[1 - receiver][key] = true
                }
                items += step.wanted.count + step.offered.count
                guard let reply = step.reply else { return }
                message = reply
                receiver = 1 - receiver
            }
            Issue.record("an exchange goes on for ever")
        }
    }

    private static func key(_ random: inout PRNG) -> ItemKey {
        ItemKey(epoch: 500_000 + random.below(100), id: random.identifier())
    }

    private static func pair(
        shared: Int,
        left: Int,
        right: Int,
        _ random: inout PRNG
    ) -> Pair {
        var pair = Pair()
        for _ in 0..<shared {
            let key = key(&random)
            pair.copies[0][key] = true
            pair.copies[1][key] = true
        }
        for _ in 0..<left { pair.copies[0][key(&random)] = true }
        for _ in 0..<right { pair.copies[1][key(&random)] = true }
        return pair
    }

    @Test(arguments: 0..<40) func randomSetsConvergeInFewMessages(seed: UInt64) throws {
        var random = PRNG(seed: seed)
        let shared = random.count(0...2_000)
        // Usually a few differences, sometimes nothing in common.
        let most = random.below(3) == 0 ? 2_000 : 20
        let (left, right) = (random.count(0...most), random.count(0...most))
        var pair = Self.pair(shared: shared, left: left, right: right, &random)
        let union = Set(pair.copies[0].keys).union(pair.copies[1].keys)
        var exchanges = 0
        while !pair.areEqual, exchanges < 64 {
            try pair.exchange(openedBy: exchanges % 2)
            exchanges += 1
        }
        #expect(pair.areEqual)
        #expect(pair.copies[0].keys == union.sorted())
        #expect(pair.items >= left + right)
        // A message lists 512 keys at most, some of them known to both sides.
        #expect(exchanges <= 2 + (left + right) / 128)
        #expect(pair.messages <= 6 * exchanges)
    }

    @Test(arguments: 0..<8) func fewDifferencesNeedOneExchange(seed: UInt64) throws {
        var random = PRNG(seed: seed)
        var pair = Self.pair(shared: 2_000, left: 3, right: 4, &random)
        try pair.exchange(openedBy: 0)
        #expect(pair.areEqual)
        #expect(pair.items == 7)
        #expect(pair.messages <= 4)
    }

    @Test(arguments: [0, 1, 32, 33, 2_000]) func equalSetsStopAfterOneMessage(count: Int) throws {
        var random = PRNG(seed: 1)
        var pair = Self.pair(shared: count, left: 0, right: 0, &random)
        try pair.exchange(openedBy: 0)
        #expect(pair.messages == 1)
        #expect(pair.items == 0)
    }

    @Test(arguments: [(12_000, 12_000), (20_000, 0), (0, 9_000)])
    func largeSetsWithNothingInCommonComeCloserInEachExchange(left: Int, right: Int) throws {
        var random = PRNG(seed: 2)
        var pair = Self.pair(shared: 0, left: left, right: right, &random)
        for exchange in 0..<4 {
            let before = pair.items
            try pair.exchange(openedBy: exchange % 2)
            #expect(pair.items - before >= 128)
            #expect(pair.messages <= 12 * (exchange + 1))
        }
    }

    @Test func manySmallDifferencesAllOverALargeSetConverge() throws {
        var random = PRNG(seed: 3)
        var pair = Self.pair(shared: 16_000, left: 1_000, right: 1_000, &random)
        var exchanges = 0
        while !pair.areEqual, exchanges < 200 {
            try pair.exchange(openedBy: exchanges % 2)
            exchanges += 1
        }
        #expect(pair.areEqual)
        #expect(pair.messages <= 12 * exchanges)
    }

    @Test func aSideThatHoldsNothingIsOfferedWhatFitsOneMessage() {
        var random = PRNG(seed: 4)
        let keys = random.list(2_000) { Self.key(&$0) }.sorted()
        let opening = Reconciler.open(.records, keys: keys)
        let answer = Reconciler.answer(opening, keys: [])
        #expect(answer.wanted.isEmpty && answer.offered.isEmpty)
        #expect(
            answer.reply
                == Reconciliation(
                    set: .records,
                    ranges: [ReconciliationRange(end: nil, claim: .keys([]))]
                )
        )
        guard let reply = answer.reply else { return }
        let step = Reconciler.answer(reply, keys: keys)
        #expect(step.reply == nil)
        #expect(step.wanted.isEmpty)
        #expect(step.offered == Array(keys.prefix(Limits.keysPerReconciliation)))
    }

    @Test func rangesOutOfOrderCrashNobody() {
        var random = PRNG(seed: 5)
        let keys = random.list(100) { Self.key(&$0) }.sorted()
        let hostile = Reconciliation(
            set: .ledger,
            ranges: [
                ReconciliationRange(end: keys[90], claim: .keys([])),
                ReconciliationRange(end: keys[10], claim: .keys([])),
                ReconciliationRange(end: nil, claim: .fingerprint(count: 7, .zero)),
            ]
        )
        let step = Reconciler.answer(hostile, keys: keys)
        #expect(step.offered == Array(keys[..<90]))
        #expect(step.reply != nil)
    }

    @Test func keysAreOrderedByEpochAndThenById() {
        let ids = [1, 2, 3].map { ItemID(Digest($0, 0, 0, 0)) }
        let ordered = [
            ItemKey(epoch: 4, id: ids[2]), ItemKey(epoch: 5, id: ids[0]),
            ItemKey(epoch: 5, id: ids[1]), ItemKey(epoch: 6, id: ids[0]),
        ]
        for (left, right) in zip(ordered, ordered.dropFirst()) {
            #expect(left < right && !(right < left))
        }
        #expect(ordered.reversed().sorted() == ordered)
    }
}
