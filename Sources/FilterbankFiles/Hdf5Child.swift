import Foundation
import Glibc
import Kernels
import Primitives

/// The process that asks libhdf5 what is in a file, because a damaged file may crash that library.
///
/// It gets the file as its standard input, writes `Hdf5Contents.answer` to its standard output, and
/// reads no sample.
package enum Hdf5Child {
    /// Answers; returns the exit status.
    package static func run() -> Int32 {
        limit()
        let contents = Result { () throws(InputError) in try read() }
        let answer = Data(Hdf5Contents.answer(contents))
        return (try? FileHandle.standardOutput.write(contentsOf: answer)) == nil ? 1 : 0
    }

    /// Seconds of processor time: a file of the most chunks takes a quarter of it.
    private static let secondsMax: rlim_t = 20
    /// Bytes of memory that can be written.
    private static let byteCountMax: rlim_t = 2 << 30

    /// A damaged file may keep the library busy for ever, or make it ask for any amount of memory.
    private static func limit() {
        for (kind, most) in [
            (RLIMIT_CPU, secondsMax), (RLIMIT_DATA, byteCountMax), (RLIMIT_CORE, 0),
            (RLIMIT_FSIZE, 0),
        ] {
            // Time that is up tells itself from other signals until the harder limit is reached.
            var limit = rlimit(rlim_cur: most, rlim_max: most + 1)
            setrlimit(__rlimit_resource_t(kind.rawValue), &limit)
        }
    }

    private static func read() throws(InputError) -> Hdf5Contents {
        let library = try Hdf5Library()
        let dataset = try Hdf5Dataset(descriptor: STDIN_FILENO, library)
        let (header, steps) = try header(dataset, library)
        let shape = SampleShape(header, stepCount: steps)
        try dataset.checkIsComplete(shape)
        let isBigEndian = try !dataset.isLittleEndian()
        let storage: Hdf5Contents.Storage =
            if let chunks = try dataset.chunks(shape) {
                .chunked(chunks, try dataset.filters())
            } else {
                .plain(start: try dataset.offset())
            }
        return Hdf5Contents(
            header: header,
            stepCount: steps,
            isBigEndian: isBigEndian,
            storage: storage
        )
    }

    private static func header(
        _ dataset: Hdf5Dataset,
        _ library: Hdf5Library
    ) throws(InputError) -> (header: FilterbankHeader, stepCount: Int) {
        let root = Hdf5Attributes(library: library, object: dataset.file)
        guard try root.text("CLASS") == "FILTERBANK" else {
            throw .malformed("the file's attribute CLASS is not FILTERBANK; this is something else")
        }
        let shape = try dataset.shape()
        guard shape[1] == 1 else {
            throw .unsuitable(
                "the dataset has \(shape[1]) polarisations; only files of one can be searched"
            )
        }
        guard let steps = Int(exactly: shape[0]), let channels = Int(exactly: shape[2]) else {
            throw .malformed("the dataset has more samples than a file can hold")
        }
        let attributes = Hdf5Attributes(library: library, object: dataset.handle)
        var header = try header(attributes)
        header.channelCount = channels
        header.sampleBits = try dataset.sampleBits()
        if let stated = try attributes.number("nchans"), stated != Double(channels) {
            throw .malformed("nchans is \(stated), and the dataset has \(channels) channels")
        }
        if let stated = try attributes.number("nifs"), stated != 1 {
            throw .unsuitable("nifs is \(stated); only files of one polarisation can be searched")
        }
        try header.checkNumbers()
        return (header, steps)
    }

    private static func header(
        _ attributes: Hdf5Attributes
    ) throws(InputError) -> FilterbankHeader {
        var header = FilterbankHeader()
        header.firstChannelMegahertz = try needed("fch1", attributes)
        header.channelMegahertz = try needed("foff", attributes)
        header.stepSeconds = try needed("tsamp", attributes)
        header.startDay = try attributes.number("tstart") ?? 0
        header.rightAscension = packedAngle(decimal: try attributes.number("src_raj") ?? 0)
        header.declination = packedAngle(decimal: try attributes.number("src_dej") ?? 0)
        header.telescope = try attributes.number("telescope_id").flatMap { Int(exactly: $0) } ?? 0
        header.coarseChannelWidth = try attributes.number("nfpc")
        if let name = try attributes.text("source_name") {
            header.sourceName = String(name.prefix(KernelLimits.headerTextByteCountMax))
        }
        return header
    }

    private static func needed(
        _ name: String,
        _ attributes: Hdf5Attributes
    ) throws(InputError) -> Double {
        guard let number = try attributes.number(name) else {
            throw .malformed("attribute \(name) of the dataset is missing; write the file with it")
        }
        return number
    }
}
