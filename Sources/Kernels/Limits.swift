/// Every bound of this module, in one place; passing one is a typed error, never a trap.
package enum KernelLimits {
    /// Units of one dataset.
    package static let unitCountMax = 1_000_000
    /// Bytes of one dataset: 64 GiB.
    package static let datasetByteCountMax: UInt64 = 64 << 30
    /// Bytes of one unit's result: 16 MiB.
    package static let resultByteCountMax = 16 << 20
    /// Bytes of the encoded parameters; they travel in a statement of at most 64 KiB.
    package static let parametersByteCountMax = 32 << 10
    /// Bytes of samples that one unit holds in memory as 32-bit numbers: 256 MiB.
    package static let workingByteCountMax = 256 << 20

    /// Keywords of a filterbank header; real files have about twenty.
    static let headerKeywordCountMax = 128
    /// Bytes of one keyword, as blimpy accepts them.
    static let headerKeywordByteCountMax = 80
    /// Bytes of one text value in a header.
    package static let headerTextByteCountMax = 255

    /// Bytes that hold any header that is accepted: each keyword, and two texts behind some.
    package static let headerByteCountMax =
        16 + headerKeywordCountMax * (8 + headerKeywordByteCountMax + headerTextByteCountMax)

    /// Time steps of a file; turboSETI's own tables end at 2 048.
    static let stepCountMax = 2_048
    /// Channels of a file: 2³⁰.
    static let channelCountMax = 1 << 30
    /// Coarse channels of a file: 13 bytes of parameters each.
    static let coarseChannelCountMax = 2_048
    /// Channels of the widest boxcar.
    static let boxcarMax = 16
    /// Drift blocks on either side of zero.
    static let driftBlockMax = 1 << 16
    /// Largest magnitude of a sample, 2¹⁰⁰: the sum of 2 048 of them is far from infinity.
    static let sampleMagnitudeMax: Float = 0x1p100
    /// Columns of a tile: as many as a result of 20 bytes a column may list.
    static let tileWidthMax = (resultByteCountMax - HitList.headerByteCount) / HitList.hitByteCount
    /// Sums of one step: under a second for the scalar variant on a slow machine.
    static let sumsPerStep = 1 << 27
}
