import Primitives
import Testing

@Suite struct SortedTableTests {
    @Test(arguments: 0..<20) func behavesLikeASortedDictionary(seed: UInt64) {
        var random = PRNG(seed: seed)
        var table = SortedTable<UInt64, UInt64>()
        var model: [UInt64: UInt64] = [:]
        for _ in 0..<400 {
            let key = random.below(40)
            switch random.below(4) {
            case 0:
                #expect(table.remove(key) == model.removeValue(forKey: key))
            case 1:
                table[key, default: 5] += 1
                model[key, default: 5] += 1
            case 2:
                table.filter { candidate, _ in candidate != key }
                model[key] = nil
            default:
                let value = random.next()
                table[key] = value
                model[key] = value
            }
            #expect(table[key] == model[key])
        }
        #expect(table.keys == model.keys.sorted())
        #expect(table.values == model.keys.sorted().map { model[$0] })
    }

    @Test func lowerBoundIsTheFirstKeyNotBelow() {
        var table = SortedTable<Int, String>()
        for key in [10, 20, 30] { table[key] = "" }
        #expect([5, 10, 11, 30, 31].map { table.lowerBound($0) } == [0, 0, 1, 2, 3])
    }
}
