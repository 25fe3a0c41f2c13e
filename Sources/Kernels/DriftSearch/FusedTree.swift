/// The tree of 16 steps in three passes over a few columns at a time, so that all sums stay in the
/// first-level cache: rows to quarters, quarters to halves, and halves to the 16 sums, which are
/// compared in registers and never stored.
enum FusedTree {
    static let steps = 16
    /// Columns of one round.
    private static let roundWidth = 192
    /// Numbers in a row of quarters or halves: a round, what its paths reach, and a vector.
    private static let rowLength = roundWidth + 32
    /// Numbers that the quarters and the halves of a round need.
    static let scratchCount = 2 * steps * rowLength

    static func search(
        _ rows: ShiftedRows,
        _ scratch: UnsafeMutablePointer<Float>,
        _ span: StripeSpan,
        _ recorder: inout HitRecorder
    ) {
        let quarters = unsafe scratch
        let halves = unsafe scratch + steps * rowLength
        let threshold = SIMD8<Float>(repeating: recorder.rawThreshold)
        for start in stride(from: 0, to: span.columns.count, by: roundWidth) {
            let count = min(roundWidth, span.columns.count - start)
            unsafe sumQuarters(rows, start, quarters, count: count + steps)
            unsafe sumHalves(quarters, halves, count: count + steps / 2)
            guard unsafe exceeds(threshold, halves, count: count) else { continue }
            unsafe recordHits(halves, start..<(start + count), span, &recorder)
        }
    }

    /// The four paths over each four rows, for `count` columns from `start` on.
    private static func sumQuarters(
        _ rows: ShiftedRows,
        _ start: Int,
        _ quarters: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        for quarter in 0..<4 {
            let a = unsafe rows.first + 4 * quarter * rows.advance + start
            let b = unsafe a + rows.advance
            let c = unsafe b + rows.advance
            let d = unsafe c + rows.advance
            let out = unsafe quarters + 4 * quarter * rowLength
            var column = 0
            while column < count {
                let left = unsafe vector(a, column)
                let even = unsafe left + vector(b, column)
                let odd = unsafe left + vector(b, column &+ 1)
                let c1 = unsafe vector(c, column &+ 1)
                let low = unsafe vector(c, column) + vector(d, column)
                let lowMiddle = unsafe c1 + vector(d, column &+ 1)
                let highMiddle = unsafe c1 + vector(d, column &+ 2)
                let high = unsafe vector(c, column &+ 2) + vector(d, column &+ 3)
                unsafe store(even + low, out, column)
                unsafe store(even + lowMiddle, out, rowLength &+ column)
                unsafe store(odd + highMiddle, out, 2 &* rowLength &+ column)
                unsafe store(odd + high, out, 3 &* rowLength &+ column)
                column &+= 8
            }
        }
    }

    /// The eight paths over each eight rows, for `count` columns.
    private static func sumHalves(
        _ quarters: UnsafePointer<Float>,
        _ halves: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        for half in 0..<2 {
            for pair in 0..<4 {
                let first = unsafe quarters + (8 * half + pair) * rowLength
                let second = unsafe first + 4 * rowLength + pair
                let out = unsafe halves + (8 * half + 2 * pair) * rowLength
                var column = 0
                while column < count {
                    let left = unsafe vector(first, column)
                    unsafe store(left + vector(second, column), out, column)
                    unsafe store(left + vector(second, column &+ 1), out, rowLength &+ column)
                    column &+= 8
                }
            }
        }
    }

    /// Whether one of the sixteen sums of one of `count` columns is above `threshold`.
    ///
    /// A difference is negative exactly when the second number is larger, subnormal ones included.
    /// Gathering sign bits costs less than masks that take part in arithmetic.
    private static func exceeds(
        _ threshold: SIMD8<Float>,
        _ halves: UnsafePointer<Float>,
        count: Int
    ) -> Bool {
        var signs = SIMD8<UInt32>(repeating: 0)
        for pair in 0..<8 {
            let first = unsafe halves + pair * rowLength
            let second = unsafe first + 8 * rowLength + pair
            var column = 0
            while column < count {
                let left = unsafe vector(first, column)
                let even = unsafe threshold - (left + vector(second, column))
                let odd = unsafe threshold - (left + vector(second, column &+ 1))
                signs |= bits(even) | bits(odd)
                column &+= 8
            }
        }
        return signs.max() >> 31 == 1
    }

    @inline(__always)
    private static func bits(_ numbers: SIMD8<Float>) -> SIMD8<UInt32> {
        unsafe unsafeBitCast(numbers, to: SIMD8<UInt32>.self)
    }

    @inline(never)
    private static func recordHits(
        _ halves: UnsafePointer<Float>,
        _ columns: Range<Int>,
        _ span: StripeSpan,
        _ recorder: inout HitRecorder
    ) {
        let threshold = SIMD8<Float>(repeating: recorder.rawThreshold)
        for (path, drift) in recorder.paths(block: span.block, mirrored: span.isMirrored) {
            let first = unsafe halves + path / 2 * rowLength
            let second = unsafe first + 8 * rowLength + (path + 1) / 2
            for column in stride(from: 0, to: columns.count, by: 8) {
                let sums = unsafe vector(first, column) + vector(second, column)
                guard any(sums .> threshold) else { continue }
                recorder.record(sums, at: columns.lowerBound + column, span, drift: drift)
            }
        }
    }
}
