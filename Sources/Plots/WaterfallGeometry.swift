/// Which channels a waterfall shows around a hit, and where the hit's line lies in them.
package struct WaterfallGeometry: Hashable, Sendable {
    /// The channels that are shown.
    package let channels: Range<Int>
    /// Channels by which the signal moves from one step to the next.
    package let shift: Double

    /// Channels on both sides of the line at least, where the band goes on.
    static let marginMin = 64.0

    /// The channels around the line of `hit`: half of its width more on both sides.
    ///
    /// Near the band's ends the channels that are missing on one side come on the other; nothing
    /// goes around the ends. As many more are shown as `columnMax` columns of pixels have room for.
    package init(
        _ hit: PlottedHit,
        _ observation: Observation,
        stepCount: Int,
        channelCount: Int,
        columnMax: Int
    ) {
        let wanted = hit.drift * observation.stepSeconds / observation.channelHertz
        // A line that leaves the band at once is as good as one that leaves it later.
        let shift = wanted.isFinite ? min(max(wanted, -1e9), 1e9) : 0
        let path = shift * Double(stepCount - 1)
        let margin = max(Self.marginMin, path.magnitude / 2)
        let needed = path.magnitude + 2 * margin + 1
        var count = needed < Double(channelCount) ? Int(needed) : channelCount
        let columnsPerChannel = max(1, columnMax / count)
        count = min(channelCount, max(count, columnMax / columnsPerChannel))
        let middle = min(max(Double(hit.channel) + path / 2, 0), Double(channelCount))
        let first = min(max(0, Int(middle) - count / 2), channelCount - count)
        channels = first..<(first + count)
        self.shift = shift
    }

    /// The middle of the line at `step`, in channels from the file's first one's lower edge.
    package func line(of hit: PlottedHit, step: Double) -> Double {
        Double(hit.channel) + 0.5 + shift * step
    }
}
