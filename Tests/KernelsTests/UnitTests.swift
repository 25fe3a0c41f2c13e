import Kernels
import Primitives
import Testing

/// One unit's result does not depend on how it is computed.
struct UnitTests {
    @Test(arguments: 0..<36)
    func variantsGiveTheSameBytes(seed: Int) throws {
        var random = PRNG(seed: UInt64(seed))
        let steps = [2, 3, 4, 7, 8, 13, 16, 16, 16, 31, 64][Int(random.below(11))]
        let treeSteps = try power(notBelow: steps)
        let channels = max(16, 2 * treeSteps) + Int(random.below(900))
        let bits = [8, 16, 32][Int(random.below(3))]
        let file = randomFile(&random, steps: steps, channels: channels, bits: bits)
        let resolution = 2.8 / (Double(treeSteps - 1) * 18)
        let settings = DriftSettings(
            method: [.turboSETI, .native(boxcarMax: 1), .native(boxcarMax: 4)][seed % 3],
            maxDrift: resolution * Double(treeSteps) * Double(1 + random.below(5)) * 0.9,
            threshold: 1 + Float(random.below(50)) / 10,
            tileWidth: 1 + Int(random.below(UInt64(channels)))
        )
        let dataset = try DriftSearch.pack(file, settings)
        let plan = try DriftSearch.plan(dataset.parameters, dataset.shape)
        for index in 0..<min(3, plan.unitCount) {
            let scalar = try output(input(dataset, index, .scalar))
            #expect(scalar.operations == plan[index].operations)
            for variant in Variant.supported {
                let same = try output(input(dataset, index, variant)) == scalar
                #expect(same, "\(variant), steps \(steps) channels \(channels) bits \(bits)")
            }
        }
    }

    @Test(arguments: [8, 16, 32])
    func variantsPackTheSameBytes(bits: Int) throws {
        var random = PRNG(seed: 9)
        let file = randomFile(&random, steps: 16, channels: 5_000, bits: bits)
        let settings = DriftSettings(maxDrift: 0.5, threshold: 3, tileWidth: 4_000)
        let scalar = try DriftPack(file, settings, variant: .scalar)
        for variant in Variant.supported {
            let pack = try DriftPack(file, settings, variant: variant)
            #expect(pack.parameters == scalar.parameters, "\(variant)")
            #expect(try pack.unit(1) == scalar.unit(1), "\(variant)")
        }
    }

