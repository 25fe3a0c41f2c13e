import Kernels
import Primitives
import Testing

/// A bit that changes in a unit's memory is noticed before anything is handed in.
struct SelfCheckTests {
    /// Regions that last from one drift block to the next; the others are made anew in each.
    private static let lasting: [MemoryRegion] = [
        .samples, .maxima, .ratios, .drifts, .boxcars, .hitCount, .evidence, .thresholds, .noise,
        .reach, .place,
    ]

    /// Regions in which many flips change the result.
    private static let telling: [MemoryRegion] = [
        .samples, .maxima, .ratios, .hitCount, .evidence, .thresholds, .noise, .reach, .place,
    ]

    @Test(
        arguments: [.turboSETI, .native(boxcarMax: 2)] as [SearchMethod],
        [8, 32]
    )
    func everyHarmfulFlipIsNoticed(method: SearchMethod, sampleBits: Int) throws {
        var random = PRNG(seed: 1)
        let tallies = try campaign(small(method, sampleBits: sampleBits), .fastest, 1_400, &random)
        for (region, tally) in tallies {
            #expect(tally.flips == 100)
            #expect(tally.escaped == 0, "\(region)")
            let lasts = Self.lasting.contains(region)
            #expect((tally.harmful + tally.alarms > 0) == lasts, "\(region)")
            if Self.telling.contains(region) { #expect(tally.harmful > 0, "\(region)") }
        }
    }

    @Test(arguments: Variant.supported)
    func everyVariantNotices(variant: Variant) throws {
        var random = PRNG(seed: 2)
        let unit = small(.native(boxcarMax: 2), sampleBits: 8)
        let tallies = try campaign(unit, variant, 210, &random)
        #expect(tallies.map { $0.1.harmful }.reduce(0, +) > 50)
        for (region, tally) in tallies { #expect(tally.escaped == 0, "\(region)") }
    }

    /// Trees of other numbers of steps, padding steps, and all columns searched at once.
    @Test(arguments: [8, 13, 32])
    func flipsAreNoticedOnOtherPaths(steps: Int) throws {
        var random = PRNG(seed: 3)
        var unit = small(.native(boxcarMax: 4), sampleBits: 16)
        unit.steps = steps
        unit.threshold = 3
        for (region, tally) in try campaign(unit, .fastest, 210, &random) {
            #expect(tally.escaped == 0, "\(region)")
        }
    }

    @Test func faultsHaveTheirNames() throws {
        let input = try small(.native(boxcarMax: 2), sampleBits: 8).input(seed: 1, .fastest)
        let sound = try DamagedUnit(input)
        let parts: [(MemoryRegion, CheckedPart)] = [
            (.samples, .samples), (.maxima, .maxima), (.ratios, .hits), (.boxcars, .hits),
            (.hitCount, .hits), (.evidence, .evidence), (.noise, .constants),
            (.reach, .constants), (.place, .place),
        ]
        for (region, part) in parts {
            var unit = sound
            for _ in 0..<4 { unit.step() }
            unit.withMemory(of: region) { $0[$0.count / 4] ^= 1 }
            #expect(throws: KernelError.selfCheck(part), "\(region)") { try unit.state }
            #expect(unit.finish().failed == part, "\(region)")
        }
        var unit = sound
        for _ in 0..<4 { unit.step() }
        _ = try unit.state
        #expect(unit.finish().failed == nil)
    }

    /// A sum that is kept consistently, and is not that of the samples, as a processor's error
    /// leaves it.
    @Test(arguments: [0, 0.01037, 100, .nan] as [Float])
    func wrongSumsAreNoticed(drift: Float) throws {
        let input = try small(.native(boxcarMax: 2), sampleBits: 8).input(seed: 1, .fastest)
        var unit = try DamagedUnit(input)
        unit.step()
        unit.invent(sum: 1_000_000, drift: drift)
        while !unit.isFinished { unit.step() }
        #expect(unit.finish().failed == .sums)
    }

    @Test func reasonSaysWhatToDo() {
        for part in CheckedPart.allCases {
            let reason = KernelError.selfCheck(part).description
            #expect(reason.contains("the \(part.rawValue) failed"))
            #expect(reason.contains("check this machine's memory"))
        }
    }

    private func small(_ method: SearchMethod, sampleBits: Int) -> SmallUnit {
        SmallUnit(
            method,
            steps: 16,
            sampleBits: sampleBits,
            width: 48,
            maxDrift: 0.2,
            threshold: 5
        )
    }

    private func campaign(
        _ unit: SmallUnit,
        _ variant: Variant,
        _ flips: Int,
        _ random: inout PRNG
    ) throws -> [(MemoryRegion, BitFlipCampaign.Tally)] {
        var campaign = try BitFlipCampaign(try unit.input(seed: 1, variant))
        campaign.run(flips: flips, &random)
        return Array(zip(MemoryRegion.allCases, campaign.tallies)).filter { $0.1.flips > 0 }
    }
}
