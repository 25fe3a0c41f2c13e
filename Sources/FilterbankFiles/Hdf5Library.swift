import Glibc
import Kernels

/// The functions of libhdf5 that are needed, found when it is loaded.
///
/// The library is no dependency of the program: most peers never see such a file. It is not made
/// for several threads, nor for files that are damaged: only `Hdf5Child` loads it.
struct Hdf5Library {
    /// A handle of the library: `hid_t`, since version 1.10.
    typealias Handle = Int64
    /// `herr_t`, `htri_t` and enumerations.
    typealias Status = CInt

    typealias Close = @convention(c) (Handle) -> Status
    typealias FromHandle = @convention(c) (Handle) -> Handle
    typealias Question = @convention(c) (Handle) -> Status
    typealias NamedQuestion = @convention(c) (Handle, UnsafePointer<CChar>) -> Status
    typealias OpenNamed = @convention(c) (Handle, UnsafePointer<CChar>, Handle) -> Handle
    typealias OpenNamedQuestion =
        @convention(c) (Handle, UnsafePointer<CChar>, Handle) -> Status
    typealias OpenFile = @convention(c) (UnsafePointer<CChar>, CUnsignedInt, Handle) -> Handle
    typealias Silence =
        @convention(c) (Handle, UnsafeRawPointer?, UnsafeMutableRawPointer?) -> Status
    typealias Locking = @convention(c) (Handle, Bool, Bool) -> Status
    typealias Extent =
        @convention(c) (Handle, UnsafeMutablePointer<UInt64>?, UnsafeMutablePointer<UInt64>?)
        -> Status
    typealias SpaceStatus = @convention(c) (Handle, UnsafeMutablePointer<CInt>) -> Status
    typealias ChunkShape =
        @convention(c) (Handle, CInt, UnsafeMutablePointer<UInt64>) -> Status
    typealias Filter =
        @convention(c) (
            Handle, CUnsignedInt, UnsafeMutablePointer<CUnsignedInt>?, UnsafeMutablePointer<Int>,
            UnsafeMutablePointer<CUnsignedInt>?, Int, UnsafeMutablePointer<CChar>?,
            UnsafeMutablePointer<CUnsignedInt>?
        ) -> Status
    typealias ChunkCount =
        @convention(c) (Handle, Handle, UnsafeMutablePointer<UInt64>) -> Status
    typealias ChunkPlace =
        @convention(c) (
            Handle, UnsafePointer<UInt64>, UnsafeMutablePointer<CUnsignedInt>,
            UnsafeMutablePointer<UInt64>, UnsafeMutablePointer<UInt64>
        ) -> Status
    typealias ReadAttribute =
        @convention(c) (Handle, Handle, UnsafeMutableRawPointer) -> Status
    /// What is told of a chunk: where it begins in the dataset, the filters that it skipped, its
    /// place in the file, and its bytes.
    typealias ChunkVisitor =
        @convention(c) (
            UnsafePointer<UInt64>, CUnsignedInt, UInt64, UInt64, UnsafeMutableRawPointer
        ) -> CInt
    typealias EachChunk =
        @convention(c) (Handle, Handle, ChunkVisitor, UnsafeMutableRawPointer) -> Status
    typealias Compare = @convention(c) (Handle, Handle) -> Status
    typealias Size = @convention(c) (Handle) -> Int
    typealias UserBlock = @convention(c) (Handle, UnsafeMutablePointer<UInt64>) -> Status
    typealias Offset = @convention(c) (Handle) -> UInt64
    typealias NativeType = @convention(c) (Handle, CInt) -> Handle
    typealias Free = @convention(c) (UnsafeMutableRawPointer?) -> Status

