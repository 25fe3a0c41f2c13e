import Kernels
import Plots
import Primitives

/// The pictures of a search in a folder: `band.png`, and `hit-000001.png` for the first row.
struct SearchPlots {
    private let folder: String
    private let hitMax: Int

    /// Makes the folder if it is missing, so that no work is done in vain.
    init(folder: String, hitMax: Int) throws {
        try OutputFolder.prepare(folder)
        self.folder = folder
        self.hitMax = hitMax
    }

    /// Draws the band and the strongest hits, and tells how many were left out.
    func write(_ aggregate: Aggregate, _ parameters: Parameters, _ filterbank: Filterbank) throws {
        let (decoded, top) = try DriftSearch.topHits(aggregate, parameters)
        let observation = Observation(
            file: decoded.fileName,
            source: decoded.header.sourceName,
            firstChannelMegahertz: decoded.header.firstChannelMegahertz,
            channelMegahertz: decoded.header.channelMegahertz,
            stepSeconds: decoded.header.stepSeconds
        )
        let samples = Samples(filterbank)
        let hits = top.enumerated().map { index, top in
            PlottedHit(number: index + 1, top.hit, decoded)
        }
        let band = try BandPlot(hits, driftMax: decoded.maxDrift, observation, samples)
        try OutputFile.write(band.draw().png(), to: "\(folder)/band.png")
        // Of equally strong hits the first in the table.
        let strongest = hits.sorted { ($1.snr, $0.number) < ($0.snr, $1.number) }.prefix(hitMax)
        for hit in strongest {
            let plot = try WaterfallPlot(hit, observation, samples)
            try OutputFile.write(plot.draw().png(), to: path(of: hit))
        }
        guard strongest.count < hits.count else { return }
        OutputFile.writeToStandardError(
            """
            \(hits.count - strongest.count) of \(hits.count) hits have no picture, only the \
            \(strongest.count) strongest; --plots-max draws more\n
            """
        )
    }

    private func path(of hit: PlottedHit) -> String {
        let digits = String(hit.number)
        let zeros = String(repeating: "0", count: max(0, 6 - digits.count))
        return "\(folder)/hit-\(zeros)\(digits).png"
    }
}

extension PlottedHit {
    fileprivate init(number: Int, _ hit: ColumnHit, _ parameters: DriftParameters) {
        self.init(
            number: number,
            channel: hit.coarseChannel * parameters.columnCount + hit.column,
            megahertz: parameters.frequency(
                column: hit.column,
                coarseChannel: hit.coarseChannel
            ),
            drift: Double(hit.drift),
            snr: Double(min(hit.ratio, .greatestFiniteMagnitude))
        )
    }
}
