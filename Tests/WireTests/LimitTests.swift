import Primitives
import Testing
import Wire

/// Every limit that a decoder enforces: accepted at the limit, refused one beyond.
@Suite struct LimitTests {
    @Test func keysAreCountedOverAllRangesOfAReconciliation() {
        let limit = Limits.keysPerReconciliation
        #expect(recodes(reconciliation(keyCounts: [limit])))
        #expect(!recodes(reconciliation(keyCounts: [limit + 1])))
        #expect(recodes(reconciliation(keyCounts: [limit - 7, 0, 7])))
        #expect(!recodes(reconciliation(keyCounts: [limit - 7, 0, 8])))
    }

    private func reconciliation(keyCounts: [Int]) -> Message {
        var epoch: UInt64 = 0
        let ranges = keyCounts.map { count in
            let keys = keys(count, from: epoch)
            epoch += UInt64(count) + 1
            let end = ItemKey(epoch: epoch, id: ItemID(.zero))
            return ReconciliationRange(end: end, claim: .keys(keys))
        }
        return .reconcile(Reconciliation(set: .ledger, ranges: ranges))
    }

    private func keys(_ count: Int, from epoch: UInt64) -> [ItemKey] {
        (0..<count).map { ItemKey(epoch: epoch + UInt64($0), id: ItemID(.zero)) }
    }
}
