import Foundation
import Kernels
import Primitives
import Testing

/// What turboSETI and blimpy make of headers; `Cases/headers.py` ran their own code.
struct HeaderTests {
    private func lines(_ name: String) throws -> [[Substring]] {
        String(decoding: try Cases.bytes(name), as: UTF8.self).split(separator: "\n")
            .map { $0.split(separator: " ") }
    }

    @Test func coarseChannelsAreCountedAsTurboSetiCountsThem() throws {
        let lines = try lines("coarse.txt")
        #expect(lines.count > 500)
        for line in lines {
            var header = FilterbankHeader()
            header.channelCount = try #require(Int(line[0]))
            header.firstChannelMegahertz = try #require(Double(line[1]))
            header.channelMegahertz = try #require(Double(line[2]))
            header.telescope = try #require(Int(line[3]))
            header.coarseChannelWidth = Double(line[4])
            #expect(header.coarseChannelCount.number == Int(line[5]), "\(line)")
        }
    }

    @Test func guessIsNoKnowledge() {
        var header = FilterbankHeader()
        header.channelCount = 4_096
        header.channelMegahertz = -2.8e-6
        #expect(header.coarseChannelCount == .guessed(64))
        header.telescope = 6
        #expect(header.coarseChannelCount == .guessed(64))
        header.channelCount = 3 << 20
        #expect(header.coarseChannelCount == .known(3))
        header.coarseChannelWidth = 524_288
        #expect(header.coarseChannelCount == .known(6))
    }

    @Test(arguments: [(8, 4_096, 64), (8, 4_100, 1), (16, 1_024, 1)])
    func whatCannotBeCutIsSearchedWhole(
        steps: Int,
        channels: Int,
        count: Int
    ) throws {
        var random = PRNG(seed: 1)
        let file = randomFile(&random, steps: steps, channels: channels, bits: 8)
        let filterbank = try Filterbank(file.bytes)
        let choice = filterbank.coarseChannelChoice(.turboSETI)
        #expect(choice.number == count)
        #expect(choice.remark != nil)
        #expect(filterbank.coarseChannelChoice(.native).number == 1)
        let settings = DriftSettings(
            method: .turboSETI,
            maxDrift: 1,
            coarseChannelCount: choice.number
        )
        #expect(throws: Never.self) { try DriftSearch.pack(file, settings) }
    }

    @Test func decimalAnglesArePackedAsAstropyPrintsThem() throws {
        for line in try lines("angles.txt") {
            let packed = packedAngle(decimal: try #require(Double(line[0])))
            let parts = try line.dropFirst().map { try #require(Double($0)) }
            let expected = parts[0].magnitude * 10_000 + parts[1] * 100 + parts[2]
            #expect((packed.magnitude - expected).magnitude < 4e-9, "\(line)")
            #expect((packed < 0) == line[1].hasPrefix("-") || expected == 0, "\(line)")
        }
    }

    /// With hours, minutes and seconds as turboSETI's tables have them.
    @Test func tablesNameAnglesAsTurboSETIDoes() throws {
        for line in try lines("angles.txt") {
            var header = FilterbankHeader()
            header.channelCount = 64
            header.sampleBits = 8
            header.channelMegahertz = 1
            header.stepSeconds = 1
            header.declination = packedAngle(decimal: try #require(Double(line[0])))
            let silent = CoarseChannel(
                noise: [ColumnNoise(median: 0, deviation: 0)],
                isSearched: false,
                hasSpike: true
            )
            let parameters = DriftParameters(
                method: .turboSETI,
                maxDrift: 1,
                threshold: 10,
                tileWidth: 64,
                stepCount: 16,
                header: header,
                fileName: "",
                coarseChannels: [silent]
            )
            let table = try DriftSearch.report(.empty, parameters.encoded())
            let angle = "\tDEC: \(line[1])d\(line[2])m\(line[3])s\n"
            #expect(String(decoding: table, as: UTF8.self).contains(angle), "\(line)")
        }
    }

    @Test func absurdAnglesAreRefused() {
        for angle in [1e6, -1e300, .infinity, .nan] {
            var header = FilterbankHeader()
            header.channelCount = 64
            header.sampleBits = 8
            header.channelMegahertz = 1
            header.stepSeconds = 1
            #expect(throws: Never.self) { try header.checkNumbers() }
            header.declination = packedAngle(decimal: angle)
            #expect(throws: InputError.self) { try header.checkNumbers() }
        }
    }

    @Test func telescopeIsReadFromTheHeader() throws {
        var header = FilterbankHeader()
        header.channelCount = 64
        header.sampleBits = 8
        header.channelMegahertz = 1
        header.stepSeconds = 1
        header.telescope = 6
        #expect(try FilterbankHeader.read(header.encoded()).header.telescope == 6)
    }
}
