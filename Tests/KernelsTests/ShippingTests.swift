import Kernels
import Primitives
import Testing

/// What is shipped loses no hit, and is worth its bytes.
struct ShippingTests {
    /// Noise of few different values, in `bits` bits.
    private func file(values: UInt64, bits: Int, channels: Int = 2_000) -> InputFile {
        var random = PRNG(seed: values)
        var header = FilterbankHeader()
        header.firstChannelMegahertz = 1_420
        header.channelMegahertz = -2.8e-6
        header.stepSeconds = 18
        header.channelCount = channels
        header.sampleBits = bits
        var bytes = header.encoded()
        for _ in 0..<(16 * channels) {
            let level = random.below(300) == 0 ? values - 1 : random.below(values / 4)
            // Levels that are no whole numbers, and one below zero.
            let pattern = (Float(level) * 0.37 - 1).bitPattern
            let word = bits == 16 ? UInt32(level) * 3 + 1_000 : pattern
            for index in 0..<(bits / 8) { bytes.append(UInt8(word >> (8 * index) & 0xff)) }
        }
        return InputFile(name: "few.fil", bytes: bytes)
    }

    @Test(arguments: [16, 32], [SearchMethod.turboSETI, .native(boxcarMax: 4)])
    func fewValuesAreShippedAsBytesAndGiveTheSameResults(
        bits: Int,
        method: SearchMethod
    ) throws {
        let file = file(values: 256, bits: bits)
        let settings = DriftSettings(method: method, maxDrift: 1, threshold: 4, tileWidth: 700)
        let original = try DriftPack(file, settings)
        let shipped = try DriftPack(file, settings, isShipped: true)
        #expect(try DriftParameters(shipped.parameters).codebook.values.count <= 256)
        #expect(try DriftParameters(shipped.parameters).codebook.values.count > 60)
        var hits = 0
        for index in 0..<original.plan.unitCount {
            #expect(try shipped.unit(index).count * bits / 8 == original.unit(index).count)
            let outputs = try [original, shipped].map { pack in
                let bytes = try pack.unit(index)
                return try output(
                    UnitInput(parameters: pack.parameters, index: index, bytes: bytes)
                )
            }
            #expect(outputs[0] == outputs[1])
            hits += try DriftSearch.hits(of: outputs[0]).count
        }
        #expect(hits > 0)
    }

    @Test(arguments: [(8, 100), (32, 2_000), (16, 1_200)])
    func othersAreShippedAsTheyAre(bits: Int, values: Int) throws {
        var random = PRNG(seed: 4)
        let file =
            bits == 8
            ? randomFile(&random, steps: 16, channels: 500, bits: 8)
            : file(values: UInt64(values), bits: bits)
        let settings = DriftSettings(maxDrift: 1)
        let pack = try DriftPack(file, settings, isShipped: true)
        #expect(try pack.parameters == DriftPack(file, settings).parameters)
        #expect(try DriftParameters(pack.parameters).codebook == .none)
    }

    @Test func bytesWithoutValueAreRefused() throws {
        let file = file(values: 100, bits: 32)
        let pack = try DriftPack(file, DriftSettings(maxDrift: 1), isShipped: true)
        var bytes = try pack.unit(0)
        bytes[70] = 255
        #expect(throws: KernelError.self) {
            try DriftSearch(UnitInput(parameters: pack.parameters, index: 0, bytes: bytes))
        }
    }

    @Test func unitsAreWorthTheBytesThatWereAskedFor() throws {
        var random = PRNG(seed: 4)
        let file = randomFile(&random, steps: 16, channels: 60_000, bits: 32)
        func density(_ operations: UInt64?) throws -> (units: Int, least: UInt64) {
            let settings = DriftSettings(maxDrift: 2, operationsPerMebibyte: operations)
            let plan = try DriftPack(file, settings).plan
            // The last unit of a coarse channel may be narrower.
            let extent = plan[0]
            return (
                plan.unitCount,
                extent.operations << 20 / (extent.bytes.upperBound - extent.bytes.lowerBound)
            )
        }
        let usual = try density(nil)
        let dense = try density(usual.least * 103 / 100)
        #expect(usual.units > dense.units)
        #expect(dense.least >= usual.least * 103 / 100)
        #expect(throws: InputError.self) { try density(usual.least * 2) }
    }
}
