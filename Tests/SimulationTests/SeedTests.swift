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

    /// Whoever listens changes nothing, and hears the beginning, what failed, and the end.
    @Test func aStoryIsToldAndChangesNothing() throws {
        let seed = try #require((0..<40).first { Options(seed: $0).partition == .islands })
        var lines: [String] = []
        let report = World(Options(seed: seed)) { lines.append($0) }.run()
        #expect(report == World(Options(seed: seed)).run())
        #expect(lines.first == "    0.000  peer 0 starts")
        #expect(lines.last?.hasSuffix("everything is done, and all agree") == true)
        for event in ["publishes job", "falls apart", "whole again", "leases", "certificate of"] {
            #expect(lines.contains { $0.contains(event) }, "nobody tells of: \(event)")
        }
        #expect(report.splits > 0 && report.cut > 0)
    }

    /// Told by a script, a worker is named an anchor, and everybody heeds it in its hours alone.
    @Test func aWorkerIsNamedAnAnchorInMidRun() throws {
        let quiet = "starling-sim script 1\nseed 3\npeers 5\nunits 20\nwork 3000000000\n"
        let script = try Script(text: quiet + "hour-span 20000000000\nnamed 2\n")
        #expect(script.text.contains("\nnamed 2\n"))
        let report = World(script).run()
        #expect(report.violations == [] && report.named == 1)
        let place = try #require(messageKinds.firstIndex(of: "anchor"))
        #expect(report.messages[place] > 0)
        for wrong in ["named 0", "named 5", "named 3\nhostile yes\npeers 3"] {
            #expect(throws: ScriptError.impossible) { try Script(text: quiet + wrong + "\n") }
        }
    }

    @Test func theSeedDecidesUnlessItIsTold() {
        #expect(Options(seed: 9).peers == Options(seed: 9).peers)
        #expect(Options(seed: 9, peers: 3).peers == 3)
        let sizes = (0..<50).map { Options(seed: $0).peers }
        #expect(sizes.allSatisfy { (2...10).contains($0) })
        #expect(Set(sizes).count > 3)
    }
}