    let openFile: OpenFile
    let fileProperties: FromHandle
    let userBlock: UserBlock
    let makeProperties: FromHandle
    let closeProperties: Close
    /// Nil before 1.10.7.
    let setFileLocking: Locking?
    let layout: Question
    let chunkShape: ChunkShape
    let filterCount: Question
    let filter: Filter
    let linkExists: OpenNamedQuestion
    let openDataset: OpenNamed
    let datasetSpace: FromHandle
    let datasetType: FromHandle
    let datasetOffset: Offset
    let datasetProperties: FromHandle
    let spaceStatus: SpaceStatus
    let chunkCount: ChunkCount
    /// It goes through all chunks for each that it is asked for.
    let chunkPlace: ChunkPlace
    /// Nil before 1.14.
    let eachChunk: EachChunk?
    let dimensionCount: Question
    let dimensions: Extent
    let pointCount: FromHandle
    let closeSpace: Close
    let typeClass: Question
    let typeSize: Size
    let areTypesEqual: Compare
    let isVariableText: Question
    let nativeType: NativeType
    let closeType: Close
    let attributeExists: NamedQuestion
    let openAttribute: OpenNamed
    let attributeType: FromHandle
    let attributeSpace: FromHandle
    let readAttribute: ReadAttribute
    let closeAttribute: Close
    let free: Free

    /// Handles that the library gives its own objects.
    let names: Names

    /// Types and classes that the library knows by name.
    struct Names {
        let float32: Handle
        let float32Big: Handle
        let unsigned8: Handle
        let unsigned16: Handle
        let unsigned16Big: Handle
        let double: Handle
        /// The types that a number of a header may have.
        let numbers: [Handle]
        let fileAccess: Handle
    }
}

extension Hdf5Library {
    /// What Debian, Ubuntu and Fedora call the library, the newest last but one.
    private static let fileNames = [
        "libhdf5_serial.so.103", "libhdf5.so.103", "libhdf5.so.200", "libhdf5_serial.so.200",
        "libhdf5_serial.so.310", "libhdf5.so.310", "libhdf5_serial.so.320", "libhdf5.so.320",
        "libhdf5_serial.so", "libhdf5.so",
    ]

    private static let isMissing = InputError.unsuitable(
        "this is an HDF5 file, and libhdf5 1.10.5 or later is not there; install it (on Debian: "
            + "apt install libhdf5-103-1), or convert the file with blimpy's h52fil"
    )

    private static func load() throws(InputError) -> UnsafeMutableRawPointer {
        for name in fileNames {
            if let library = dlopen(name, RTLD_NOW | RTLD_LOCAL) { return library }
        }
        throw isMissing
    }

    private static let numberNames = [
        "IEEE_F64LE", "IEEE_F64BE", "IEEE_F32LE", "IEEE_F32BE",
        "STD_I64LE", "STD_I64BE", "STD_I32LE", "STD_I32BE", "STD_I16LE", "STD_I16BE", "STD_I8LE",
        "STD_U64LE", "STD_U64BE", "STD_U32LE", "STD_U32BE", "STD_U16LE", "STD_U16BE", "STD_U8LE",
    ]

    private struct Symbols {
        let library: UnsafeMutableRawPointer

        func function<Function>(
            _ name: String,
            as type: Function.Type = Function.self
        ) throws(InputError) -> Function {
            guard let symbol = dlsym(library, name) else { throw isMissing }
            return unsafeBitCast(symbol, to: Function.self)
        }

        /// The value of a variable, which is there once the library is initialised.
        func handle(_ name: String) throws(InputError) -> Handle {
            guard let symbol = dlsym(library, name) else { throw isMissing }
            return symbol.load(as: Handle.self)
        }
    }

