import Kernels
import Testing

/// Numbers must be written as C's printf writes them.
struct FixedPointTests {
    @Test func textEqualsPrintf() throws {
        let lines = String(decoding: try Cases.bytes("numbers.txt"), as: UTF8.self)
        var count = 0
        for line in lines.split(separator: "\n") {
            let parts = line.split(separator: "|", omittingEmptySubsequences: false)
            let bits = try #require(UInt64(parts[0], radix: 16))
            let decimals = try #require(Int(parts[1]))
            let text = fixedPoint(
                Double(bitPattern: bits),
                decimals: decimals,
                width: decimals == 6 ? 10 : 18
            )
            #expect(text == parts[2])
            count += 1
        }
        #expect(count > 600)
    }
}
