/// The tree of 16 steps in two passes: rows to quarters, and quarters to the 16 sums, which are
/// compared in registers and never stored.
enum FusedTree {
    static let steps = 16
    /// Columns that are compared before the result is looked at.
    private static let chunk = 32

    static func search(
        _ rows: ShiftedRows,
        _ quarters: UnsafeMutablePointer<Float>,
        _ span: StripeSpan,
        _ recorder: inout HitRecorder
    ) {
        let count = span.columns.count
        unsafe sumQuarters(rows, quarters, count: count + steps)
        let sums = unsafe QuarterSums(base: UnsafePointer(quarters), rowLength: rows.rowLength)
        let threshold = SIMD8<Float>(repeating: recorder.rawThreshold)
        var start = 0
        while start < count {
            let end = min(start + chunk, count)
            var signs = SIMD8<UInt32>(repeating: 0)
            var column = start
            while column < end {
                unsafe signs |= sums.signsOfExcess(over: threshold, at: column)
                column &+= 8
            }
            if signs.max() >> 31 == 1 {
                unsafe recordHits(sums, start..<end, span, &recorder)
            }
            start = end
        }
    }

    /// The four paths over each four rows, for `count` columns.
    private static func sumQuarters(
        _ rows: ShiftedRows,
        _ quarters: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        let length = unsafe rows.rowLength
        for quarter in 0..<4 {
            let a = unsafe rows.first + 4 * quarter * rows.advance
            let b = unsafe a + rows.advance
            let c = unsafe b + rows.advance
            let d = unsafe c + rows.advance
            let out = unsafe quarters + 4 * quarter * length
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
                unsafe store(even + lowMiddle, out, length &+ column)
                unsafe store(odd + highMiddle, out, 2 &* length &+ column)
                unsafe store(odd + high, out, 3 &* length &+ column)
                column &+= 8
            }
        }
    }

    @inline(never)
    private static func recordHits(
        _ sums: QuarterSums,
        _ columns: Range<Int>,
        _ span: StripeSpan,
        _ recorder: inout HitRecorder
    ) {
        let threshold = SIMD8<Float>(repeating: recorder.rawThreshold)
        for (path, drift) in recorder.paths(block: span.block, mirrored: span.isMirrored) {
            for column in stride(from: columns.lowerBound, to: columns.upperBound, by: 8) {
                let sum = unsafe sums.path(path, at: column)
                guard any(sum .> threshold) else { continue }
                recorder.record(sum, at: column, span, drift: drift)
            }
        }
    }
}

/// The sums of four rows each, shape [quarter][path of four][column], and what follows from them.
@unsafe
struct QuarterSums {
    let base: UnsafePointer<Float>
    let rowLength: Int

    /// Path `path` of the first eight rows.
    @inline(__always)
    private func upper(_ path: Int, _ column: Int) -> SIMD8<Float> {
        let half = path &>> 1
        return unsafe vector(base, half &* rowLength &+ column)
            + vector(base, (4 &+ half) &* rowLength &+ column &+ (path &+ 1) &>> 1)
    }

    /// Path `path` of the last eight rows.
    @inline(__always)
    private func lower(_ path: Int, _ column: Int) -> SIMD8<Float> {
        let half = path &>> 1
        return unsafe vector(base, (8 &+ half) &* rowLength &+ column)
            + vector(base, (12 &+ half) &* rowLength &+ column &+ (path &+ 1) &>> 1)
    }

    /// Path `path` of all sixteen rows.
    @inline(__always)
    func path(_ path: Int, at column: Int) -> SIMD8<Float> {
        let half = path &>> 1
        return unsafe upper(half, column) + lower(half, column &+ (path &+ 1) &>> 1)
    }

    /// The sign bits of `threshold` − sum, for paths 2·`pair` and 2·`pair` + 1.
    @inline(__always)
    private func signs(
        _ pair: Int,
        _ column: Int,
        _ threshold: SIMD8<Float>
    ) -> SIMD8<UInt32> {
        let first = unsafe upper(pair, column)
        let even = unsafe threshold - (first + lower(pair, column &+ pair))
        let odd = unsafe threshold - (first + lower(pair, column &+ pair &+ 1))
        return bits(even) | bits(odd)
    }

    /// Bit 31 of a lane is set where one of the column's sixteen sums is above `threshold`.
    ///
    /// A difference is negative exactly when the second number is larger, subnormal ones included.
    /// A subtraction and an OR cost less than a comparison whose mask takes part in arithmetic.
    @inline(__always)
    func signsOfExcess(over threshold: SIMD8<Float>, at column: Int) -> SIMD8<UInt32> {
        let low = unsafe signs(0, column, threshold) | signs(1, column, threshold)
        let lowMiddle = unsafe signs(2, column, threshold) | signs(3, column, threshold)
        let highMiddle = unsafe signs(4, column, threshold) | signs(5, column, threshold)
        let high = unsafe signs(6, column, threshold) | signs(7, column, threshold)
        return low | lowMiddle | highMiddle | high
    }
}

@inline(__always)
private func bits(_ numbers: SIMD8<Float>) -> SIMD8<UInt32> {
    unsafe unsafeBitCast(numbers, to: SIMD8<UInt32>.self)
}

/// Writes eight numbers from `start` on.
@inline(__always)
func store(_ numbers: SIMD8<Float>, _ base: UnsafeMutablePointer<Float>, _ start: Int) {
    unsafe UnsafeMutableRawPointer(base + start).storeBytes(of: numbers, as: SIMD8<Float>.self)
}
