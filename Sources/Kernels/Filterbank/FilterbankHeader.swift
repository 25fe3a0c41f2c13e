package import Primitives

/// The header of a SIGPROC filterbank file: what the samples behind it mean.
///
/// Shape of the file: text `HEADER_START`, fields, text `HEADER_END`, then samples
/// [step][channel], little-endian. A text is a 32-bit length and that many bytes; a field is its
/// keyword as a text, and a 32-bit integer, a 64-bit float or a text, as the keyword demands.
/// - Source: blimpy 2.1.4, `io/sigproc.py`.
package struct FilterbankHeader: Hashable, Sendable {
    /// Name of what was observed.
    package var sourceName = "unknown"
    /// Start of the observation, modified Julian day.
    package var startDay = 0.0
    /// Right ascension, packed as hhmmss.s.
    package var rightAscension = 0.0
    /// Declination, packed as ddmmss.s.
    package var declination = 0.0
    /// Centre of channel 0, megahertz.
    package var firstChannelMegahertz = 0.0
    /// From one channel to the next, megahertz; negative when frequencies descend.
    package var channelMegahertz = 0.0
    /// From one step to the next, seconds.
    package var stepSeconds = 0.0
    /// Channels of one step.
    package var channelCount = 0
    /// Bits of one sample: 8, 16 or 32.
    package var sampleBits = 0
    /// Steps that the header announces; zero when it is silent.
    package var announcedStepCount = 0
    /// The telescope's number in SIGPROC's list; 6 is Green Bank, zero is none.
    package var telescope = 0
    /// Channels of a coarse channel, as the header states; nil when it is silent.
    package var coarseChannelWidth: Double?

    /// Bytes of one sample.
    package var sampleByteCount: Int { sampleBits / 8 }

    /// A header to be filled in.
    package init() {}
}

extension FilterbankHeader {
    /// Reads and checks the header at the start of `bytes`; returns where the samples begin.
    package static func read(
        _ bytes: Bytes
    ) throws(InputError) -> (header: FilterbankHeader, payloadOffset: Int) {
        guard bytes.count >= 16, bytes[4..<16].elementsEqual("HEADER_START".utf8) else {
            throw notFilterbank(bytes)
        }
        var reader = LittleEndianReader(bytes, at: 16)
        var header = FilterbankHeader()
        var seen: [String] = []
        for _ in 0..<KernelLimits.headerKeywordCountMax {
            let keyword = try readKeyword(&reader)
            if keyword == "HEADER_END" {
                try header.check(seen)
                return (header, reader.offset)
            }
            guard !seen.contains(keyword) else {
                throw .malformed("header keyword \(keyword) stands twice; write the file anew")
            }
            seen.append(keyword)
            try header.readValue(of: keyword, &reader)
        }
        throw .malformed(
            "header has more than \(KernelLimits.headerKeywordCountMax) keywords before HEADER_END"
        )
    }

    /// The bytes of this header, as `read` takes them back.
    package func encoded() -> Bytes {
        var bytes: Bytes = []
        Self.append(text: "HEADER_START", to: &bytes)
        Self.append(text: "telescope_id", to: &bytes)
        bytes.append(littleEndian: Int32(truncatingIfNeeded: telescope))
        Self.append(text: "machine_id", to: &bytes)
        bytes.append(littleEndian: Int32(0))
        Self.append(text: "data_type", to: &bytes)
        bytes.append(littleEndian: Int32(1))
        Self.append(text: "source_name", to: &bytes)
        Self.append(text: sourceName, to: &bytes)
        for (keyword, value) in [
            ("tstart", startDay), ("tsamp", stepSeconds), ("fch1", firstChannelMegahertz),
            ("foff", channelMegahertz), ("src_raj", rightAscension), ("src_dej", declination),
        ] {
            Self.append(text: keyword, to: &bytes)
            bytes.append(littleEndian: value)
        }
        for (keyword, value) in [("nbits", sampleBits), ("nchans", channelCount), ("nifs", 1)] {
            Self.append(text: keyword, to: &bytes)
            bytes.append(littleEndian: Int32(truncatingIfNeeded: value))
        }
        Self.append(text: "HEADER_END", to: &bytes)
        return bytes
    }

