import Kernels
import Primitives

/// Opens filterbanks in HDF5, as Breakthrough Listen publishes them.
///
/// The dataset `data` has shape [step][1][channel]; its attributes are a SIGPROC header, apart from
/// right ascension in decimal hours and declination in decimal degrees.
/// - Source: blimpy 2.1.4, `io/hdf_writer.py` and `io/hdf_reader.py`.
enum Hdf5Filterbank {
    /// The filterbank in `file`, whose samples are read when they are asked for.
    static func open(_ file: OpenFile) throws(InputError) -> Filterbank {
        let contents = try Hdf5Library.locked { (library) throws(InputError) in
            let dataset = try Hdf5Dataset(file, library)
            do throws(InputError) {
                return try read(dataset, file, library)
            } catch {
                dataset.close(library)
                throw error
            }
        }
        return try Filterbank(
            header: contents.header,
            stepCount: contents.stepCount,
            source: contents.source
        )
    }

    /// What a filterbank is made of.
    private struct Contents: Sendable {
        let header: FilterbankHeader
        let stepCount: Int
        let source: any SampleSource
    }

    private static func read(
        _ dataset: Hdf5Dataset,
        _ file: OpenFile,
        _ library: Hdf5Library
    ) throws(InputError) -> Contents {
        let (header, steps) = try header(dataset, library)
        let shape = SampleShape(
            stepCount: steps,
            channelCount: header.channelCount,
            sampleByteCount: header.sampleByteCount
        )
        try check(shape, file)
        let source = try source(dataset, shape, file, library)
        return Contents(header: header, stepCount: steps, source: source)
    }

    private static func header(
        _ dataset: Hdf5Dataset,
        _ library: Hdf5Library
    ) throws(InputError) -> (header: FilterbankHeader, stepCount: Int) {
        let root = Hdf5Attributes(library: library, object: dataset.file)
        guard try root.text("CLASS") == "FILTERBANK" else {
            throw .malformed("the file's attribute CLASS is not FILTERBANK; this is something else")
        }
        let shape = try dataset.shape(library)
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
        header.sampleBits = try dataset.sampleBits(library)
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

    /// Refuses shapes that no file of this size can hold, before memory is taken for them.
    private static func check(_ shape: SampleShape, _ file: OpenFile) throws(InputError) {
        guard shape.byteCount <= Double(file.byteCount) * compressionMax else {
            throw .malformed(
                "the dataset's shape is that of \(shape.byteCount) bytes, the file has "
                    + "\(file.byteCount)"
            )
        }
    }

    /// More than any filter makes of its input: deflate stops at 1 032 to 1.
    private static let compressionMax = 1_100.0

    private static func source(
        _ dataset: Hdf5Dataset,
        _ shape: SampleShape,
        _ file: OpenFile,
        _ library: Hdf5Library
    ) throws(InputError) -> any SampleSource {
        try dataset.checkIsComplete(shape, library)
        let filters = try dataset.filters(library)
        let isShuffled = filters.contains { $0.number == Hdf5Filter.bitshuffle }
        let isLittleEndian = try dataset.isLittleEndian(library)
        guard isLittleEndian || !isShuffled else {
            throw .unsuitable("bitshuffled samples are big-endian; write them little-endian")
        }
        guard isShuffled || isLittleEndian && filters.isEmpty else {
            try dataset.check(filters, library)
            return LibrarySamples(dataset, shape, file)
        }
        guard filters.count <= 1 else {
            throw .unsuitable(
                "the dataset has other filters beside bitshuffle; write it with one or the other"
            )
        }
        guard let chunks = try dataset.chunks(shape, isFiltered: isShuffled, library) else {
            guard let start = try dataset.offset(shape, file, library) else {
                return LibrarySamples(dataset, shape, file)
            }
            dataset.close(library)
            return PlainSamples(file, start: start, shape)
        }
        let source = try ChunkedSamples(file, shape, chunks, filters.first)
        dataset.close(library)
        return source
    }
}
