/// A picture of one hit: power by frequency and time around it, and its de-drifted spectrum.
package struct WaterfallPlot {
    private let observation: Observation
    private let hit: PlottedHit
    private let stepCount: Int
    /// Which channels are shown.
    package let geometry: WaterfallGeometry
    private var raster: Raster
    private var driftSum: DriftSum
    private let noise: Spread
    /// The largest sample on the hit's line at each step, a channel of room on both sides.
    private var peaks: [Float] = []

    /// Where the waterfall lies in the picture.
    package static let waterfallBox = Box(left: 92, top: 264, width: 776, height: 432)
    private static let spectrumBox = Box(left: 92, top: 76, width: 776, height: 112)
    private static let spectrumReach = 64
    /// Pixels of the narrowest column, so that a tone of one channel can be seen.
    private static let columnWidthMin = 2
    /// Pixels between the signal and the dashes beside it.
    private static let dashGap = 7.0
    /// What the last colour stands for at least, in deviations; noise alone stays dark.
    private static let brightestMin = 4.0
    private static let sampledCountMax = 65_536

    /// Reads the samples around `hit`.
    package init(_ hit: PlottedHit, _ observation: Observation, _ samples: Samples) throws {
        self.hit = hit
        self.observation = observation
        stepCount = samples.stepCount
        let box = Self.waterfallBox
        geometry = WaterfallGeometry(
            hit,
            observation,
            stepCount: samples.stepCount,
            channelCount: samples.channelCount,
            columnMax: box.width / Self.columnWidthMin
        )
        raster = Raster(
            channels: geometry.channels,
            stepCount: samples.stepCount,
            columnMax: box.width / Self.columnWidthMin,
            rowMax: box.height,
            isMirrored: observation.channelMegahertz < 0
        )
        driftSum = DriftSum(reach: Self.spectrumReach)
        let stride = 1 + samples.stepCount * geometry.channels.count / Self.sampledCountMax
        var sampled: [Float] = []
        for step in 0..<samples.stepCount {
            let row = try samples.read(step: step, geometry.channels)
            raster.add(row, step: step)
            let line = geometry.line(of: hit, step: Double(step))
            // The search takes the nearest channel at each step.
            driftSum.add(row, geometry.channels, hitChannel: line)
            if let peak = Self.peak(of: row, geometry.channels, near: line) { peaks.append(peak) }
            sampled += Swift.stride(from: step % stride, to: row.count, by: stride).map { row[$0] }
        }
        noise = Spread(sampled)
    }

    private static func peak(
        of row: [Float],
        _ channels: Range<Int>,
        near channel: Double
    ) -> Float? {
        guard channel.magnitude < 1e15 else { return nil }
        let middle = Int(channel.rounded(.down))
        return ((middle - 1)...(middle + 1)).filter { channels.contains($0) }
            .map { row[$0 - channels.lowerBound] }.max()
    }

    /// Draws the picture.
    package func draw() -> Canvas {
        var canvas = Canvas(width: 1_000, height: 760)
        drawTitle(&canvas)
        drawSpectrum(&canvas)
        drawWaterfall(&canvas)
        return canvas
    }

    private func drawTitle(_ canvas: inout Canvas) {
        let box = Self.spectrumBox
        let left = Double(box.left)
        let room = Double(canvas.width) - left - 16
        let name = "Hit \(hit.number)   \(observation.file)"
        let facts = [
            "\(decimal(hit.megahertz, places: 6)) MHz",
            "drift \(decimal(hit.drift, places: 4)) Hz/s",
            "S/N \(decimal(hit.snr, places: 1))",
            "source \(observation.source)",
        ].joined(separator: "    ")
        canvas.write(shortened(name, to: room, size: 1.45), at: Point(left, 31), size: 1.45)
        canvas.write(shortened(facts, to: room, size: 1.15), at: Point(left, 56), size: 1.15)
    }

    // MARK: - Spectrum

    private func drawSpectrum(_ canvas: inout Canvas) {
        let reach = Self.spectrumReach
        let heights = driftSum.deviations(noise)
        let known = heights.compactMap(\.self)
        let (low, high) = (min(known.min() ?? 0, 0), max(known.max() ?? 1, 1))
        let room = 0.08 * (high - low)
        let width = observation.channelHertz.magnitude * (Double(reach) + 0.5)
        let unit = Unit.frequency(width)
        let panel = Panel(
            Self.spectrumBox,
            Axis(
                "offset from the drifting signal (\(unit.name))",
                from: -width / unit.size,
                to: width / unit.size
            ),
            Axis("mean (σ)", from: low - room, to: high + room, countMax: 5)
        )
        panel.drawGrid(&canvas)
        canvas.stroke(
            steps(heights, channelWidth: observation.channelHertz / unit.size).map { path in
                path.map { panel.place($0.x, $0.y) }
            },
            thickness: 1.5,
            .line,
            within: panel.box
        )
        panel.drawAxes(&canvas)
    }

    /// The outline of a bar for each height; one path for each run of heights that are known.
    private func steps(_ heights: [Double?], channelWidth: Double) -> [[Point]] {
        var paths: [[Point]] = [[]]
        for (index, height) in heights.enumerated() {
            guard let height else {
                paths.append([])
                continue
            }
            let offset = Double(index - driftSum.reach)
            for side in [-0.5, 0.5] {
                paths[paths.count - 1].append(Point((offset + side) * channelWidth, height))
            }
        }
        return paths
    }

    // MARK: - Waterfall

    private func drawWaterfall(_ canvas: inout Canvas) {
        let panel = waterfallPanel
        let box = panel.box
        let colours = colourRange
        raster.draw(&canvas, box) { sample in
            (deviations(sample) - colours.low) / (colours.high - colours.low)
        }
        drawLine(&canvas, panel)
        panel.drawAxes(&canvas)
        let ticks = Ticks(from: colours.low, to: colours.high, countMax: 9)
        let bar = ColourBar(
            box: Box(left: box.right + 24, top: box.top, width: 16, height: box.height),
            title: "power above the median (σ)",
            marks: zip(ticks.values, ticks.labels).map { value, label in
                ((value - colours.low) / (colours.high - colours.low), label)
            }
        )
        bar.draw(&canvas)
    }

    private var waterfallPanel: Panel {
        let hertz = observation.channelHertz
        let first = Double(geometry.channels.lowerBound) - Double(hit.channel) - 0.5
        let ends = [first * hertz, (first + Double(geometry.channels.count)) * hertz].sorted()
        let unit = Unit.frequency(max(ends[0].magnitude, ends[1].magnitude))
        let seconds = Double(stepCount) * observation.stepSeconds
        let timeUnit = Unit.time(seconds)
        return Panel(
            Self.waterfallBox,
            Axis(
                "offset from \(decimal(hit.megahertz, places: 6)) MHz (\(unit.name))",
                from: ends[0] / unit.size,
                to: ends[1] / unit.size
            ),
            Axis("time (\(timeUnit.name))", from: seconds / timeUnit.size, to: 0)
        )
    }

    private func deviations(_ sample: Float) -> Double {
        (Double(sample) - noise.median) / noise.deviation
    }

    /// What the first and the last colour stand for: noise stays dark, the signal is bright.
    private var colourRange: (low: Double, high: Double) {
        let sorted = raster.cells.sorted()
        let signal = percentile(50, of: peaks.sorted())
        let low = deviations(percentile(5, of: sorted))
        let noisy = deviations(sorted.isEmpty ? 0 : sorted[(sorted.count - 1) * 995 / 1_000])
        let high = max(noisy, deviations(signal))
        guard low.isFinite, high.isFinite else { return (0, 1) }
        return (low, max(high, Self.brightestMin, low + 1))
    }

    /// Dashes on both sides of the signal, which itself stays free.
    private func drawLine(_ canvas: inout Canvas, _ panel: Panel) {
        let isMirrored = observation.channelMegahertz < 0
        let perChannel = Double(panel.box.width) / Double(geometry.channels.count)
        func x(_ step: Double) -> Double {
            let inside =
                geometry.line(of: hit, step: step) - Double(geometry.channels.lowerBound)
            let ascending =
                isMirrored ? Double(geometry.channels.count) - inside : inside
            return Double(panel.box.left) + ascending * perChannel
        }
        // The middle of step 0 is half a step below the upper end.
        let begin = Point(x(-0.5), Double(panel.box.top))
        let end = Point(x(Double(stepCount) - 0.5), Double(panel.box.bottom))
        // A step's signal is a bar of one channel, past which the line moves by a whole shift.
        let gap = Self.dashGap + perChannel * (0.5 + min(geometry.shift.magnitude, 1e6) / 2)
        for side in [-gap, gap] {
            let line = dashes(
                from: Point(begin.x + side, begin.y),
                to: Point(end.x + side, end.y),
                inside: panel.box
            )
            for dash in line {
                canvas.stroke([dash], thickness: 1.3, .white, within: panel.box)
            }
        }
    }
}
