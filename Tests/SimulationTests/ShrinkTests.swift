import Primitives
import Simulator
import Testing

/// Failures that tests plant are made smaller, and scripts play the life that they tell of.
@Suite struct ShrinkTests {
    /// A life in which something is wrong as soon as `isWrong` says so.
    private func play(
        _ script: Script,
        _ isWrong: @escaping (Report) -> Bool
    ) -> (failure: String?, mishaps: [Mishap]) {
        let world = World(script, watch: { isWrong($0) ? "planted at \($0.events)" : nil })
        return (world.run().failure, world.mishaps)
    }

    /// A script of the first seed in which `isWrong` comes true, made as small as it gets.
    private func shrunk(_ isWrong: @escaping (Report) -> Bool) throws -> Shrinker {
        // Dropping one thing at a time may stop early; from these seeds on it does not.
        for seed in 9..<59 as Range<UInt64> {
            let script = Script(Options(seed: seed, peers: 6))
            let shrinker = Shrinker(script, attemptsMax: 400) { play($0, isWrong) }
            guard var shrinker else { continue }
            shrinker.shrink()
            return shrinker
        }
        throw Unplanted()
    }

    private struct Unplanted: Error {}

    @Test func aFailureKeepsWhatItNeedsAndNothingElse() throws {
        let shrinker = try shrunk { $0.crashes >= 2 }
        let options = shrinker.script.options
        #expect(shrinker.failure == "planted at #")
        #expect(shrinker.script.mishaps?.map(\.kind) == [.crash, .crash])
        #expect(options.peers < 6)
        #expect(options.units == 1)
        #expect(options.chunks == 1)
        #expect(options.crash.numerator > 0)
        #expect(options.loss.numerator == 0 && options.sleep.numerator == 0)
        #expect(options.partition == .none && !options.isHostile && options.liars == 0)
    }

    @Test func twoKindsOfMishapsAreKept() throws {
        let shrinker = try shrunk { $0.crashes > 0 && $0.lost > 0 }
        let kinds = shrinker.script.mishaps?.map { "\($0.kind)" }.sorted()
        #expect(kinds == ["crash", "loss"])
    }

    @Test func aSeedThatHoldsIsNotShrunk() {
        let shrinker = Shrinker(Script(Options(seed: 3)), attemptsMax: 10) {
            play($0) { _ in false }
        }
        #expect(shrinker == nil)
    }

    /// With every mishap written down, a life is the same as by the dice.
    @Test(arguments: 0..<8 as Range<UInt64>)
    func aScriptIsReadAndPlaysTheSameLife(seed: UInt64) throws {
        let options = Options(seed: seed)
        let world = World(options)
        let report = world.run()
        let script = Script(options, mishaps: world.mishaps)
        let read = try Script(text: script.text)
        #expect(read == script)
        #expect(World(read).run() == report)
        #expect(try Script(text: Script(options).text) == Script(options))
    }

    @Test func whatIsNoScriptIsRefused() throws {
        let options = Options(seed: 1)
        let text = Script(options, mishaps: []).text
        #expect(throws: ScriptError.line(1)) { try Script(text: "") }
        #expect(throws: ScriptError.line(2)) {
            try Script(text: "starling-sim script 1\nsed 1\n")
        }
        #expect(throws: ScriptError.line(3)) {
            try Script(text: "starling-sim script 1\nseed 1\nloss 1/0\n")
        }
        #expect(throws: ScriptError.impossible) { try Script(text: "starling-sim script 1\n") }
        #expect(throws: ScriptError.cutOff) {
            try Script(text: text.replacing("mishaps 0", with: "mishaps 1"))
        }
        #expect(throws: ScriptError.self) { try Script(text: text + "12 crash 1\n") }
    }
}
