import Kernels
import Primitives
import Testing

/// Parameters, plans and results as strangers may write them.
struct JobTests {
    private func dataset(
        _ method: SearchMethod = .native,
        tileWidth: Int? = 100
    ) throws -> Dataset {
        var random = PRNG(seed: 3)
        let file = randomFile(&random, steps: 16, channels: 450, bits: 16)
        let settings = DriftSettings(
            method: method,
            maxDrift: 1,
            threshold: 2,
            tileWidth: tileWidth
        )
        return try DriftSearch.pack(file, settings)
    }

    @Test func parametersSurviveTheirEncoding() throws {
        let parameters = try dataset().parameters
        let decoded = try DriftParameters(parameters)
        #expect(decoded.encoded() == parameters)
        #expect(decoded.method == .native(boxcarMax: 16))
        #expect(decoded.tileWidth == 100)
        #expect(decoded.header.sampleBits == 16)
        #expect(decoded.fileName == "random.fil")
    }

    @Test func damagedParametersAreRefusedOrPlanned() throws {
        let dataset = try dataset()
        let good = dataset.parameters.bytes
        for count in 0..<good.count {
            #expect(throws: ManifestError.self) {
                try DriftSearch.plan(Parameters(bytes: Bytes(good.prefix(count))), dataset.shape)
            }
        }
        #expect(throws: ManifestError.malformed("they end too late")) {
            try DriftParameters(Parameters(bytes: good + [0]))
        }
        var random = PRNG(seed: 4)
        for _ in 0..<4_000 {
            var bytes = good
            for _ in 0...random.below(3) {
                bytes[Int(random.below(UInt64(bytes.count)))] = UInt8(random.below(256))
            }
            let parameters = Parameters(bytes: bytes)
            guard let decoded = try? DriftParameters(parameters) else { continue }
            #expect(decoded.encoded() == parameters)
            _ = try? DriftSearch.plan(parameters, dataset.shape)
            _ = try? DriftSearch.report(.empty, parameters)
        }
    }

    @Test func randomBytesAreNoParameters() {
        var random = PRNG(seed: 5)
        for _ in 0..<500 {
            let bytes = (0..<random.below(200)).map { _ in UInt8(random.below(256)) }
            #expect(throws: ManifestError.self) { try DriftParameters(Parameters(bytes: bytes)) }
        }
    }

    @Test func limitsArePlanned() throws {
        let good = try DriftParameters(try dataset(.turboSETI).parameters)
        func plan(tileWidth: Int = 100, maxDrift: Double = 1, channels: Int = 450) throws {
            var header = good.header
            header.channelCount = channels
            let parameters = DriftParameters(
                method: .turboSETI,
                maxDrift: maxDrift,
                threshold: 10,
                tileWidth: tileWidth,
                stepCount: 16,
                header: header,
                fileName: "",
                coarseChannels: good.coarseChannels
            )
            _ = try DriftSearch.plan(parameters.encoded(), InputShape(byteCount: 0))
        }
        #expect(
            throws: ManifestError.outOfBounds("1073741824 units, above 1000000; choose wider tiles")
        ) {
            try plan(tileWidth: 1, channels: 1 << 30)
        }
        #expect(throws: ManifestError.self) { try plan(maxDrift: 1e300) }
        #expect(throws: ManifestError.self) { try plan(maxDrift: .nan) }
        #expect(throws: ManifestError.self) { try plan(maxDrift: 10_000) }
        #expect(throws: ManifestError.self) { try plan(tileWidth: 0) }
        #expect(throws: ManifestError.self) { try plan(tileWidth: 1 << 24, channels: 1 << 30) }
        #expect(throws: ManifestError.self) { try plan(channels: 31) }
        #expect(throws: ManifestError.self) {
            try plan(tileWidth: 2_000, maxDrift: 400, channels: 1 << 30)
        }
    }

    @Test func planCoversTheDatasetWithoutGaps() throws {
        for width in [1, 7, 100, 150, 449, 450, 1_000] {
            let dataset = try dataset(tileWidth: width)
            let plan = try DriftSearch.plan(dataset.parameters, dataset.shape)
            #expect(plan.unitCount == (450 + min(width, 450) - 1) / min(width, 450))
            var next: UInt64 = 0
            var operations: UInt64 = 0
            for index in 0..<plan.unitCount {
                #expect(plan[index].bytes.lowerBound == next)
                next = plan[index].bytes.upperBound
                operations += plan[index].operations
            }
            #expect(next == dataset.shape.byteCount)
            #expect(operations == plan.operations)
            #expect(operations.isMultiple(of: 450 * 16 * 5))
        }
        let dataset = try dataset()
        #expect(throws: ManifestError.self) {
            try DriftSearch.plan(dataset.parameters, InputShape(byteCount: 1))
        }
    }

    @Test func resultsAreJoinedInOrderAndChecked() throws {
        let dataset = try dataset()
        let outputs = try (0..<5).map { try output(input(dataset, $0)) }
        #expect(throws: KernelError.outOfOrder(expected: 0, given: 1)) {
            try DriftSearch.reduce(.empty, outputs[1], index: 1)
        }
        let swapped = try DriftSearch.reduce(.empty, outputs[1], index: 0)
        #expect(throws: KernelError.outOfOrder(expected: 5, given: 1)) {
            try DriftSearch.report(swapped, dataset.parameters)
        }
        let rest = try (1..<5).reduce(swapped) {
            try DriftSearch.reduce($0, outputs[$1], index: $1)
        }
        #expect(throws: KernelError.self) { try DriftSearch.report(rest, dataset.parameters) }
        var random = PRNG(seed: 6)
        for _ in 0..<500 {
            var bytes = outputs[0].result
            bytes[Int(random.below(UInt64(bytes.count)))] = UInt8(random.below(256))
            let output = UnitOutput(result: bytes, operations: 0, evidence: .zero)
            _ = try? DriftSearch.reduce(.empty, output, index: 0)
            let cut = UnitOutput(result: bytes.dropLast(), operations: 0, evidence: .zero)
            #expect(throws: KernelError.self) { try DriftSearch.reduce(.empty, cut, index: 0) }
        }
    }

    @Test func identityIsNameAndVersion() {
        #expect(DriftSearch.id.description == "drift-search/1")
    }
}
