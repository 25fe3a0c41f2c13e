import Primitives
import Testing

@Suite struct ValueTests {
    @Test func hexadecimalGoesBothWays() {
        let all = Bytes(0...255)
        #expect(bytes(hexadecimal: hexadecimal(all)) == all)
        #expect(bytes(hexadecimal: "AbCd") == [0xab, 0xcd])
        #expect(bytes(hexadecimal: "abc") == nil)
        #expect(bytes(hexadecimal: "zz") == nil)
    }

    @Test func digestKeepsItsBytesAndTheirOrder() throws {
        let low = try #require(Digest(Bytes(0..<32)))
        let high = try #require(Digest(Bytes(1..<33)))
        #expect(low.bytes == Bytes(0..<32))
        #expect(low < high)
        #expect(Digest(Bytes(0..<31)) == nil)
        #expect(Digest(hexadecimal: high.description) == high)
    }

    @Test func digestsAddAsLongNumbers() {
        let ones = Digest(.max, .max, .max, .max)
        #expect(ones &+ Digest(0, 0, 0, 1) == .zero)
        #expect(Digest(0, 0, 0, .max) &+ Digest(0, 0, 0, 2) == Digest(0, 0, 1, 1))
        #expect(Digest(0, .max, .max, .max) &+ Digest(0, 0, 0, 1) == Digest(1, 0, 0, 0))
    }

    @Test func timeSaturatesAtItsEnds() {
        let late = Instant(nanoseconds: .max)
        #expect(late.advanced(by: .seconds(1)) == late)
        #expect(Instant.zero.since(late) == .zero)
        #expect(TimeSpan.seconds(.max) == TimeSpan(nanoseconds: .max))
        #expect(late.since(.zero).divided(by: 2).nanoseconds == UInt64.max / 2)
    }

    @Test func equalSeedsGiveEqualSequences() {
        var left = PRNG(seed: 7)
        var right = PRNG(seed: 7)
        for _ in 0..<50 {
            let (first, second) = (left.next(), right.next())
            #expect(first == second)
        }
        for bound in 1...50 as ClosedRange<UInt64> {
            let number = left.below(bound)
            #expect(number < bound)
        }
        let impossible = left.chance(.never)
        #expect(!impossible)
    }
}