    /// Makes the library ready; returns its version.
    private static func initialise(
        _ symbols: Symbols
    ) throws(InputError) -> (CUnsignedInt, CUnsignedInt, CUnsignedInt) {
        typealias Begin = @convention(c) () -> Status
        typealias Version =
            @convention(c) (
                UnsafeMutablePointer<CUnsignedInt>, UnsafeMutablePointer<CUnsignedInt>,
                UnsafeMutablePointer<CUnsignedInt>
            ) -> Status
        let version = try symbols.function("H5get_libversion", as: Version.self)
        var (major, minor, release): (CUnsignedInt, CUnsignedInt, CUnsignedInt) = (0, 0, 0)
        guard version(&major, &minor, &release) >= 0,
            (major, minor, release) >= (1, 10, 5)
        else { throw isMissing }
        guard try symbols.function("H5open", as: Begin.self)() >= 0 else { throw isMissing }
        return (major, minor, release)
    }

    init() throws(InputError) {
        let symbols = Symbols(library: try Self.load())
        let version = try Self.initialise(symbols)
        // What goes wrong is told by our own errors.
        let silence: Silence = try symbols.function("H5Eset_auto2")
        _ = silence(0, nil, nil)
        openFile = try symbols.function("H5Fopen")
        fileProperties = try symbols.function("H5Fget_create_plist")
        userBlock = try symbols.function("H5Pget_userblock")
        makeProperties = try symbols.function("H5Pcreate")
        closeProperties = try symbols.function("H5Pclose")
        setFileLocking = try? symbols.function("H5Pset_file_locking")
        layout = try symbols.function("H5Pget_layout")
        chunkShape = try symbols.function("H5Pget_chunk")
        filterCount = try symbols.function("H5Pget_nfilters")
        filter = try symbols.function("H5Pget_filter2")
        linkExists = try symbols.function("H5Lexists")
        openDataset = try symbols.function("H5Dopen2")
        datasetSpace = try symbols.function("H5Dget_space")
        datasetType = try symbols.function("H5Dget_type")
        datasetOffset = try symbols.function("H5Dget_offset")
        datasetProperties = try symbols.function("H5Dget_create_plist")
        spaceStatus = try symbols.function("H5Dget_space_status")
        chunkCount = try symbols.function("H5Dget_num_chunks")
        chunkPlace = try symbols.function("H5Dget_chunk_info_by_coord")
        eachChunk = version >= (1, 14, 0) ? try symbols.function("H5Dchunk_iter") : nil
        dimensionCount = try symbols.function("H5Sget_simple_extent_ndims")
        dimensions = try symbols.function("H5Sget_simple_extent_dims")
        pointCount = try symbols.function("H5Sget_simple_extent_npoints")
        closeSpace = try symbols.function("H5Sclose")
        typeClass = try symbols.function("H5Tget_class")
        typeSize = try symbols.function("H5Tget_size")
        areTypesEqual = try symbols.function("H5Tequal")
        isVariableText = try symbols.function("H5Tis_variable_str")
        nativeType = try symbols.function("H5Tget_native_type")
        closeType = try symbols.function("H5Tclose")
        attributeExists = try symbols.function("H5Aexists")
        openAttribute = try symbols.function("H5Aopen")
        attributeType = try symbols.function("H5Aget_type")
        attributeSpace = try symbols.function("H5Aget_space")
        readAttribute = try symbols.function("H5Aread")
        closeAttribute = try symbols.function("H5Aclose")
        free = try symbols.function("H5free_memory")
        names = Names(
            float32: try symbols.handle("H5T_IEEE_F32LE_g"),
            float32Big: try symbols.handle("H5T_IEEE_F32BE_g"),
            unsigned8: try symbols.handle("H5T_STD_U8LE_g"),
            unsigned16: try symbols.handle("H5T_STD_U16LE_g"),
            unsigned16Big: try symbols.handle("H5T_STD_U16BE_g"),
            double: try symbols.handle("H5T_IEEE_F64LE_g"),
            numbers: try Self.numberNames.map { (name) throws(InputError) in
                try symbols.handle("H5T_\(name)_g")
            },
            fileAccess: try symbols.handle("H5P_CLS_FILE_ACCESS_ID_g")
        )
    }
}
