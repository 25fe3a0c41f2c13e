import Foundation
import Kernels
import Primitives
import Subprocesses

/// A program that calls `Hdf5Child.run`, and does nothing else.
package struct Hdf5Program: Sendable {
    private let path: String
    private let arguments: [String]

    /// The program at `path`, which needs `arguments` to do it.
    package init(path: String, arguments: [String]) {
        self.path = path
        self.arguments = arguments
    }

    /// What it says of `file`.
    func contents(of file: OpenFile) throws(InputError) -> Hdf5Contents {
        let run: (ending: Subprocess.Ending, bytes: Data)
        do {
            run = try Subprocess.output(
                of: path,
                arguments,
                input: file.descriptor,
                byteCountMax: Hdf5Contents.answerByteCountMax
            )
        } catch {
            throw .unreadable("the process that reads HDF5 did not start: \(error)")
        }
        guard !run.ending.isKilled else {
            throw .malformed(
                run.ending.status == SIGXCPU
                    ? "libhdf5 finds no end of this file: it is damaged"
                    : "libhdf5 broke down on this file (signal \(run.ending.status)): it is damaged"
            )
        }
        return try Hdf5Contents(answer: Bytes(run.bytes))
    }
}

/// Opens filterbanks in HDF5, as Breakthrough Listen publishes them.
///
/// The dataset `data` has shape [step][1][channel]; its attributes are a SIGPROC header, apart from
/// right ascension in decimal hours and declination in decimal degrees. `program` tells what is in
/// the file, and where; the samples are read and decoded here.
/// - Source: blimpy 2.1.4, `io/hdf_writer.py` and `io/hdf_reader.py`.
enum Hdf5Filterbank {
    /// More than any filter makes of its input: deflate stops at 1 032 to 1.
    static let compressionMax = 1_100

    /// The filterbank in `file`, whose samples are read when they are asked for.
    static func open(_ file: OpenFile, _ program: Hdf5Program) throws(InputError) -> Filterbank {
        let contents = try program.contents(of: file)
        // No file of this size holds more, and memory is taken for what it holds.
        guard contents.shape.byteCount <= Double(file.byteCount) * Double(compressionMax) else {
            throw .malformed(
                "the dataset's shape is that of \(contents.shape.byteCount) bytes, the file has "
                    + "\(file.byteCount)"
            )
        }
        let source = try source(contents, file)
        return try Filterbank(
            header: contents.header,
            stepCount: contents.stepCount,
            source: contents.isBigEndian
                ? SwappedSamples(source, sampleByteCount: contents.shape.sampleByteCount) : source
        )
    }

    private static func source(
        _ contents: Hdf5Contents,
        _ file: OpenFile
    ) throws(InputError) -> any SampleSource {
        switch contents.storage {
        case .plain(let start):
            guard Double(start) + contents.shape.byteCount <= Double(file.byteCount) else {
                throw isCutOff
            }
            return PlainSamples(file, start: start, contents.shape)
        case .chunked(let chunks, let filters):
            guard chunks.places.allSatisfy({ $0.offset <= file.byteCount - $0.byteCount }) else {
                throw isCutOff
            }
            guard filters.allSatisfy({ $0.number == Hdf5Filter.bitshuffle }), filters.count <= 1
            else { return try WholeChunks(file, contents.shape, chunks, filters) }
            return try ChunkedSamples(file, contents.shape, chunks, filters.first)
        }
    }

    private static let isCutOff = InputError.malformed(
        "the samples end behind the file's end: it was cut off, or is damaged"
    )
}
