import Kernels
import Primitives
import Testing

/// Our own search finds what a plain sum over every path and boxcar finds, and what turboSETI
/// loses.
struct NativeTests {
    /// Whole numbers, whose sums are exact in any order.
    @Test(arguments: [(16, 1.0, 8), (16, 0.4, 16), (13, 0.7, 4), (8, 3, 2), (5, 4, 1)])
    func hitsAreThoseOfThePlainSums(steps: Int, maxDrift: Double, boxcarMax: Int) throws {
        var random = PRNG(seed: UInt64(steps))
        let file = randomFile(&random, steps: steps, channels: 800, bits: 8)
        let settings = DriftSettings(
            method: .native(boxcarMax: boxcarMax),
            maxDrift: maxDrift,
            threshold: 4,
            coarseChannelCount: 2
        )
        let found = try search(file, settings)
        let plain = try PlainSearch(file, found.parameters)
        let reach = plain.reach + boxcarMax
        var compared = 0
        for channel in reach..<(800 - reach) {
            let (coarse, column) = channel.quotientAndRemainder(dividingBy: 400)
            let hit = found.hits.first { $0.coarseChannel == coarse && $0.column == column }
            let best = plain.strongest(channel)
            #expect(hit?.ratio == best?.ratio, "channel \(channel)")
            #expect(hit?.drift == best?.drift && hit?.boxcar == best?.boxcar, "channel \(channel)")
            compared += best == nil ? 0 : 1
        }
        #expect(compared > 10)
    }

    @Test(arguments: [64, 1_000, 4_096])
    func hitsAreTheSameForEveryTileWidth(width: Int) throws {
        var random = PRNG(seed: 5)
        let file = randomFile(&random, steps: 16, channels: 3_000, bits: 32)
        var settings = DriftSettings(maxDrift: 1, threshold: 4, coarseChannelCount: 2)
        let expected = try search(file, settings)
        settings.tileWidth = width
        let found = try search(file, settings)
        #expect(found.hits == expected.hits)
        #expect(found.signals == expected.signals)
        #expect(found.hits.count > 10)
    }

    @Test func toneOfTheLargestDriftIsFound() throws {
        var band = Band(channels: 4_096)
        band.add(channel: 1_000, drift: 3.97, power: 30)
        band.add(channel: 3_000, drift: -3.97, power: 30)
        let settings = DriftSettings(maxDrift: 4)
        let signals = try search(band.file, settings).signals
        #expect(signals.map(\.column.rounded10) == [1_000, 3_000].map(\.rounded10))
        for (signal, drift) in zip(signals, [3.97, -3.97]) {
            #expect(abs(Double(signal.drift) - drift) < 0.1)
        }
    }

    @Test func steadyToneIsFound() throws {
        var band = Band(channels: 4_096)
        band.add(channel: 700, drift: 0)
        let signals = try search(band.file, DriftSettings()).signals
        #expect(signals.map(\.column) == [700])
        #expect(signals.map(\.drift) == [0])
        let compatible = try search(band.file, DriftSettings(method: .turboSETI)).signals
        #expect(!compatible.contains { $0.drift == 0 })
    }

    @Test func largerDriftLosesNoTone() throws {
        var band = Band(channels: 8_192)
        for tone in 0..<40 { band.add(channel: 1_000 + 150 * tone, drift: 0.31) }
        for maxDrift in [1.0, 4, 15] {
            let settings = DriftSettings(method: .native(boxcarMax: 2), maxDrift: maxDrift)
            let signals = try search(band.file, settings).signals
            #expect(signals.count == 40, "\(maxDrift) Hz/s: \(signals.map(\.column))")
        }
        let compatible = DriftSettings(method: .turboSETI, maxDrift: 4)
        #expect(try search(band.file, compatible).signals.count < 12)
    }

    @Test func denseTonesAreToldApart() throws {
        var band = Band(channels: 8_192)
        for tone in 0..<50 { band.add(channel: 1_500 + 14 * tone, drift: 0.05) }
        let settings = DriftSettings(method: .native(boxcarMax: 4), maxDrift: 1)
        let signals = try search(band.file, settings).signals
        #expect(signals.count >= 48 && signals.count <= 52, "\(signals.map(\.column))")
    }

    @Test func weakToneBesideStrongOneIsKeptAndEchoesAreNot() throws {
        var band = Band(channels: 4_096)
        band.add(channel: 2_000, drift: 0.5, power: 200)
        band.add(channel: 2_200, drift: -0.7, power: 20)
        let signals = try search(band.file, DriftSettings()).signals
        #expect(signals.map(\.column.rounded10) == [2_000, 2_200].map(\.rounded10))
    }

