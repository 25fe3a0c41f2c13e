/// How many coarse channels a file seems to have.
package enum CoarseChannelCount: Hashable, Sendable {
    /// The header tells.
    case known(Int)
    /// The header does not tell; turboSETI searches with this number all the same.
    case guessed(Int)

    /// The number.
    package var number: Int {
        switch self {
        case .known(let number), .guessed(let number): number
        }
    }
}

/// How many coarse channels are searched when nobody says it.
package struct CoarseChannelChoice: Hashable, Sendable {
    /// The number.
    package let number: Int
    /// What the user should know about it; nil when the header tells.
    package let remark: String?
}

extension Filterbank {
    /// The number of coarse channels that the header tells; else one.
    ///
    /// By turboSETI's rules it is the number that turboSETI takes, and one only where it fails.
    package func coarseChannelChoice(_ method: SearchMethod) -> CoarseChannelChoice {
        let found = header.coarseChannelCount
        let number = found.number
        if case .guessed = found, method != .turboSETI {
            return CoarseChannelChoice(
                number: 1,
                remark: "the header does not tell how many coarse channels there are, so the file "
                    + "is searched as one; --coarse-channels says otherwise"
            )
        }
        let columnsMin = 2 * DriftGrid.powerOfTwo(notBelow: stepCount)
        guard number >= 1, number <= KernelLimits.coarseChannelCountMax,
            header.channelCount.isMultiple(of: number), header.channelCount / number >= columnsMin
        else {
            return CoarseChannelChoice(
                number: 1,
                remark: "this file cannot be cut into the \(number) coarse channels that turboSETI "
                    + "takes it for, so it is searched as one; --coarse-channels says otherwise"
            )
        }
        guard case .guessed = found else { return CoarseChannelChoice(number: number, remark: nil) }
        return CoarseChannelChoice(
            number: number,
            remark: "the header does not tell how many coarse channels there are; \(number) are "
                + "searched, as by turboSETI; --coarse-channels says otherwise"
        )
    }
}

extension FilterbankHeader {
    /// The number of coarse channels that turboSETI 2.3.2 takes when nobody says one.
    ///
    /// It may be zero, or may not divide the channels: then turboSETI fails.
    /// - Source: blimpy 2.1.4, `calc_n_coarse_chan`; turboSETI 2.3.2, `data_handler.py`.
    package var coarseChannelCount: CoarseChannelCount {
        if let width = coarseChannelWidth, width >= 1 {
            return .known(Int(0.01 + Double(channelCount) / width))
        }
        let fine = Self.coarseChannelWidthOfFineFiles
        if channelCount >= fine, channelCount.isMultiple(of: fine) {
            return .known(channelCount / fine)
        }
        guard telescope == Self.greenBank else { return .guessed(Self.guess) }
        let count = bandwidth / Self.greenBankMegahertz
        if count < 1 { return .guessed(Self.guess) }
        if count > Double(channelCount) { return .guessed(channelCount) }
        return .known(Int(count))
    }

    /// Width of the whole band in megahertz, rounded as blimpy rounds it.
    private var bandwidth: Double {
        let span = Double(channelCount) * channelMegahertz.magnitude
        let far = channelMegahertz < 0 ? firstChannelMegahertz - span : firstChannelMegahertz + span
        return (far - firstChannelMegahertz).magnitude
    }

    /// Channels of a coarse channel in files of high resolution: the common length of transforms.
    private static let coarseChannelWidthOfFineFiles = 1 << 20
    /// The number of the Green Bank Telescope.
    private static let greenBank = 6
    /// Width of a coarse channel at Green Bank, megahertz.
    private static let greenBankMegahertz = 2.929_687_5
    /// What blimpy takes when it does not know.
    private static let guess = 64
}
