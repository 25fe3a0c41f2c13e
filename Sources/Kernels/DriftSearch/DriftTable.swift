import Primitives

/// Writes top hits as turboSETI 2.3.2 writes its `.dat` files, digit for digit.
struct DriftTable {
    private let parameters: DriftParameters

    init(_ parameters: DriftParameters) { self.parameters = parameters }

    func text(_ hits: [TopHit]) -> Bytes {
        var text = heading
        for (index, hit) in hits.enumerated() { text += row(index + 1, hit) }
        return Array(text.utf8)
    }

    private var heading: String {
        let header = parameters.header
        let stem =
            parameters.fileName.hasSuffix(".fil")
            ? String(parameters.fileName.dropLast(4)) : parameters.fileName
        let length = Double(parameters.stepCount) * header.stepSeconds
        return """
            # -------------------------- o --------------------------
            # File ID: \(stem).h5\(" ")
            # -------------------------- o --------------------------
            # Source:\(header.sourceName)
            # MJD: \(fixedPoint(header.startDay, decimals: 12, width: 18))\t\
            RA: \(sexagesimal(header.rightAscension, units: ("h", "m", "s")))\t\
            DEC: \(sexagesimal(header.declination, units: ("d", "m", "s")))
            # DELTAT: \(fixedPoint(header.stepSeconds, decimals: 6, width: 10))\t\
            DELTAF(Hz): \(fixedPoint(header.channelMegahertz * 1e6, decimals: 6, width: 10))\t\
            max_drift_rate: \(fixedPoint(parameters.maxDrift, decimals: 6, width: 10))\t\
            obs_length: \(fixedPoint(length, decimals: 6, width: 10))
            # --------------------------
            # Top_Hit_# \tDrift_Rate \tSNR \tUncorrected_Frequency \tCorrected_Frequency \tIndex \t\
            freq_start \tfreq_end \tSEFD \tSEFD_freq \tCoarse_Channel_Number \t\
            Full_number_of_hits \t
            # --------------------------

            """
    }

    private func row(_ number: Int, _ top: TopHit) -> String {
        let channel = top.hit.coarseChannel
        let digits = String(number)
        let frequency = megahertz(top.hit.column, of: channel)
        let fields = [
            String(repeating: "0", count: max(0, 6 - digits.count)) + digits,
            fixedPoint(Double(top.hit.drift), decimals: 6, width: 10),
            fixedPoint(Double(top.hit.ratio), decimals: 6, width: 10),
            frequency,
            frequency,
            String(top.hit.column),
            megahertz(top.window.lowerBound, of: channel),
            megahertz(top.window.upperBound - 1, of: channel),
            "0.0",
            fixedPoint(0, decimals: 6, width: 14),
            String(channel),
            String(top.hitCount),
        ]
        return fields.joined(separator: "\t") + "\t\n"
    }

    private func megahertz(_ column: Int, of channel: Int) -> String {
        fixedPoint(
            parameters.frequency(column: column, coarseChannel: channel),
            decimals: 6,
            width: 14
        )
    }

    /// An angle that is packed as (d)ddmmss.s, in words; seconds to four decimals at most.
    private func sexagesimal(_ packed: Double, units: (String, String, String)) -> String {
        let tenThousandths = Int((packed.magnitude * 10_000).rounded())
        let (whole, fraction) = tenThousandths.quotientAndRemainder(dividingBy: 10_000)
        var seconds = twoDigits(whole % 100)
        if fraction > 0 {
            let digits = String(fraction + 10_000).dropFirst()
            seconds +=
                "." + digits.prefix(through: digits.lastIndex { $0 != "0" } ?? digits.startIndex)
        }
        let minutes = twoDigits(whole / 100 % 100)
        let sign = packed < 0 ? "-" : ""
        return "\(sign)\(whole / 10_000)\(units.0)\(minutes)\(units.1)\(seconds)\(units.2)"
    }

    private func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