    /// The numbers of a large file go to histograms, in parts that workers share.
    @Test(arguments: [SearchMethod.turboSETI, .native(boxcarMax: 2)])
    func workersDoNotChangeTheStatistics(method: SearchMethod) throws {
        var random = PRNG(seed: 10)
        let file = randomFile(&random, steps: 2, channels: 1 << 19, bits: 32)
        let settings = DriftSettings(method: method, maxDrift: 0.1, threshold: 3)
        let alone = try DriftPack(file, settings)
        let shared = try DriftPack(file, settings, workers: Backwards())
        #expect(shared.parameters == alone.parameters)
        // Half of all sums are below the median that was found, and half are above it.
        let median = try DriftParameters(alone.parameters).coarseChannels[0].noise[0].median
        let samples = file.bytes.suffix(8 << 19).withUnsafeBytes { raw in
            (0..<(1 << 20)).map { raw.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
        let sums = (0..<(1 << 19)).map { samples[$0] + samples[$0 + (1 << 19)] }
        #expect(sums.count { $0 < median } <= 1 << 18)
        #expect(sums.count { $0 > median } <= 1 << 18)
    }

    /// Of several stripes, with hits in none, some and all of the windows.
    @Test(arguments: [20, 3, 0.5] as [Float], [16, 12, 32])
    func variantsGiveTheSameBytesAcrossStripes(threshold: Float, steps: Int) throws {
        var random = PRNG(seed: UInt64(steps))
        let file = randomFile(&random, steps: steps, channels: 5_300, bits: 16)
        let settings = DriftSettings(
            method: steps == 16 ? .native(boxcarMax: 2) : .turboSETI,
            maxDrift: 0.5,
            threshold: threshold,
            tileWidth: 4_700
        )
        let dataset = try DriftSearch.pack(file, settings)
        let plan = try DriftSearch.plan(dataset.parameters, dataset.shape)
        for index in 0..<plan.unitCount {
            let scalar = try output(input(dataset, index, .scalar))
            for variant in Variant.supported {
                #expect(try output(input(dataset, index, variant)) == scalar, "\(variant)")
                let unproven = try output(input(dataset, index, variant, isProven: false))
                #expect(unproven.result == scalar.result, "\(variant)")
                #expect(unproven.evidence == .zero)
            }
        }
    }

    @Test(arguments: 0..<6)
    func breaksDoNotChangeTheResult(seed: Int) throws {
        var random = PRNG(seed: UInt64(100 + seed))
        let steps = [16, 8, 5][seed % 3]
        let file = randomFile(&random, steps: steps, channels: 1_400, bits: 32)
        let settings = DriftSettings(
            method: seed % 2 == 0 ? .native(boxcarMax: 2) : .turboSETI,
            maxDrift: 0.9,
            threshold: 2,
            tileWidth: 1_100
        )
        let dataset = try DriftSearch.pack(file, settings)
        let input = try input(dataset, seed % 2)
        let expected = try output(input)
        var unit = try DriftSearch(input)
        var done: UInt64 = 0
        while true {
            let progress = try unit.step(sums: 1 + Int(random.below(30_000)))
            #expect(progress.operationsDone >= done)
            #expect(progress.operationsDone <= progress.operationsTotal)
            done = progress.operationsDone
            if progress.isFinished { break }
            if random.below(3) == 0 { unit = try DriftSearch(resuming: try unit.state, input) }
        }
        unit = try DriftSearch(resuming: try unit.state, input)
        #expect(try unit.step(sums: 1).isFinished)
        #expect(try unit.finish() == expected)
    }

    @Test func threadsDoNotChangeTheResult() async throws {
        var random = PRNG(seed: 7)
        let file = randomFile(&random, steps: 16, channels: 1_000, bits: 8)
        let settings = DriftSettings(maxDrift: 0.9, threshold: 2, tileWidth: 100)
        let dataset = try DriftSearch.pack(file, settings)
        let expected = try (0..<10).map { try output(input(dataset, $0)) }
        let outputs = try await withThrowingTaskGroup(of: (Int, UnitOutput).self) { group in
            for index in 0..<10 {
                let input = try input(dataset, index)
                group.addTask { (index, try output(input)) }
            }
            var outputs: [Int: UnitOutput] = [:]
            for try await (index, output) in group { outputs[index] = output }
            return outputs
        }
        for index in 0..<10 { #expect(outputs[index] == expected[index]) }
    }

    @Test func evidenceTellsUnitsAndSamplesApart() throws {
        var random = PRNG(seed: 9)
        let file = randomFile(&random, steps: 16, channels: 600, bits: 8)
        let settings = DriftSettings(
            method: .turboSETI,
            maxDrift: 0.5,
            threshold: 3,
            tileWidth: 200
        )
        let dataset = try DriftSearch.pack(file, settings)
        let first = try output(input(dataset, 0))
        #expect(try output(input(dataset, 1)).evidence != first.evidence)
        let original = try input(dataset, 0)
        var bytes = original.bytes
        bytes[bytes.count / 2] = 255
        let changed = UnitInput(parameters: original.parameters, index: 0, bytes: bytes)
        #expect(try output(changed).evidence != first.evidence)
    }

    @Test func damagedStatesAreRefused() throws {
        var random = PRNG(seed: 11)
        let file = randomFile(&random, steps: 8, channels: 200, bits: 8)
        let dataset = try DriftSearch.pack(file, DriftSettings(maxDrift: 1, threshold: 2))
        let input = try input(dataset, 0)
        var unit = try DriftSearch(input)
        _ = try unit.step(sums: 1)
        let state = try unit.state
        for count in 0..<state.count {
            #expect(throws: KernelError.self) {
                try DriftSearch(resuming: Bytes(state.prefix(count)), input)
            }
        }
        for _ in 0..<200 {
            var damaged = state
            damaged[Int(random.below(UInt64(state.count)))] ^= UInt8(1 + random.below(255))
            #expect(throws: KernelError.badState("it is damaged")) {
                try DriftSearch(resuming: damaged, input)
            }
        }
    }

    @Test func wrongUnitsAreRefused() throws {
        var random = PRNG(seed: 12)
        let file = randomFile(&random, steps: 16, channels: 300, bits: 32)
        let settings = DriftSettings(method: .turboSETI, maxDrift: 1, threshold: 2)
        let dataset = try DriftSearch.pack(file, settings)
        let good = try input(dataset, 0)
        for index in [-1, 1, .max] {
            #expect(throws: KernelError.noSuchUnit(index: index, unitCount: 1)) {
                try DriftSearch(
                    UnitInput(parameters: good.parameters, index: index, bytes: good.bytes)
                )
            }
        }
        let short = Bytes(good.bytes.dropLast())
        #expect(throws: KernelError.wrongUnitSize(expected: short.count + 1, given: short.count)) {
            try DriftSearch(UnitInput(parameters: good.parameters, index: 0, bytes: short))
        }
        var infinite = good.bytes
        infinite.replaceSubrange(4..<8, with: [0, 0, 0x80, 0x7f])
        #expect(throws: KernelError.badSample(column: 1, step: 0)) {
            try DriftSearch(UnitInput(parameters: good.parameters, index: 0, bytes: infinite))
        }
    }

    private func power(notBelow steps: Int) throws -> Int {
        var power = 1
        while power < steps { power *= 2 }
        return power
    }
}
