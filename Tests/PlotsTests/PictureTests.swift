import Plots
import Testing

/// Pictures of searches: the signal lies where it must, and nothing else breaks them.
struct PictureTests {
    @Test(arguments: [-2.5, 2.5], [-0.6, -0.0, 0.4, 2.2])
    func toneIsTheBrightestAlongItsPath(hertz: Double, drift: Double) throws {
        let observation = Observation.test(hertz: hertz)
        let shift = drift * 10 / hertz
        var sky = Sky(stepCount: 16, channelCount: 600)
        sky.add(tone: 30, from: 300, shift: shift)
        let hit = PlottedHit(number: 1, channel: 300, megahertz: 1_420, drift: drift, snr: 90)
        let plot = try WaterfallPlot(hit, observation, sky.samples)
        let picture = try Picture(plot.draw().png())
        let box = WaterfallPlot.waterfallBox
        let channels = plot.geometry.channels
        let perChannel = Double(box.width) / Double(channels.count)
        for step in 0..<16 {
            let y = box.top + (2 * step + 1) * box.height / 32
            let shades = (box.left..<box.right).map { shade(picture.colour($0, y)) }
            let brightest = try #require(shades.max())
            let channel = 300 + Int((shift * Double(step)).rounded()) - channels.lowerBound
            let place = hertz < 0 ? channels.count - 1 - channel : channel
            let tone = (Double(place) * perChannel)...(Double(place + 1) * perChannel)
            let bright = shades.indices.filter { shades[$0] == brightest }
            #expect(brightest > 200)
            // A column of pixels may hold two channels.
            #expect(
                bright.allSatisfy {
                    ((tone.lowerBound - 2)...(tone.upperBound + 2)).contains(Double($0))
                }
            )
        }
    }

    /// The number of a colour in the map; −1 for what is no sample, such as the dashes.
    private func shade(_ colour: Colour) -> Int { Self.shades[colour] ?? -1 }

    private static let shades = Dictionary(
        uniqueKeysWithValues: ColourMap.colours.enumerated().map { ($1, $0) }
    )

    @Test func windowHoldsTheWholePathAndAMargin() {
        for drift in [-3.0, -0.01, 0, 0.7, 4] {
            let hit = PlottedHit(number: 1, channel: 5_000, megahertz: 0, drift: drift, snr: 9)
            let geometry = WaterfallGeometry(
                hit,
                .test(),
                stepCount: 16,
                channelCount: 10_000,
                columnMax: 400
            )
            let path = drift * 150 / -2.5
            let margin = max(64, Int(path.magnitude) / 2) - 1
            let ends = [5_000, 5_000 + Int(path)].sorted()
            #expect(geometry.channels.lowerBound <= ends[0] - margin)
            #expect(geometry.channels.upperBound >= ends[1] + margin)
        }
    }

    @Test func windowEndsAtTheBandsEnds() {
        for channel in [0, 3, 9_999] {
            let hit = PlottedHit(number: 1, channel: channel, megahertz: 0, drift: 1, snr: 9)
            let geometry = WaterfallGeometry(
                hit,
                .test(),
                stepCount: 16,
                channelCount: 10_000,
                columnMax: 400
            )
            #expect((0..<10_000).contains(geometry.channels.lowerBound))
            #expect(geometry.channels.upperBound <= 10_000)
            #expect(geometry.channels.contains(channel))
        }
    }

    @Test func bandWithoutHitsSaysSo() throws {
        let sky = Sky(stepCount: 4, channelCount: 300)
        let none = try BandPlot([], driftMax: 4, .test(), sky.samples).draw()
        let hit = PlottedHit(number: 1, channel: 9, megahertz: 1_420, drift: 1, snr: 20)
        let one = try BandPlot([hit], driftMax: 4, .test(), sky.samples).draw()
        #expect(none.pixels != one.pixels)
        let picture = try Picture(none.png())
        #expect((picture.width, picture.height) == (1_000, 700))
        expectTidy(none, "no hits")
        expectTidy(one, "one hit")
    }

    @Test func samplesOfAnotherNumberAreRefused() {
        let samples = Samples(stepCount: 2, channelCount: 9) { _, _ in [1, 2] }
        #expect(throws: PlotError.self) {
            try BandPlot([], driftMax: 4, .test(), samples)
        }
        let hit = PlottedHit(number: 1, channel: 3, megahertz: 0, drift: 1, snr: 9)
        #expect(throws: PlotError.self) { try WaterfallPlot(hit, .test(), samples) }
    }

    // MARK: - Hostile input

    @Test(arguments: [1, 2, 900], [2, 450])
    func anyShapeCanBeDrawn(channelCount: Int, stepCount: Int) throws {
        for fill in Fill.allCases {
            let samples = fill.samples(stepCount: stepCount, channelCount: channelCount)
            try expectPictures(.test(), samples, "\(fill) \(channelCount) x \(stepCount)")
        }
    }

    @Test(
        arguments: [1e-6, -1e12, 3.3, -97_000],
        [1e-12, 0.02, 1e9]
    )
    func anyScaleCanBeDrawn(hertz: Double, seconds: Double) throws {
        let samples = Fill.noise.samples(stepCount: 7, channelCount: 333)
        let observation = Observation(
            file: String(repeating: "a long name of a file ", count: 30),
            source: String(repeating: "Ünïcödé \u{0}\n", count: 50),
            firstChannelMegahertz: 8_421.386717,
            channelMegahertz: hertz / 1e6,
            stepSeconds: seconds
        )
        try expectPictures(observation, samples, "\(hertz) Hz, \(seconds) s")
    }

    @Test func anyHitCanBeDrawn() throws {
        let samples = Fill.noise.samples(stepCount: 5, channelCount: 70)
        for hit in Self.hits(channelCount: 70) {
            let canvas = try WaterfallPlot(hit, .test(), samples).draw()
            expectTidy(canvas, "\(hit)")
        }
        for hit in Self.hits(channelCount: 70)[..<7] {
            let band = try BandPlot([hit], driftMax: .infinity, .test(), samples).draw()
            expectTidy(band, "\(hit)")
        }
    }

    private static func hits(channelCount: Int) -> [PlottedHit] {
        var hits: [PlottedHit] = []
        for drift in [0, -0.3, 4, 1e30, -.greatestFiniteMagnitude, .nan] {
            for channel in [0, channelCount - 1, -5, .max, .min] {
                hits.append(
                    PlottedHit(
                        number: hits.count + 1,
                        channel: channel,
                        megahertz: 8_421.386717,
                        drift: drift,
                        snr: [10, 3.4e38, -1, 0, .infinity, 13, 700][hits.count % 7]
                    )
                )
            }
        }
        return hits
    }

    private func expectPictures(
        _ observation: Observation,
        _ samples: Samples,
        _ what: String
    ) throws {
        let hits = Self.hits(channelCount: samples.channelCount)
        // Not every hit in every sky: another one each time.
        let hit = hits[(samples.channelCount + samples.stepCount + what.utf8.count) % hits.count]
        let waterfall = try WaterfallPlot(hit, observation, samples).draw()
        expectTidy(waterfall, "\(what), \(hit)")
        let band = try BandPlot(hits, driftMax: 4, observation, samples).draw()
        expectTidy(band, "\(what)")
    }

    /// All text lies on the canvas, and no two texts overlap.
    private func expectTidy(_ canvas: Canvas, _ what: String) {
        #expect(canvas.labels.count > 5)
        for (index, label) in canvas.labels.enumerated() {
            #expect(label.left >= 2 && label.right <= canvas.width - 2, "\(what): \(label)")
            #expect(label.top >= 2 && label.bottom <= canvas.height - 2, "\(what): \(label)")
            for other in canvas.labels[..<index] {
                let isApart =
                    label.right <= other.left || other.right <= label.left
                    || label.bottom <= other.top || other.bottom <= label.top
                #expect(isApart, "\(what): \(label) over \(other)")
            }
        }
    }
}

/// What a file may hold.
private enum Fill: CaseIterable {
    case zero, constant, noise, notNumbers, huge, tiny, negative

    func samples(stepCount: Int, channelCount: Int) -> Samples {
        if self == .noise {
            return Sky(stepCount: stepCount, channelCount: channelCount).samples
        }
        return Samples(stepCount: stepCount, channelCount: channelCount) { step, channels in
            channels.map { sample($0 + step) }
        }
    }

    private func sample(_ index: Int) -> Float {
        switch self {
        case .zero, .noise: 0
        case .constant: 42
        case .notNumbers: [Float.nan, .infinity, -.infinity, 1][index % 4]
        case .huge: index % 3 == 0 ? .greatestFiniteMagnitude : -.greatestFiniteMagnitude
        case .tiny: index % 2 == 0 ? .leastNonzeroMagnitude : 0
        case .negative: -Float(index)
        }
    }
}
