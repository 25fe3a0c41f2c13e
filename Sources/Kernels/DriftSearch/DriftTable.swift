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

    /// An angle that is packed as (d)ddmmss.s, in words; seconds to eight decimals at most.
    private func sexagesimal(_ packed: Double, units: (String, String, String)) -> String {
        let whole = (packed.magnitude / 100).rounded(.down)
        let seconds = packed.magnitude - 100 * whole
        var minutes = Int(whole) % 100
        var degrees = Int(whole) / 100
        var parts = Int((seconds * 1e8).rounded(.toNearestOrEven))
        // What was just below a minute may be one when it is rounded.
        if parts >= 6_000_000_000, seconds < 60 {
            parts = 0
            minutes += 1
        }
        if minutes == 60 {
            minutes = 0
            degrees += 1
        }
        var text = twoDigits(parts / 100_000_000)
        if !parts.isMultiple(of: 100_000_000) {
            let digits = String(parts % 100_000_000 + 100_000_000).dropFirst()
            text +=
                "." + digits.prefix(through: digits.lastIndex { $0 != "0" } ?? digits.startIndex)
        }
        let sign = packed < 0 ? "-" : ""
        return "\(sign)\(degrees)\(units.0)\(twoDigits(minutes))\(units.1)\(text)\(units.2)"
    }

    private func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
