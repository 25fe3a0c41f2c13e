import Glibc

/// A picture of the whole band: power by frequency, and all hits by frequency and drift rate.
package struct BandPlot {
    private let observation: Observation
    private let hits: [PlottedHit]
    private let driftMax: Double
    private let channelCount: Int
    private let power: BandPower

    private static let powerBox = Box(left: 92, top: 76, width: 776, height: 240)
    private static let hitsBox = Box(left: 92, top: 396, width: 776, height: 240)

    /// Reads all samples once; `hits` were searched up to `driftMax` hertz per second either way.
    package init(
        _ hits: [PlottedHit],
        driftMax: Double,
        _ observation: Observation,
        _ samples: Samples
    ) throws {
        // What lies outside the band has no place in its picture.
        let hits = hits.filter { (0..<samples.channelCount).contains($0.channel) }
        self.hits = hits
        self.observation = observation
        let drifts = hits.map(\.drift.magnitude) + [driftMax.magnitude].filter(\.isFinite)
        self.driftMax = drifts.max() ?? 1
        channelCount = samples.channelCount
        power = try BandPower(
            samples,
            columnMax: Self.powerBox.width / 2,
            isMirrored: observation.channelMegahertz < 0
        )
    }

    /// Draws the picture.
    package func draw() -> Canvas {
        var canvas = Canvas(width: 1_000, height: 700)
        drawTitle(&canvas)
        let axis = FrequencyAxis(observation, channelCount: channelCount)
        drawPower(&canvas, axis)
        drawHits(&canvas, axis)
        return canvas
    }

    private func drawTitle(_ canvas: inout Canvas) {
        let left = Double(Self.powerBox.left)
        let room = Double(canvas.width) - left - 16
        let facts = [
            hits.count == 1 ? "1 top hit" : "\(hits.count) top hits",
            "source \(observation.source)",
        ].joined(separator: "    ")
        let name = shortened(observation.file, to: room, size: 1.45)
        canvas.write(name, at: Point(left, 31), size: 1.45)
        canvas.write(shortened(facts, to: room, size: 1.15), at: Point(left, 56), size: 1.15)
    }

    // MARK: - Power

    private func drawPower(_ canvas: inout Canvas, _ frequency: FrequencyAxis) {
        let isLogarithmic = power.median > 0
        func height(_ power: Double) -> Double {
            guard isLogarithmic else { return power - self.power.median }
            return 10 * log10(max(power / self.power.median, 1e-3))
        }
        let (upper, lower) = (power.largest.map(height), power.middle.map(height))
        let (low, high) = (lower.min() ?? 0, upper.max() ?? 0)
        let room = max(high - low, isLogarithmic ? 0.1 : 1e-6)
        let panel = Panel(
            Self.powerBox,
            frequency.axis,
            Axis(
                isLogarithmic ? "power above median (dB)" : "power above median",
                from: low - 0.06 * room,
                to: high + 0.2 * room,
                countMax: 7
            )
        )
        panel.drawGrid(&canvas)
        drawColumns(&canvas, panel, lower, upper)
        for hit in hits {
            let x = panel.place(frequency.position(hit.channel), low).x
            drawMarker(&canvas, Point(x, Double(panel.box.top) + 5))
        }
        panel.drawAxes(&canvas)
        drawLegend(&canvas, panel)
    }

    private func drawColumns(
        _ canvas: inout Canvas,
        _ panel: Panel,
        _ lower: [Double],
        _ upper: [Double]
    ) {
        let box = panel.box
        let perColumn = Double(box.width) / Double(upper.count)
        var line: [Point] = []
        for index in upper.indices {
            let left = index * box.width / upper.count
            let right = (index + 1) * box.width / upper.count
            let top = Int(panel.place(panel.horizontal.low, upper[index]).y)
            let bottom = Int(panel.place(panel.horizontal.low, lower[index]).y.rounded(.up))
            canvas.fill(
                Box(
                    left: box.left + left,
                    top: top,
                    width: right - left,
                    height: max(1, bottom - top)
                ),
                .area
            )
            let y = panel.place(panel.horizontal.low, lower[index]).y
            line.append(Point(Double(box.left) + Double(index) * perColumn, y))
            line.append(Point(Double(box.left) + Double(index + 1) * perColumn, y))
        }
        canvas.stroke([line], thickness: 1.3, .line, within: box)
    }

    /// A triangle whose tip points down at a hit's frequency.
    private func drawMarker(_ canvas: inout Canvas, _ place: Point) {
        for row in 0..<8 {
            let half = (7 - row) / 2
            canvas.fill(
                Box(
                    left: Int(place.x) - half,
                    top: Int(place.y) + row,
                    width: 2 * half + 1,
                    height: 1
                ),
                .accent
            )
        }
    }

    private func drawLegend(_ canvas: inout Canvas, _ panel: Panel) {
        let left = panel.box.right + 20
        let entries: [(String, Colour)] = [("largest", .area), ("median", .line)]
        for (index, entry) in entries.enumerated() {
            let top = panel.box.top + 14 + 26 * index
            canvas.fill(Box(left: left, top: top - 2, width: 16, height: 4), entry.1)
            canvas.write(entry.0, at: Point(Double(left) + 24, Double(top) + 5))
        }
        guard !hits.isEmpty else { return }
        let top = panel.box.top + 14 + 26 * entries.count
        drawMarker(&canvas, Point(Double(left) + 8, Double(top) - 4))
        canvas.write("top hit", at: Point(Double(left) + 24, Double(top) + 5))
    }

    // MARK: - Hits

    private func drawHits(_ canvas: inout Canvas, _ frequency: FrequencyAxis) {
        let reach = 1.1 * (driftMax > 0 ? driftMax : 1)
        let panel = Panel(
            Self.hitsBox,
            frequency.axis,
            Axis("drift rate (Hz/s)", from: -reach, to: reach, countMax: 9)
        )
        panel.drawGrid(&canvas)
        panel.drawAxes(&canvas)
        let scale = RatioScale(hits.map(\.snr))
        let box = panel.box
        // Discs at the ends may lie over the frame.
        let clip = Box(
            left: box.left - 9,
            top: box.top - 9,
            width: box.width + 18,
            height: box.height + 18
        )
        // The strongest last, so that none hides it.
        for hit in hits.sorted(by: { ($0.snr, $1.number) < ($1.snr, $0.number) }) {
            let fraction = scale.fraction(hit.snr)
            let place = panel.place(frequency.position(hit.channel), hit.drift)
            let radius = 3.5 + 4 * fraction
            canvas.disc(at: place, radius: radius + 1, .ink, within: clip)
            canvas.disc(at: place, radius: radius, ColourMap.colour(of: fraction), within: clip)
        }
        guard !hits.isEmpty else {
            let middle = Point(
                Double(box.left) + Double(box.width) / 2,
                Double(box.top) + Double(box.height) / 4
            )
            canvas.write("no hits", at: middle, .middle)
            return
        }
        let bar = ColourBar(
            box: Box(left: box.right + 24, top: box.top, width: 16, height: box.height),
            title: "S/N",
            marks: scale.marks
        )
        bar.draw(&canvas)
    }
}

