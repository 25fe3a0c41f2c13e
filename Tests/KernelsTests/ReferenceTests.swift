import Kernels
import Primitives
import Testing

/// Tables must equal those of turboSETI 2.3.2, byte for byte.
struct ReferenceTests {
    @Test(arguments: try Cases.tables())
    func tableEqualsTurboSETI(name: String) throws {
        let (file, settings) = try Cases.search(name)
        let expected = String(decoding: try Cases.bytes("\(name).dat"), as: UTF8.self)
        #expect(try table(file, settings) == expected)
    }

    @Test(arguments: Variant.supported)
    func everyVariantsTableEqualsTurboSETI(variant: Variant) throws {
        for name in ["plain_d4_s10", "edges_d10_s5", "steps13bits8_d10_s12", "steps64_d1.5_s10"] {
            let (file, settings) = try Cases.search(name)
            let expected = String(decoding: try Cases.bytes("\(name).dat"), as: UTF8.self)
            #expect(try table(file, settings, variant) == expected, "\(name)")
        }
    }

    @Test(arguments: ["steps13_d4_s8", "wrapping8_d4_s10", "coarse4_d4_s10", "steps5_d10_s12"])
    func scalarTableEqualsTurboSETI(name: String) throws {
        let (file, settings) = try Cases.search(name)
        let expected = String(decoding: try Cases.bytes("\(name).dat"), as: UTF8.self)
        #expect(try table(file, settings, .scalar) == expected)
    }

    @Test(arguments: [
        ("edges_d4_s10", 512), ("edges_d4_s10", 17), ("edges_d10_s5", 700),
        ("coarse4_d4_s10", 333), ("steps64_d1.5_s10", 256), ("wrapping8_d4_s10", 1_023),
        ("steps5_d4_s8", 64),
    ])
    func tableIsTheSameForEveryTileWidth(name: String, width: Int) throws {
        var (file, settings) = try Cases.search(name)
        settings.tileWidth = width
        let expected = String(decoding: try Cases.bytes("\(name).dat"), as: UTF8.self)
        #expect(try table(file, settings) == expected)
    }

    @Test(arguments: [8, 16, 32])
    func everySyntheticToneIsFound(bits: Int) throws {
        let maker = SyntheticFilterbank(channelCount: 1 << 14, sampleBits: bits)
        let (bytes, tones) = maker.make()
        #expect(tones.count == 8)
        let dataset = try DriftSearch.pack(InputFile(name: "s.fil", bytes: bytes), DriftSettings())
        let plan = try DriftSearch.plan(dataset.parameters, dataset.shape)
        var aggregate = Aggregate.empty
        for index in 0..<plan.unitCount {
            let output = try output(input(dataset, index))
            aggregate = try DriftSearch.reduce(aggregate, output, index: index)
        }
        let (parameters, hits) = try DriftSearch.topHits(aggregate, dataset.parameters)
        let resolution = try DriftGeometry(parameters).grid.resolution
        #expect(hits.count == tones.count)
        for tone in tones {
            let isFound = hits.contains {
                abs($0.hit.column - tone.channel) <= 2
                    && abs(Double($0.hit.drift) - tone.drift) <= 3 * resolution
            }
            #expect(isFound, "\(tone)")
        }
    }

    @Test func syntheticBytesFollowFromTheSeed() {
        let maker = SyntheticFilterbank(seed: 5, channelCount: 256, toneCount: 1)
        let digest = SHA256.hash(maker.make().file).description
        #expect(digest == SHA256.hash(maker.make().file).description)
        #expect(
            digest
                != SHA256.hash(SyntheticFilterbank(seed: 6, channelCount: 256).make().file)
                .description
        )
    }
}