    @Test func toneThatCrossesAStrongerOneIsKept() throws {
        var band = Band(channels: 4_096)
        band.add(channel: 2_000, drift: 0.5, power: 100)
        band.add(channel: 2_052, drift: -0.5, power: 50)
        let signals = try search(band.file, DriftSettings()).signals
        #expect(signals.count == 2)
        #expect(signals.contains { abs($0.drift - 0.5) < 0.05 })
        #expect(signals.contains { abs($0.drift + 0.5) < 0.05 })
    }

    /// A tone between two channels, whose power in the others falls as 1/(π·d)².
    @Test func sideLobesAreNoSignals() throws {
        var band = Band(channels: 4_096)
        for lobe in -40..<40 {
            let distance = Double.pi * (Double(lobe) + 0.5)
            band.add(channel: 2_000 + lobe, drift: 0.2, power: 20_000 / (distance * distance))
        }
        let signals = try search(band.file, DriftSettings()).signals
        #expect(signals.count == 1, "\(signals.map(\.column))")
    }

    @Test func nothingWrapsAroundTheBand() throws {
        var band = Band(channels: 4_096)
        band.add(channel: 4_040, drift: 1, power: 60)
        let signals = try search(band.file, DriftSettings(maxDrift: 2)).signals
        #expect(!signals.isEmpty && signals.allSatisfy { $0.column > 4_000 })
    }

    @Test func pathsGoOnIntoTheNextCoarseChannel() throws {
        var band = Band(channels: 8_192)
        band.add(channel: 4_060, drift: 1, power: 30)
        let signals = try search(band.file, DriftSettings(coarseChannelCount: 2)).signals
        #expect(signals.count == 1)
        #expect(signals.first?.coarseChannel == 0)
        #expect(abs(Double(signals.first?.drift ?? 0) - 1) < 0.05)
    }

    @Test func boxcarsRecoverSmearedTones() throws {
        var band = Band(channels: 8_192)
        band.add(channel: 3_000, drift: 2.4, power: 11)
        let narrow = DriftSettings(method: .native(boxcarMax: 1))
        #expect(try search(band.file, narrow).signals.isEmpty)
        let signals = try search(band.file, DriftSettings()).signals
        #expect(signals.count == 1)
        #expect(signals.first.map { $0.boxcar >= 8 } == true)
    }

    @Test func spikeInTheMiddleIsNoSignalAndDriftingToneThereIsOne() throws {
        var band = Band(channels: 8_192)
        band.add(channel: 2_048, drift: 0, power: 500)
        band.add(channel: 6_140, drift: 0.1)
        let signals = try search(band.file, DriftSettings(coarseChannelCount: 2)).signals
        #expect(signals.count == 1)
        #expect(signals.first.map { $0.coarseChannel == 1 && abs($0.column - 2_044) <= 2 } == true)
    }

    @Test func hitsThatNoSearchFindsAreRefused() throws {
        var band = Band(channels: 1_024)
        band.add(channel: 500, drift: 0.3)
        let dataset = try DriftSearch.pack(band.file, DriftSettings())
        let good = try output(input(dataset, 0)).result
        for (offset, bits) in [(12, Float(4.1).bitPattern), (16, 32), (16, 3), (16, 0)] {
            var bytes = good
            for index in 0..<4 { bytes[12 + offset + index] = UInt8(bits >> (8 * index) & 0xff) }
            let output = UnitOutput(result: bytes, operations: 0, evidence: .zero)
            #expect(throws: KernelError.self) {
                let aggregate = try DriftSearch.reduce(.empty, output, index: 0)
                _ = try DriftSearch.report(aggregate, dataset.parameters)
            }
        }
    }
}

extension Int {
    /// To compare columns that may be some apart.
    fileprivate var rounded10: Int { (self + 20) / 40 }
}

/// Every hit of a file, and those that are signals.
private func search(
    _ file: InputFile,
    _ settings: DriftSettings
) throws -> (parameters: DriftParameters, hits: [ColumnHit], signals: [ColumnHit]) {
    let dataset = try DriftSearch.pack(file, settings)
    let plan = try DriftSearch.plan(dataset.parameters, dataset.shape)
    var aggregate = Aggregate.empty
    var hits: [ColumnHit] = []
    for index in 0..<plan.unitCount {
        let output = try output(input(dataset, index))
        hits += try DriftSearch.hits(of: output)
        aggregate = try DriftSearch.reduce(aggregate, output, index: index)
    }
    let (parameters, top) = try DriftSearch.topHits(aggregate, dataset.parameters)
    return (parameters, hits, top.map(\.hit))
}