/// A frequency axis over a whole band, in megahertz if these are short numbers.
private struct FrequencyAxis {
    /// Characters of the longest number on the axis.
    private static let labelCountMax = 11

    let axis: Axis
    private let first: Double
    private let perChannel: Double

    init(_ observation: Observation, channelCount: Int) {
        let count = Double(channelCount)
        let ends = [observation.megahertz(-0.5), observation.megahertz(count - 0.5)].sorted()
        let absolute = Axis("frequency (MHz)", from: ends[0], to: ends[1])
        let longest = absolute.ticks.labels.map(\.count).max() ?? .max
        // Numbers that are as large as the band is narrow cannot be told apart.
        let isWide = ends[1] - ends[0] > 1e-9 * max(ends[0].magnitude, ends[1].magnitude)
        if isWide, longest <= Self.labelCountMax {
            axis = absolute
            first = observation.megahertz(0)
            perChannel = observation.channelMegahertz
        } else {
            let half = count / 2 * observation.channelHertz.magnitude
            let unit = Unit.frequency(half)
            let middle = observation.megahertz((count - 1) / 2)
            axis = Axis(
                "offset from \(decimal(middle, places: 9)) MHz (\(unit.name))",
                from: -half / unit.size,
                to: half / unit.size
            )
            perChannel = observation.channelHertz / unit.size
            first = -(count - 1) / 2 * perChannel
        }
    }

    func position(_ channel: Int) -> Double { first + Double(channel) * perChannel }
}

/// A logarithmic scale of signal-to-noise ratios.
private struct RatioScale {
    private static let markMax = 9
    private let low: Double, high: Double

    init(_ ratios: [Double]) {
        let positive = ratios.filter { $0 > 0 }
        low = positive.min() ?? 1
        high = max(positive.max() ?? 1, low * 1.5)
    }

    private var powers: [Double] { (-3...39).map { pow(10, Double($0)) } }

    func fraction(_ ratio: Double) -> Double {
        guard ratio > low else { return 0 }
        return min(1, log(ratio / low) / log(high / low))
    }

    /// Round ratios in between: 1, 2 and 5 times powers of ten, or powers of ten alone, or fewer.
    var marks: [(fraction: Double, label: String)] {
        var values = powers.flatMap { power in [1.0, 2, 5].map { $0 * power } }
            .filter { low <= $0 && $0 <= high }
        if values.count > Self.markMax {
            let within = powers.filter { low <= $0 && $0 <= high }
            let every = (within.count + Self.markMax - 1) / Self.markMax
            values = stride(from: 0, to: within.count, by: every).map { within[$0] }
        }
        if values.count >= 3 { return values.map { (fraction($0), Ticks.label(of: $0)) } }
        let ticks = Ticks(from: low, to: high, countMax: 9)
        return zip(ticks.values, ticks.labels).map { (fraction($0), $1) }
    }
}
