import CKernels
import Primitives

/// Checks the settings of a search against the file, and measures its noise.
struct DriftSurvey {
    private let filterbank: Filterbank
    private let settings: DriftSettings
    private let instructions: CInt?
    private(set) var channels: [CoarseChannel] = []
    private(set) var tileWidth = 0

    init(
        _ filterbank: Filterbank,
        _ settings: DriftSettings,
        _ variant: Variant
    ) throws(InputError) {
        self.filterbank = filterbank
        instructions = variant.instructions
        self.settings = settings
        try checkSettings()
        let columnCount = filterbank.header.channelCount / settings.coarseChannelCount
        tileWidth = try tileWidth(columnCount)
        for index in 0..<settings.coarseChannelCount {
            let first = index * columnCount
            channels.append(try statistics(of: first..<(first + columnCount)))
        }
    }

    private func checkSettings() throws(InputError) {
        guard settings.maxDrift > 0, settings.maxDrift.isFinite else {
            throw .setting("max drift is \(settings.maxDrift); it must be a number above zero")
        }
        guard settings.threshold > 0, settings.threshold.isFinite else {
            throw .setting("SNR is \(settings.threshold); it must be a number above zero")
        }
        let count = settings.coarseChannelCount
        guard count >= 1, count <= KernelLimits.coarseChannelCountMax else {
            throw .setting("\(count) coarse channels; 1 to \(KernelLimits.coarseChannelCountMax)")
        }
        guard filterbank.header.channelCount.isMultiple(of: count) else {
            throw .setting(
                "\(count) coarse channels do not divide the file's "
                    + "\(filterbank.header.channelCount) channels"
            )
        }
        if let width = settings.tileWidth {
            guard width >= 1, width <= KernelLimits.tileWidthMax else {
                throw .setting("tiles of \(width) columns; 1 to \(KernelLimits.tileWidthMax)")
            }
        }
    }

    /// The chosen width, or the smallest power of two that is at least 8 192, 16 units of a file of
    /// 2¹⁷ channels, and four halos, so that a unit repeats at most half of its bytes; less where
    /// many steps leave no memory for it.
    private func tileWidth(_ columnCount: Int) throws(InputError) -> Int {
        if let width = settings.tileWidth { return min(width, columnCount) }
        do {
            let grid = try DriftGrid(
                filterbank.header,
                stepCount: filterbank.stepCount,
                maxDrift: settings.maxDrift
            )
            var width = DriftGrid.powerOfTwo(notBelow: max(8_192, 4 * grid.halo))
            let limit = KernelLimits.workingByteCountMax
            while width > 1, grid.workingByteCount(width: width) > limit { width /= 2 }
            return min(width, columnCount, KernelLimits.tileWidthMax)
        } catch {
            throw .setting(error.description)
        }
    }
}

extension DriftSurvey {
    private func statistics(of channels: Range<Int>) throws(InputError) -> CoarseChannel {
        let steps = filterbank.stepCount
        let treeSteps = DriftGrid.powerOfTwo(notBelow: steps)
        let statistics: ColumnStatistics
        let largest: Float
        if filterbank.header.sampleBits == 32, steps == treeSteps {
            var sums = [Float](repeating: 0, count: channels.count)
            if let instructions {
                largest = try addFloats(channels, to: &sums, instructions)
            } else {
                largest = try addRows(channels, to: &sums)
            }
            statistics = ColumnStatistics(single: sums)
        } else {
            var sums = [Double](repeating: 0, count: channels.count)
            largest = try addRows(channels, to: &sums)
            statistics = ColumnStatistics(double: sums)
        }
        guard statistics.median.isFinite, statistics.deviation.isFinite else {
            throw .unsuitable("the powers are too large for 32-bit statistics; scale them down")
        }
        let noisy = CoarseChannel(
            median: statistics.median,
            deviation: statistics.deviation,
            isSearched: statistics.deviation > 0
        )
        guard noisy.isSearched else { return noisy }
        let reach = largest * Float(treeSteps)
        return CoarseChannel(
            median: noisy.median,
            deviation: noisy.deviation,
            isSearched: reach > rawThreshold(noisy, threshold: settings.threshold)
        )
    }

    /// Adds every sample to its column's sum, row after row; returns the largest one, or zero.
    private func addRows<Number: BinaryFloatingPoint>(
        _ channels: Range<Int>,
        to sums: inout [Number]
    ) throws(InputError) -> Float {
        var row = [Float](repeating: 0, count: min(channels.count, Self.columnsAtOnce))
        var largest: Float = 0
        // A few columns at a time, whose sums stay in the first-level cache.
        for first in stride(from: channels.lowerBound, to: channels.upperBound, by: row.count) {
            let columns = first..<min(first + row.count, channels.upperBound)
            for step in 0..<filterbank.stepCount {
                try decode(columns, step: step, into: &row)
                let offset = first - channels.lowerBound
                largest = max(largest, add(row, count: columns.count, to: &sums, at: offset))
            }
        }
        return largest
    }

    private static let columnsAtOnce = 2_048

    /// The same for 32-bit samples, which need no decoding.
    private func addFloats(
        _ channels: Range<Int>,
        to sums: inout [Float],
        _ instructions: CInt
    ) throws(InputError) -> Float {
        var largest: Float = 0
        for first in stride(from: 0, to: channels.count, by: Self.columnsAtOnce) {
            let count = min(Self.columnsAtOnce, channels.count - first)
            let columns = (channels.lowerBound + first)..<(channels.lowerBound + first + count)
            for step in 0..<filterbank.stepCount {
                let bytes = try filterbank.samples(step: step, channels: columns)
                let isGood = unsafe bytes.withUnsafeBufferPointer { samples in
                    unsafe sums.withUnsafeMutableBufferPointer { sums in
                        unsafe drift_add(
                            instructions,
                            samples.baseAddress,
                            Int32(count),
                            KernelLimits.sampleMagnitudeMax,
                            sums.baseAddress.map { unsafe $0 + first },
                            &largest
                        ) != 0
                    }
                }
                guard !isGood else { continue }
                var row = [Float](repeating: 0, count: count)
                try decode(columns, step: step, into: &row)
            }
        }
        return largest
    }

    private func decode(
        _ columns: Range<Int>,
        step: Int,
        into row: inout [Float]
    ) throws(InputError) {
        let bytes = try filterbank.samples(step: step, channels: columns)
        let bits = filterbank.header.sampleBits
        let bad = unsafe row.withUnsafeMutableBufferPointer { numbers -> Int? in
            guard let start = numbers.baseAddress else { return nil }
            return unsafe decodeSamples(bytes, bits: bits, into: start)
        }
        guard let bad else { return }
        throw .unsuitable(
            "the sample of channel \(columns.lowerBound + bad) at step \(step) is \(row[bad]); "
                + "replace what is not a number or beyond 1e30"
        )
    }
}

/// Adds the first `count` numbers of `row` to the sums from `offset` on; returns the largest one,
/// or zero.
///
/// Floats above zero are ordered as their bits are, and the others are negative as whole numbers.
private func add<Number: BinaryFloatingPoint>(
    _ row: [Float],
    count: Int,
    to sums: inout [Number],
    at offset: Int
) -> Float {
    var largest: Int32 = 0
    unsafe row.withUnsafeBufferPointer { row in
        unsafe sums.withUnsafeMutableBufferPointer { sums in
            for column in 0..<count { unsafe sums[offset &+ column] += Number(row[column]) }
            for column in 0..<count {
                largest = unsafe max(largest, Int32(bitPattern: row[column].bitPattern))
            }
        }
    }
    return Float(bitPattern: UInt32(largest))
}
