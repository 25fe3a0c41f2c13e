/// The tree of any power of two of steps, level by level between two buffers.
enum LevelTree {
    static func search(
        _ rows: ShiftedRows,
        _ buffers: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>),
        _ steps: Int,
        _ span: StripeSpan,
        _ recorder: inout HitRecorder
    ) {
        let length = unsafe rows.rowLength
        let count = span.columns.count
        var (source, target) = unsafe (buffers.1, buffers.0)
        unsafe sumRows(rows, target, steps, count: count + steps - 2)
        var size = 4
        while size <= steps {
            unsafe (source, target) = unsafe (target, source)
            for group in stride(from: 0, to: steps, by: size) {
                for path in 0..<size {
                    let first = group + path / 2
                    let second = (first + size / 2) * length + (path + 1) / 2
                    unsafe add(
                        source + first * length,
                        source + second,
                        target + (group + path) * length,
                        count: count + steps - size
                    )
                }
            }
            size *= 2
        }
        unsafe recordHits(target, length, span, &recorder)
    }

    /// The first level: both paths over each two rows.
    private static func sumRows(
        _ rows: ShiftedRows,
        _ target: UnsafeMutablePointer<Float>,
        _ steps: Int,
        count: Int
    ) {
        for row in stride(from: 0, to: steps, by: 2) {
            let first = unsafe rows.first + row * rows.advance
            let second = unsafe first + rows.advance
            let out = unsafe target + row * rows.rowLength
            unsafe add(first, second, out, count: count)
            unsafe add(first, second + 1, out + rows.rowLength, count: count)
        }
    }

    private static func add(
        _ first: UnsafePointer<Float>,
        _ second: UnsafePointer<Float>,
        _ target: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        for column in stride(from: 0, to: count, by: 8) {
            unsafe store(vector(first, column) + vector(second, column), target, column)
        }
    }

    private static func recordHits(
        _ sums: UnsafeMutablePointer<Float>,
        _ length: Int,
        _ span: StripeSpan,
        _ recorder: inout HitRecorder
    ) {
        let threshold = SIMD8<Float>(repeating: recorder.rawThreshold)
        for (path, drift) in recorder.paths(block: span.block, mirrored: span.isMirrored) {
            let row = unsafe UnsafePointer(sums + path * length)
            for column in stride(from: 0, to: span.columns.count, by: 8) {
                let sum = unsafe vector(row, column)
                guard any(sum .> threshold) else { continue }
                recorder.record(sum, at: column, span, drift: drift)
            }
        }
    }
}
