import Glibc
package import Kernels
import Primitives

/// A filterbank file on disk: SIGPROC (`.fil`) or HDF5 (`.h5`), told apart by how it begins.
///
/// Only its header is read at first; samples are read when they are asked for.
package struct FilterbankFile: Sendable {
    /// The file's name for the report.
    package let name: String
    /// The header, and where the samples are.
    package let filterbank: Filterbank

    /// The file behind `descriptor`, which is closed at the end; its path ends with `name`.
    ///
    /// `hdf5` is asked what is in an HDF5 file.
    package init(descriptor: CInt, name: String, hdf5: Hdf5Program) throws(InputError) {
        let file = try OpenFile(descriptor: descriptor)
        let beginning = try file.read(at: 0, upTo: KernelLimits.headerByteCountMax)
        if beginning.starts(with: Self.hdf5Signature) {
            // TurboSETI's table names the HDF5 file, and the table's writer puts `.h5` behind all.
            self.name = name.hasSuffix(".h5") ? String(name.dropLast(3)) : name
            filterbank = try Hdf5Filterbank.open(file, hdf5)
            return
        }
        self.name = name
        let (header, start) = try FilterbankHeader.read(beginning)
        let steps = try header.stepCount(payloadByteCount: file.byteCount - start)
        let shape = SampleShape(header, stepCount: steps)
        filterbank = try Filterbank(
            header: header,
            stepCount: steps,
            source: PlainSamples(file, start: start, shape)
        )
    }

    private static let hdf5Signature: Bytes = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]
}