/// Noise of 16 steps, and tones that keep their power while they drift, smeared over what they
/// cross.
private struct Band {
    static let hertz = 2.79
    static let seconds = 18.25
    static let steps = 16

    let channels: Int
    private var samples: [Float]

    init(channels: Int) {
        self.channels = channels
        var random = PRNG(seed: UInt64(channels))
        samples = (0..<(Self.steps * channels)).map { _ in
            // A sum of twelve even numbers is nearly normal.
            let sum = (0..<12).reduce(0.0) { sum, _ in sum + Double(random.below(1_000)) / 1_000 }
            return Float(10 + sum - 6)
        }
    }

    mutating func add(channel: Int, drift: Double, power: Double = 12) {
        let parts = 64
        for step in 0..<Self.steps {
            for part in 0..<parts {
                let time = (Double(step) + Double(part) / Double(parts)) * Self.seconds
                let place = channel + Int((drift * time / Self.hertz).rounded())
                guard (0..<channels).contains(place) else { continue }
                samples[step * channels + place] += Float(power / Double(parts))
            }
        }
    }

    var file: InputFile {
        var header = FilterbankHeader()
        header.firstChannelMegahertz = 1_420
        header.channelMegahertz = Self.hertz / 1e6
        header.stepSeconds = Self.seconds
        header.channelCount = channels
        header.sampleBits = 32
        var bytes = header.encoded()
        for sample in samples {
            let bits = sample.bitPattern
            for shift in [0, 8, 16, 24] { bytes.append(UInt8(bits >> shift & 0xff)) }
        }
        return InputFile(name: "band.fil", bytes: bytes)
    }
}

/// The definition of our own search over 8-bit samples, one path at a time.
private struct PlainSearch {
    private let parameters: DriftParameters
    private let grid: DriftGrid
    private let samples: [[Double]]

    init(_ file: InputFile, _ parameters: DriftParameters) throws {
        self.parameters = parameters
        grid = try DriftGeometry(parameters).grid
        let count = parameters.header.channelCount
        let start = file.bytes.count - parameters.stepCount * count
        samples = (0..<parameters.stepCount).map { step in
            let row = file.bytes[(start + step * count)..<(start + (step + 1) * count)]
            var samples = row.map(Double.init)
            for channel in parameters.coarseChannels.indices
            where parameters.coarseChannels[channel].hasSpike {
                let middle = channel * parameters.columnCount + parameters.columnCount / 2
                samples[middle] = (samples[middle - 1] + samples[middle + 1]) / 2
            }
            return samples
        }
    }

    /// Columns that the paths may move by.
    var reach: Int { Int(parameters.maxDrift / grid.resolution) }

    /// The first of the strongest sums: narrow boxcars first, then from negative drifts to
    /// positive.
    func strongest(_ channel: Int) -> (ratio: Float, drift: Float, boxcar: Int)? {
        var best: (ratio: Float, drift: Float, boxcar: Int)?
        let width = parameters.columnCount
        let noise = parameters.coarseChannels[channel / width].noise
        let isAscending = parameters.header.channelMegahertz > 0
        for (boxcar, noise) in zip(parameters.method.boxcars, noise) {
            for columns in -reach...reach {
                var sum = 0.0
                for step in samples.indices {
                    let first = channel + moved(by: columns, at: step) - (boxcar - 1) / 2
                    sum += samples[step][first..<(first + boxcar)].reduce(0, +)
                }
                let ratio = Float(
                    (sum - Double(noise.median)) / Double(noise.deviation)
                )
                guard ratio > parameters.threshold, ratio > best?.ratio ?? 0 else { continue }
                let drift = Float(grid.resolution * Double(isAscending ? columns : -columns))
                best = (ratio, columns == 0 ? 0 : drift, boxcar)
            }
        }
        return best
    }

    /// By how many columns a path that moves by `columns` in all has moved at `step`: the tree's
    /// way to halve, rounded up for the second half.
    private func moved(by columns: Int, at step: Int) -> Int {
        let last = grid.treeSteps - 1
        let block = min(abs(columns) / last, grid.lastBlock)
        var (path, size, row, moved) = (abs(columns) - block * last, grid.treeSteps, step, 0)
        while size > 1 {
            size /= 2
            if row >= size {
                row -= size
                moved += (path + 1) / 2
            }
            path /= 2
        }
        return (block * step + moved) * columns.signum()
    }
}
