import Simulator
import Testing

/// A handful of whole networks; the campaign of many seeds is `make sim`, in release.
@Suite struct SeedTests {
    @Test(arguments: 0..<6 as Range<UInt64>)
    func everyInvariantHolds(seed: UInt64) {
        let report = World(Options(seed: seed)).run()
        #expect(report.violations == [])
        #expect(report.wrong == 0)
    }

    /// 248 once showed peers that were dialled while they were starting and never met; 1958 a key
    /// that was replaced, and a certificate of the old one that could never be opened.
    @Test(arguments: [248, 1_958] as [UInt64])
    func seedsThatHaveFoundSomethingHold(seed: UInt64) {
        #expect(World(Options(seed: seed)).run().violations == [])
    }

    @Test func aSeedIsRepeatedExactly() {
        let options = Options(seed: 4, peers: 4)
        let first = World(options).run()
        #expect(first == World(options).run())
        #expect(first != World(Options(seed: 5, peers: 4)).run())
    }

    @Test func theSeedDecidesUnlessItIsTold() {
        #expect(Options(seed: 9).peers == Options(seed: 9).peers)
        #expect(Options(seed: 9, peers: 3).peers == 3)
        let sizes = (0..<50).map { Options(seed: $0).peers }
        #expect(sizes.allSatisfy { (2...8).contains($0) })
        #expect(Set(sizes).count > 3)
    }
}
