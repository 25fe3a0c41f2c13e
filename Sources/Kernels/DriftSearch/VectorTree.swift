/// Searches stripes eight columns at a time; never the tail of a channel.
///
/// Sums are made out of place, so that nothing is lost at the end of a stripe, and in the order of
/// turboSETI's tree: path k of m rows is path ⌊k/2⌋ of the first half plus path ⌊k/2⌋ of the second
/// half, moved by ⌈k/2⌉ columns.
struct VectorTree {
    private let steps: Int
    private let rowLength: Int
    private var front: [Float]
    private var back: [Float]

    init(steps: Int) {
        self.steps = steps
        rowLength = StripeLayout.stripeWidth(treeSteps: steps) + steps + 32
        let isFused = steps == FusedTree.steps
        let count = isFused ? FusedTree.scratchCount : steps * rowLength
        front = [Float](repeating: 0, count: count)
        back = isFused ? [] : front
    }

    /// Records every hit of `stripe` in drift block `block`.
    mutating func search(
        _ stripe: Stripe,
        block: Int,
        _ rows: TileRows,
        _ recorder: inout HitRecorder
    ) {
        let columns = stripe.columns
        let length = rowLength
        let steps = steps
        unsafe rows.numbers.withUnsafeBufferPointer { numbers in
            unsafe front.withUnsafeMutableBufferPointer { front in
                unsafe back.withUnsafeMutableBufferPointer { back in
                    guard let samples = numbers.baseAddress, let a = front.baseAddress else {
                        return
                    }
                    let first = unsafe samples + rows.halo + columns.lowerBound
                    let shifted = unsafe ShiftedRows(
                        first: first,
                        advance: rows.stride + block,
                        rowLength: length
                    )
                    let span = StripeSpan(
                        columns: columns,
                        block: block,
                        isMirrored: rows.isMirrored,
                        tileWidth: rows.width
                    )
                    if steps == FusedTree.steps {
                        unsafe FusedTree.search(shifted, a, span, &recorder)
                    } else if let b = back.baseAddress {
                        unsafe LevelTree.search(shifted, (a, b), steps, span, &recorder)
                    }
                }
            }
        }
    }
}

/// Where the rows of a stripe begin in a drift block, and how long a row of sums is.
@unsafe
struct ShiftedRows {
    let first: UnsafePointer<Float>
    /// From a row's first number to the next row's: one row and the block's shift.
    let advance: Int
    let rowLength: Int
}

/// Which columns and drifts a search stands for.
struct StripeSpan {
    let columns: Range<Int>
    let block: Int
    let isMirrored: Bool
    let tileWidth: Int

    /// The tile's column of the stripe's column `index`.
    func column(_ index: Int) -> Int {
        let position = columns.lowerBound + index
        return isMirrored ? tileWidth - 1 - position : position
    }
}

extension HitRecorder {
    /// Records the numbers of `sums` above the raw threshold; `index` is the first one's place in
    /// the stripe, and numbers beyond the stripe are not its business.
    mutating func record(_ sums: SIMD8<Float>, at index: Int, _ span: StripeSpan, drift: Float) {
        for lane in 0..<min(8, span.columns.count - index) where sums[lane] > rawThreshold {
            record(column: span.column(index + lane), sum: sums[lane], drift: drift)
        }
    }
}

/// Writes eight numbers from `start` on.
@inline(__always)
func store(_ numbers: SIMD8<Float>, _ base: UnsafeMutablePointer<Float>, _ start: Int) {
    unsafe UnsafeMutableRawPointer(base + start).storeBytes(of: numbers, as: SIMD8<Float>.self)
}
