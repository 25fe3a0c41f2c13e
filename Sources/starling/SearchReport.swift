import FoundationEssentials
import Kernels
import Primitives

/// The table of a search as JSON.
struct SearchReport: Encodable {
    struct Row: Codable, Sendable {
        let coarseChannel: Int
        let index: Int
        let driftHertzPerSecond: Float
        let snr: Float
        /// Channels that were summed.
        let boxcar: Int
        let frequencyMegahertz: Double
        let windowStart: Int
        let windowEnd: Int
        let coarseChannelHits: UInt64
    }

    let file: String
    let source: String
    let maxDriftHertzPerSecond: Double
    let snrThreshold: Float
    let hits: [Row]
    /// Processor seconds of each phase, if they were asked for.
    var processorSeconds: [String: Double]?

    init(_ aggregate: Aggregate, _ parameters: Parameters) throws {
        let (decoded, top) = try DriftSearch.topHits(aggregate, parameters)
        file = decoded.fileName
        source = decoded.header.sourceName
        maxDriftHertzPerSecond = decoded.maxDrift
        snrThreshold = decoded.threshold
        hits = top.map { top in
            Row(
                coarseChannel: top.hit.coarseChannel,
                index: top.hit.column,
                driftHertzPerSecond: top.hit.drift,
                snr: min(top.hit.ratio, .greatestFiniteMagnitude),
                boxcar: top.hit.boxcar,
                frequencyMegahertz: decoded.frequency(
                    column: top.hit.column,
                    coarseChannel: top.hit.coarseChannel
                ),
                windowStart: top.window.lowerBound,
                windowEnd: top.window.upperBound,
                coarseChannelHits: top.hitCount
            )
        }
    }

    /// The report as indented text with sorted keys.
    func json() throws -> Bytes {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return Bytes(try encoder.encode(self)) + [0x0a]
    }
}
