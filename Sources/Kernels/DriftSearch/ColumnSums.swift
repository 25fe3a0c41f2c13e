import CKernels
import Primitives

/// Adds all steps of a filterbank, column by column, from the first step to the last.
struct ColumnSums<Number: BinaryFloatingPoint & Sendable>: Sendable {
    /// One sum for each channel.
    private(set) var sums: [Number]
    /// The largest sample, or zero.
    private(set) var largest: Float = 0

    /// Columns whose sums stay in the first-level cache.
    private static var columnsAtOnce: Int { 2_048 }
    /// Columns that a worker takes at once.
    private static var columnsOfWorker: Int { 1 << 16 }

    /// The sums of `channels`; `instructions` add 32-bit samples, and nil is for plain loops.
    init(
        _ filterbank: Filterbank,
        _ channels: Range<Int>,
        _ instructions: CInt?,
        _ workers: any Workers
    ) throws(InputError) {
        let count = (channels.count + Self.columnsOfWorker - 1) / Self.columnsOfWorker
        let parts = workers.map(count) { index -> Result<ColumnSums, InputError> in
            let first = channels.lowerBound + index * Self.columnsOfWorker
            let end = min(first + Self.columnsOfWorker, channels.upperBound)
            do throws(InputError) {
                return .success(try ColumnSums(filterbank, first..<end, instructions))
            } catch {
                return .failure(error)
            }
        }
        sums = []
        sums.reserveCapacity(channels.count)
        for part in parts {
            let part = try part.get()
            sums += part.sums
            largest = max(largest, part.largest)
        }
    }

    private init(
        _ filterbank: Filterbank,
        _ channels: Range<Int>,
        _ instructions: CInt?
    ) throws(InputError) {
        sums = [Number](repeating: 0, count: channels.count)
        var row: [Float] = []
        for first in stride(
            from: channels.lowerBound,
            to: channels.upperBound,
            by: Self.columnsAtOnce
        ) {
            let columns = first..<min(first + Self.columnsAtOnce, channels.upperBound)
            let offset = first - channels.lowerBound
            for step in 0..<filterbank.stepCount {
                let bytes = try filterbank.samples(step: step, channels: columns)
                if let instructions, filterbank.header.sampleBits == 32,
                    addFloats(bytes, at: offset, instructions)
                {
                    continue
                }
                try filterbank.read(step: step, channels: columns, into: &row)
                add(row, at: offset)
            }
        }
    }

    /// Adds 32-bit samples, which need no decoding; false when these are other sums, or a sample is
    /// not good, which is to be named then.
    private mutating func addFloats(
        _ bytes: ArraySlice<UInt8>,
        at offset: Int,
        _ instructions: CInt
    ) -> Bool {
        guard Number.self == Float.self else { return false }
        return unsafe sums.withUnsafeMutableBytes { sums in
            unsafe sums.withMemoryRebound(to: Float.self) { sums in
                unsafe bytes.withUnsafeBufferPointer { samples in
                    unsafe drift_add(
                        instructions,
                        samples.baseAddress,
                        Int32(samples.count / 4),
                        KernelLimits.sampleMagnitudeMax,
                        sums.baseAddress.map { unsafe $0 + offset },
                        &largest
                    ) != 0
                }
            }
        }
    }

    /// Adds the numbers of `row` to the sums from `offset` on.
    ///
    /// Floats above zero are ordered as their bits are, and the others are negative as whole
    /// numbers.
    private mutating func add(_ row: [Float], at offset: Int) {
        var largest = Int32(bitPattern: self.largest.bitPattern)
        unsafe row.withUnsafeBufferPointer { row in
            unsafe sums.withUnsafeMutableBufferPointer { sums in
                for column in 0..<row.count {
                    unsafe sums[offset &+ column] += Number(row[column])
                }
                for column in 0..<row.count {
                    largest = unsafe max(largest, Int32(bitPattern: row[column].bitPattern))
                }
            }
        }
        self.largest = Float(bitPattern: UInt32(largest))
    }
}
