import Primitives

/// Checks the settings of a search against the file, and measures its noise.
struct DriftSurvey {
    private let filterbank: Filterbank
    private let settings: DriftSettings
    private let instructions: CInt?
    private let workers: any Workers
    private(set) var channels: [CoarseChannel] = []
    private(set) var tileWidth = 0

    init(
        _ filterbank: Filterbank,
        _ settings: DriftSettings,
        _ variant: Variant,
        _ workers: any Workers,
        _ codebook: Codebook
    ) throws(InputError) {
        self.filterbank = filterbank
        self.workers = workers
        instructions = variant.instructions
        self.settings = settings
        try checkSettings()
        let columnCount = filterbank.header.channelCount / settings.coarseChannelCount
        tileWidth = try UnitPlanner(filterbank, settings, codebook).tileWidth()
        let measured = try (0..<settings.coarseChannelCount).map { index throws(InputError) in
            try measure((index * columnCount)..<((index + 1) * columnCount))
        }
        channels = decide(measured)
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
        if case .native(let widest) = settings.method {
            guard widest.nonzeroBitCount == 1, widest <= KernelLimits.boxcarMax else {
                throw .setting(
                    "boxcars up to \(widest) channels; 1, 2, 4, 8 or \(KernelLimits.boxcarMax)"
                )
            }
            let columnCount = filterbank.header.channelCount / count
            guard columnCount >= 4 * widest else {
                throw .setting(
                    "\(columnCount) channels are too few for boxcars of \(widest); at least "
                        + "\(4 * widest) are needed"
                )
            }
        }
        if let width = settings.tileWidth {
            guard width >= 1, width <= KernelLimits.tileWidthMax else {
                throw .setting("tiles of \(width) columns; 1 to \(KernelLimits.tileWidthMax)")
            }
        }
    }
}

/// The noise of one coarse channel, and its largest sample.
private struct MeasuredChannel: Sendable {
    let noise: [ColumnNoise]
    let hasSpike: Bool
    let largest: Float
}

extension DriftSurvey {
    private func measure(_ channels: Range<Int>) throws(InputError) -> MeasuredChannel {
        let steps = filterbank.stepCount
        let measured: MeasuredChannel
        if settings.method != .turboSETI {
            measured = measureNative(try single(channels))
        } else if filterbank.header.sampleBits == 32,
            steps == DriftGrid.powerOfTwo(notBelow: steps)
        {
            let sums = try single(channels)
            let noise = ColumnStatistics(single: sums.sums, workers).noise
            measured = MeasuredChannel(noise: [noise], hasSpike: true, largest: sums.largest)
        } else {
            let sums = try ColumnSums<Double>(filterbank, channels, instructions, workers)
            let noise = ColumnStatistics(double: sums.sums, workers).noise
            measured = MeasuredChannel(noise: [noise], hasSpike: true, largest: sums.largest)
        }
        guard measured.noise.allSatisfy({ $0.median.isFinite && $0.deviation.isFinite }) else {
            throw .unsuitable("the powers are too large for 32-bit statistics; scale them down")
        }
        return measured
    }

    private func single(_ channels: Range<Int>) throws(InputError) -> ColumnSums<Float> {
        try ColumnSums<Float>(filterbank, channels, instructions, workers)
    }

    /// The noise under each boxcar; a spike in the middle is one that no threshold would overlook.
    private func measureNative(_ column: ColumnSums<Float>) -> MeasuredChannel {
        var sums = column.sums
        let middle = sums.count / 2
        let plain = ColumnStatistics(native: sums)
        let mean = (sums[middle - 1] + sums[middle + 1]) / 2
        let excess = Double(sums[middle]) - Double(mean)
        let hasSpike = excess > Double(settings.threshold) * Double(plain.deviation)
        if hasSpike { sums[middle] = mean }
        var boxcarSums = [sums]
        for boxcar in settings.method.boxcars.dropLast() {
            let last = boxcarSums[boxcarSums.count - 1]
            boxcarSums.append((0..<(last.count - boxcar)).map { last[$0] + last[$0 + boxcar] })
        }
        let all = boxcarSums
        let noise = workers.map(all.count) { ColumnStatistics(native: all[$0]).noise }
        return MeasuredChannel(noise: noise, hasSpike: hasSpike, largest: column.largest)
    }

    /// Which channels are worth a search.
    ///
    /// They are those in which the largest sample, in every step and under a whole boxcar, would be
    /// a hit. Our own paths go on into other channels.
    private func decide(_ measured: [MeasuredChannel]) -> [CoarseChannel] {
        let treeSteps = DriftGrid.powerOfTwo(notBelow: filterbank.stepCount)
        let overall = measured.map(\.largest).max() ?? 0
        return measured.map { channel in
            let largest = settings.method == .turboSETI ? channel.largest : overall
            let isSearchable = channel.noise.allSatisfy { $0.deviation > 0 }
            let isReached = zip(channel.noise, settings.method.boxcars).contains { noise, boxcar in
                let reach = largest * Float(treeSteps * boxcar)
                return reach > rawThreshold(noise, threshold: settings.threshold, settings.method)
            }
            return CoarseChannel(
                noise: channel.noise,
                isSearched: isSearchable && isReached,
                hasSpike: channel.hasSpike
            )
        }
    }
}
