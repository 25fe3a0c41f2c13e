import Primitives
import Wire

/// Sums over rows, which show that a bit has flipped on the disk: SQLite itself looks at the shape
/// of its pages and not at what stands in them.
enum RowSum {
    /// The sum of a row of the journal.
    static func of(_ table: JournalTable, key: Bytes, value: Bytes) -> Int64 {
        var sum = FNV1a()
        sum.add(table.rawValue)
        sum.add(UInt64(key.count))
        sum.add(key)
        sum.add(value)
        return sum.value
    }

    /// The sum of a result's row; the result itself is held against its hash when it is read.
    static func of(resultHash hash: Bytes, byteCount: Int) -> Int64 {
        var sum = FNV1a()
        sum.add(hash)
        sum.add(UInt64(byteCount))
        return sum.value
    }
}

/// The 64-bit hash FNV-1a: no two inputs that differ in one byte have the same sum.
///
/// - Source: G. Fowler, L. C. Noll, K.-P. Vo.
private struct FNV1a {
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325

    var value: Int64 { Int64(bitPattern: state) }

    mutating func add(_ byte: UInt8) { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }

    mutating func add(_ bytes: Bytes) {
        for byte in bytes { add(byte) }
    }

    mutating func add(_ number: UInt64) {
        for shift in stride(from: 0, to: 64, by: 8) {
            add(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
        }
    }
}
