import CKernels

/// The tree of any power of two of steps, level by level between two buffers, for some hundred
/// columns at a time.
struct LevelTree {
    private let shape: Shape
    private var front: [Float]
    private var back: [Float]

    init(steps: Int) {
        shape = Shape(steps: steps)
        front = [Float](repeating: 0, count: steps * shape.length)
        back = front
    }

    /// Records every hit of the columns that `strip` searches.
    mutating func search(_ strip: drift_strip, _ span: StripeSpan, _ recorder: inout HitRecorder) {
        let shape = shape
        let width = shape.width
        let paths = recorder.paths(block: span.block, mirrored: span.isMirrored)
        unsafe front.withUnsafeMutableBufferPointer { front in
            unsafe back.withUnsafeMutableBufferPointer { back in
                guard let a = front.baseAddress, let b = back.baseAddress else { return }
                for start in stride(from: 0, to: span.columnCount, by: width) {
                    let count = min(width, span.columnCount - start)
                    let sums = unsafe shape.sum(strip, span.block, start, count, (a, b))
                    for (path, drift) in paths {
                        let row = unsafe UnsafePointer(sums + path * shape.length)
                        unsafe shape.record(row, start, count, drift, span, &recorder)
                    }
                }
            }
        }
    }
}

/// How many numbers there are of what.
private struct Shape {
    let steps: Int
    /// Columns of one turn.
    let width: Int
    /// Numbers of a row of sums: the columns, what paths reach beside them, and a vector.
    let length: Int

    init(steps: Int) {
        self.steps = steps
        // Wide enough that the columns which paths reach beside it are no more than itself.
        width = max(512, 2 * steps)
        length = width + steps + 32
    }

    /// The sums of all paths, in rows of `length`.
    func sum(
        _ strip: drift_strip,
        _ block: Int,
        _ start: Int,
        _ count: Int,
        _ buffers: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>)
    ) -> UnsafeMutablePointer<Float> {
        var (source, target) = unsafe (buffers.1, buffers.0)
        let advance = unsafe strip.stride + block
        for row in stride(from: 0, to: steps, by: 2) {
            let first = unsafe strip.samples + start + row * advance
            let second = unsafe first + advance
            let out = unsafe target + row * length
            unsafe add(first, second, out, count: count + steps - 2)
            unsafe add(first, second + 1, out + length, count: count + steps - 2)
        }
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
        return unsafe target
    }

    private func add(
        _ first: UnsafePointer<Float>,
        _ second: UnsafePointer<Float>,
        _ target: UnsafeMutablePointer<Float>,
        count: Int
    ) {
        for column in stride(from: 0, to: count, by: 8) {
            unsafe store(vector(first, column) + vector(second, column), target, column)
        }
    }

    func record(
        _ row: UnsafePointer<Float>,
        _ start: Int,
        _ count: Int,
        _ drift: Float,
        _ span: StripeSpan,
        _ recorder: inout HitRecorder
    ) {
        let threshold = SIMD8<Float>(repeating: recorder.rawThreshold)
        for column in stride(from: 0, to: count, by: 8) {
            let sums = unsafe vector(row, column)
            guard any(sums .> threshold) else { continue }
            // What lies behind the columns of this turn is the next one's.
            var kept = sums
            for lane in 0..<8 where column + lane >= count { kept[lane] = -.infinity }
            recorder.record(kept, at: start + column, span, drift: drift)
        }
    }
}
