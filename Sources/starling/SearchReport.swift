import FoundationEssentials
import Kernels
import Primitives

/// The table of a search as JSON or as comma-separated values.
struct SearchReport: Encodable {
    /// One top hit; both formats have these fields, in this order.
    struct Row: Codable, Sendable {
        enum CodingKeys: String, CodingKey, CaseIterable {
            case coarseChannel, index, driftHertzPerSecond, snr, boxcar, frequencyMegahertz
            case windowStart, windowEnd, coarseChannelHits
        }

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

        /// The value of one field, as JSON writes it.
        func text(_ field: CodingKeys) -> String {
            switch field {
            case .coarseChannel: "\(coarseChannel)"
            case .index: "\(index)"
            case .driftHertzPerSecond: "\(driftHertzPerSecond)"
            case .snr: "\(snr)"
            case .boxcar: "\(boxcar)"
            case .frequencyMegahertz: "\(frequencyMegahertz)"
            case .windowStart: "\(windowStart)"
            case .windowEnd: "\(windowEnd)"
            case .coarseChannelHits: "\(coarseChannelHits)"
            }
        }
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

    /// The rows as comma-separated values below a line of names; file and source come first.
    func csv() -> Bytes {
        let fields = Row.CodingKeys.allCases
        var text = Self.line(["file", "source"] + fields.map(\.rawValue))
        for row in hits { text += Self.line([file, source] + fields.map(row.text)) }
        return Bytes(text.utf8)
    }

    /// One line of RFC 4180: what holds a comma, a quote or a line's end stands in quotes.
    private static func line(_ fields: [String]) -> String {
        let quoted = fields.map { field in
            guard field.utf8.contains(where: { [0x2c, 0x22, 0x0d, 0x0a].contains($0) }) else {
                return field
            }
            let doubled = field.split(separator: "\"", omittingEmptySubsequences: false)
            return "\"" + doubled.joined(separator: "\"\"") + "\""
        }
        return quoted.joined(separator: ",") + "\r\n"
    }
}
