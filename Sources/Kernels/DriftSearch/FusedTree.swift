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
        for start in stride(from: 0, to: count, by: chunk) {
            var largest = unsafe sums.largest(at: start)
            for column in stride(from: start + 8, to: min(start + chunk, count), by: 8) {
                largest = larger(largest, unsafe sums.largest(at: column))
            }
            guard any(largest .> threshold) else { continue }
            let end = min(start + chunk, count)
            unsafe recordHits(sums, start..<end, span, &recorder)
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
            for column in stride(from: 0, to: count, by: 8) {
                let left = unsafe vector(a, column)
                let even = unsafe left + vector(b, column)
                let odd = unsafe left + vector(b, column + 1)
                let c1 = unsafe vector(c, column + 1)
                let low = unsafe vector(c, column) + vector(d, column)
                let lowMiddle = unsafe c1 + vector(d, column + 1)
                let highMiddle = unsafe c1 + vector(d, column + 2)
                let high = unsafe vector(c, column + 2) + vector(d, column + 3)
                unsafe store(even + low, out, column)
                unsafe store(even + lowMiddle, out, length + column)
                unsafe store(odd + highMiddle, out, 2 * length + column)
                unsafe store(odd + high, out, 3 * length + column)
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
        unsafe vector(base, (path / 2) * rowLength + column)
            + vector(base, (4 + path / 2) * rowLength + column + (path + 1) / 2)
    }

    /// Path `path` of the last eight rows.
    @inline(__always)
    private func lower(_ path: Int, _ column: Int) -> SIMD8<Float> {
        unsafe vector(base, (8 + path / 2) * rowLength + column)
            + vector(base, (12 + path / 2) * rowLength + column + (path + 1) / 2)
    }

    /// Path `path` of all sixteen rows.
    @inline(__always)
    func path(_ path: Int, at column: Int) -> SIMD8<Float> {
        unsafe upper(path / 2, column) + lower(path / 2, column + (path + 1) / 2)
    }

    /// The larger sum of paths 2·`pair` and 2·`pair` + 1.
    @inline(__always)
    private func pair(_ pair: Int, _ column: Int) -> SIMD8<Float> {
        let first = unsafe upper(pair, column)
        return unsafe larger(
            first + lower(pair, column + pair),
            first + lower(pair, column + pair + 1)
        )
    }

    /// The largest of the sixteen sums of each column.
    @inline(__always)
    func largest(at column: Int) -> SIMD8<Float> {
        let low = unsafe larger(
            larger(pair(0, column), pair(1, column)),
            larger(pair(2, column), pair(3, column))
        )
        let high = unsafe larger(
            larger(pair(4, column), pair(5, column)),
            larger(pair(6, column), pair(7, column))
        )
        return larger(low, high)
    }
}

/// The larger number of each lane.
@inline(__always)
func larger(_ left: SIMD8<Float>, _ right: SIMD8<Float>) -> SIMD8<Float> {
    right.replacing(with: left, where: left .> right)
}

/// Writes eight numbers from `start` on.
@inline(__always)
func store(_ numbers: SIMD8<Float>, _ base: UnsafeMutablePointer<Float>, _ start: Int) {
    unsafe UnsafeMutableRawPointer(base + start).storeBytes(of: numbers, as: SIMD8<Float>.self)
}
