import Kernels
import Primitives

/// The samples of an HDF5 file that the library itself reads: through deflate, or big-endian.
final class LibrarySamples: SampleSource {
    private let dataset: Hdf5Dataset
    private let shape: SampleShape
    private let file: OpenFile

    /// Takes over `dataset`, and closes it at the end.
    init(_ dataset: Hdf5Dataset, _ shape: SampleShape, _ file: OpenFile) {
        self.dataset = dataset
        self.shape = shape
        self.file = file
    }

    deinit {
        let dataset = dataset
        try? Hdf5Library.locked { dataset.close($0) }
    }

    func samples(step: Int, channels: Range<Int>) throws(InputError) -> ArraySlice<UInt8> {
        let bytes = try Hdf5Library.locked { (library) throws(InputError) in
            try read(step: step, channels: channels, library)
        }
        // The library takes what lies behind a file's end for zeros.
        try file.checkSize()
        return bytes[...]
    }

    private func read(
        step: Int,
        channels: Range<Int>,
        _ library: Hdf5Library
    ) throws(InputError) -> Bytes {
        let start = [UInt64(step), 0, UInt64(channels.lowerBound)]
        let count = [1, 1, UInt64(channels.count)]
        let chosen = library.datasetSpace(dataset.handle)
        defer { _ = library.closeSpace(chosen) }
        let memory = library.makeSpace(3, count, nil)
        defer { _ = library.closeSpace(memory) }
        guard chosen >= 0, memory >= 0, library.select(chosen, 0, start, nil, count, nil) >= 0
        else { throw Self.cannotBeRead }
        let byteCount = channels.count * shape.sampleByteCount
        var status: CInt = -1
        let bytes = Bytes(unsafeUninitializedCapacity: byteCount) { buffer, done in
            guard let address = buffer.baseAddress else { return }
            status = library.read(dataset.handle, type(library), memory, chosen, 0, address)
            done = byteCount
        }
        guard status >= 0 else { throw Self.cannotBeRead }
        return bytes
    }

    /// What a sample is in memory: little-endian, whatever the file has.
    private func type(_ library: Hdf5Library) -> Hdf5Library.Handle {
        switch shape.sampleByteCount {
        case 1: library.names.unsigned8
        case 2: library.names.unsigned16
        default: library.names.float32
        }
    }

    private static let cannotBeRead = InputError.unreadable(
        "samples of the HDF5 file cannot be read: it is damaged, or became shorter meanwhile"
    )
}