    private static func append(text: String, to bytes: inout Bytes) {
        bytes.append(littleEndian: Int32(truncatingIfNeeded: text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    private static func notFilterbank(_ bytes: Bytes) -> InputError {
        if bytes.starts(with: [0x89, 0x48, 0x44, 0x46]) {
            return .malformed("this is an HDF5 file; only one on disk can be read, not its bytes")
        }
        return .malformed("not a SIGPROC filterbank file: it does not begin with HEADER_START")
    }

    private static func readKeyword(_ reader: inout LittleEndianReader) throws(InputError) -> String
    {
        guard let count = reader.integer(Int32.self) else { throw endsInHeader }
        guard count > 0, count <= KernelLimits.headerKeywordByteCountMax else {
            throw .malformed("header keyword of \(count) bytes; the header is damaged")
        }
        guard let bytes = reader.slice(Int(count)) else { throw endsInHeader }
        return printable(bytes)
    }

    private static var endsInHeader: InputError {
        .malformed("the file ends inside its header; it was cut off, fetch it again")
    }

    private static func printable(_ bytes: some Sequence<UInt8>) -> String {
        let visible = bytes.map { $0 >= 0x20 && $0 < 0x7f ? $0 : UInt8(ascii: "?") }
        return String(decoding: visible, as: UTF8.self)
    }

    private mutating func readValue(
        of keyword: String,
        _ reader: inout LittleEndianReader
    ) throws(InputError) {
        switch keyword {
        case "rawdatafile": _ = try Self.readText(keyword, &reader)
        case "source_name": sourceName = try Self.readText(keyword, &reader)
        case "telescope_id", "machine_id", "data_type", "barycentric", "pulsarcentric", "nbeams",
            "ibeam", "nbits", "nchans", "nifs", "nsamples":
            try readInteger(keyword, &reader)
        case "az_start", "za_start", "refdm", "period", "tstart", "tsamp", "fch1", "foff",
            "src_raj", "src_dej":
            try readFloat(keyword, &reader)
        default:
            throw .malformed(
                "unknown header keyword \(keyword); its length is not known, so remove it"
            )
        }
    }

    private static func readText(
        _ keyword: String,
        _ reader: inout LittleEndianReader
    ) throws(InputError) -> String {
        guard let count = reader.integer(Int32.self) else { throw endsInHeader }
        guard count >= 0, count <= KernelLimits.headerTextByteCountMax else {
            throw .malformed("header text \(keyword) of \(count) bytes; the header is damaged")
        }
        guard let bytes = reader.slice(Int(count)) else { throw endsInHeader }
        return printable(bytes)
    }

    private mutating func readInteger(
        _ keyword: String,
        _ reader: inout LittleEndianReader
    ) throws(InputError) {
        guard let word = reader.integer(Int32.self) else { throw Self.endsInHeader }
        switch keyword {
        case "nbits": sampleBits = Int(word)
        case "nchans": channelCount = Int(word)
        case "nsamples": announcedStepCount = Int(word)
        case "telescope_id": telescope = Int(word)
        case "nifs" where word != 1:
            throw .unsuitable("nifs is \(word); only files of one polarisation can be searched")
        default: break
        }
    }

    private mutating func readFloat(
        _ keyword: String,
        _ reader: inout LittleEndianReader
    ) throws(InputError) {
        guard let number = reader.double() else { throw Self.endsInHeader }
        guard number.isFinite else {
            throw .malformed("header value \(keyword) is \(number); it must be a finite number")
        }
        switch keyword {
        case "tstart": startDay = number
        case "tsamp": stepSeconds = number
        case "fch1": firstChannelMegahertz = number
        case "foff": channelMegahertz = number
        case "src_raj": rightAscension = number
        case "src_dej": declination = number
        default: break
        }
    }

    private func check(_ seen: [String]) throws(InputError) {
        for keyword in ["nchans", "nbits", "fch1", "foff", "tsamp"] where !seen.contains(keyword) {
            throw .malformed("header keyword \(keyword) is missing; write the file with it")
        }
        try checkNumbers()
    }

    /// Checks every number that the search computes with, wherever it came from.
    package func checkNumbers() throws(InputError) {
        guard channelCount > 0, channelCount <= KernelLimits.channelCountMax else {
            throw .malformed(
                "nchans is \(channelCount); it must be 1 to \(KernelLimits.channelCountMax)"
            )
        }
        guard [8, 16, 32].contains(sampleBits) else {
            throw .unsuitable("nbits is \(sampleBits); samples of 8, 16 or 32 bits can be searched")
        }
        guard announcedStepCount >= 0 else {
            throw .malformed("nsamples is \(announcedStepCount); it must not be negative")
        }
        let width = channelMegahertz.magnitude
        guard width >= 1e-12, width <= 1e6 else {
            throw .malformed("foff is \(channelMegahertz) MHz; it must be 1e-12 to 1e6 either way")
        }
        guard stepSeconds >= 1e-12, stepSeconds <= 1e9 else {
            throw .malformed("tsamp is \(stepSeconds) s; it must be 1e-12 to 1e9")
        }
        guard firstChannelMegahertz.magnitude <= 1e12, startDay.magnitude <= 1e9,
            rightAscension.magnitude <= 1e9, declination.magnitude <= 1e9
        else { throw .malformed("fch1, tstart, src_raj or src_dej is absurdly large") }
    }
}
