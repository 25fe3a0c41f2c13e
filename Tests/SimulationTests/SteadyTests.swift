import Primitives
import Simulator
import Testing

/// Networks whose members never change.
@Suite struct SteadyTests {
    @Test func moreThanSixtyFourPeersAgree() {
        let report = World(Options(steady: 3, peers: 70, units: 6)).run()
        #expect(report.violations == [])
        #expect(report.certified == 6 && report.wrong == 0)
        #expect(report.crashes == 0 && report.splits == 0)
    }

    @Test func aSeedIsRepeatedExactly() {
        let options = Options(steady: 5, peers: 20, units: 4)
        #expect(World(options).run() == World(options).run())
    }
}
