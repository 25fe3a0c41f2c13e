import Kernels
import Primitives
import Testing

/// Headers as strangers may write them.
struct FilterbankTests {
    private func text(_ word: String) -> Bytes { word32(UInt32(word.utf8.count)) + word.utf8 }

    private func word32(_ word: UInt32) -> Bytes {
        [0, 8, 16, 24].map { UInt8(truncatingIfNeeded: word >> $0) }
    }

    private func word64(_ number: Double) -> Bytes {
        (0..<8).map { UInt8(truncatingIfNeeded: number.bitPattern >> UInt64(8 * $0)) }
    }

    private func small(_ change: (inout FilterbankHeader) -> Void = { _ in }) -> Bytes {
        var random = PRNG(seed: 1)
        let file = randomFile(&random, steps: 8, channels: 64, bits: 8)
        var header = FilterbankHeader()
        header.firstChannelMegahertz = 1_420
        header.channelMegahertz = -2.8e-6
        header.stepSeconds = 18
        header.channelCount = 64
        header.sampleBits = 8
        change(&header)
        return header.encoded() + file.bytes.suffix(8 * 64)
    }

    private func failure(_ bytes: Bytes) -> String? {
        do {
            _ = try Filterbank(bytes)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func wellFormedFileIsRead() throws {
        let filterbank = try Filterbank(small())
        #expect(filterbank.stepCount == 8)
        #expect(filterbank.header.channelCount == 64)
        #expect(filterbank.header.channelMegahertz == -2.8e-6)
    }

    @Test func eachHostileHeaderHasItsOwnSentence() {
        let start = text("HEADER_START")
        let cases: [(Bytes, String)] = [
            ([], "not a SIGPROC"),
            (Array("\u{89}HDF".utf8), "not a SIGPROC"),
            ([0x89, 0x48, 0x44, 0x46, 0x0d], "HDF5"),
            (start, "ends inside its header"),
            (start + word32(0xffff_ffff), "keyword of -1 bytes"),
            (start + word32(0x7fff_ffff), "keyword of 2147483647 bytes"),
            (start + text("bogus"), "unknown header keyword bogus"),
            (start + text("source_name") + word32(0x8000_0000), "the header is damaged"),
            (start + text("source_name") + word32(200), "ends inside its header"),
            (start + text("nchans") + word32(1) + text("nchans"), "stands twice"),
            (start + text("tsamp") + word64(.nan), "must be a finite number"),
            (start + text("nifs") + word32(2), "nifs is 2"),
            (start + text("HEADER_END"), "nchans is missing"),
        ]
        for (bytes, sentence) in cases {
            #expect(failure(bytes)?.contains(sentence) == true, "\(sentence)")
        }
        let many = (0..<200).flatMap { _ in text("a") }
        #expect(failure(start + many) != nil)
    }

    @Test func eachHostileNumberHasItsOwnSentence() {
        let cases: [((inout FilterbankHeader) -> Void, String)] = [
            ({ $0.channelCount = -64 }, "nchans is -64"),
            ({ $0.channelCount = 0 }, "nchans is 0"),
            ({ $0.channelCount = Int(Int32.max) }, "nchans is 2147483647"),
            ({ $0.channelCount = 1 << 30 }, "cut off"),
            ({ $0.sampleBits = 12 }, "nbits is 12"),
            ({ $0.sampleBits = -8 }, "nbits is -8"),
            ({ $0.channelMegahertz = 0 }, "foff"),
            ({ $0.stepSeconds = -1 }, "tsamp"),
            ({ $0.stepSeconds = .infinity }, "tsamp"),
            ({ $0.firstChannelMegahertz = 1e300 }, "absurdly"),
            ({ $0.channelCount = 63 }, "cut off"),
            ({ $0.channelCount = 512 }, "1 steps"),
        ]
        for (change, sentence) in cases {
            #expect(failure(small(change))?.contains(sentence) == true, "\(sentence)")
        }
    }

    @Test func everyTruncationIsRefused() {
        let file = small()
        for count in 0..<file.count where (file.count - count) % 64 != 0 || count < 300 {
            #expect(failure(Bytes(file.prefix(count))) != nil)
        }
    }

    @Test func mutatedFilesNeverTrap() {
        let file = small()
        var random = PRNG(seed: 2)
        for _ in 0..<3_000 {
            var bytes = file
            for _ in 0...random.below(4) {
                bytes[Int(random.below(400))] = UInt8(random.below(256))
            }
            let input = InputFile(name: "m.fil", bytes: bytes)
            _ = try? DriftSearch.pack(input, DriftSettings(maxDrift: 1, threshold: 3))
        }
    }

    @Test func samplesThatAreNoNumbersAreRefused() throws {
        var random = PRNG(seed: 3)
        let file = randomFile(&random, steps: 16, channels: 100, bits: 32)
        for pattern: Float in [.nan, .infinity, -.infinity, .greatestFiniteMagnitude] {
            var bytes = file.bytes
            let word = word32(pattern.bitPattern)
            bytes.replaceSubrange((bytes.count - 4)..., with: word)
            do {
                _ = try DriftSearch.pack(InputFile(name: "", bytes: bytes), DriftSettings())
                Issue.record("\(pattern) was packed")
            } catch {
                #expect(error.description.contains("channel 99 at step 15"))
            }
        }
    }

    @Test func settingsThatMakeNoSenseAreRefused() {
        let cases: [DriftSettings] = [
            DriftSettings(maxDrift: 0), DriftSettings(maxDrift: -1), DriftSettings(maxDrift: .nan),
            DriftSettings(maxDrift: .infinity), DriftSettings(maxDrift: 1e12),
            DriftSettings(threshold: 0), DriftSettings(threshold: .nan),
            DriftSettings(coarseChannelCount: 0), DriftSettings(coarseChannelCount: 3),
            DriftSettings(coarseChannelCount: 64), DriftSettings(tileWidth: 0),
            DriftSettings(tileWidth: .max),
        ]
        for settings in cases {
            #expect(throws: InputError.self) {
                try DriftSearch.pack(InputFile(name: "", bytes: small()), settings)
            }
        }
    }

    @Test func silentChannelsHaveNoUnits() throws {
        let file = small().dropLast(8 * 64) + Bytes(repeating: 7, count: 8 * 64)
        let dataset = try DriftSearch.pack(
            InputFile(name: "silent.fil", bytes: Bytes(file)),
            DriftSettings(maxDrift: 1)
        )
        #expect(try DriftSearch.plan(dataset.parameters, dataset.shape).unitCount == 0)
        let report = try DriftSearch.report(.empty, dataset.parameters)
        #expect(String(decoding: report, as: UTF8.self).hasSuffix("# --------------------------\n"))
    }
}
