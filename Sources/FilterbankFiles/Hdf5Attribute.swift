import Glibc
import Kernels
import Primitives

/// Reads attributes of an object in an HDF5 file.
struct Hdf5Attributes {
    let library: Hdf5Library
    let object: Hdf5Library.Handle

    /// Bytes of a text that is read; what is longer is refused.
    private static let textByteCountMax = 4_096
    /// `H5T_STRING` of the library's header.
    private static let textClass: CInt = 3

    /// The number called `name`; nil when there is none of that name.
    func number(_ name: String) throws(InputError) -> Double? {
        var number = Double.nan
        let found = try open(name) { (attribute) throws(InputError) in
            let type = library.attributeType(attribute)
            defer { _ = library.closeType(type) }
            // Only types of the usual layout: the library does not check others, and may crash.
            guard library.names.numbers.contains(where: { library.areTypesEqual(type, $0) > 0 }),
                library.readAttribute(attribute, library.names.double, &number) >= 0
            else { throw .malformed("attribute \(name) is not one number") }
        }
        guard found else { return nil }
        guard number.isFinite else {
            throw .malformed("attribute \(name) is \(number); it must be a finite number")
        }
        return number
    }

    /// The text called `name`, what is not printable replaced; nil when there is none.
    func text(_ name: String) throws(InputError) -> String? {
        var bytes: Bytes = []
        let found = try open(name) { (attribute) throws(InputError) in
            let type = library.attributeType(attribute)
            defer { _ = library.closeType(type) }
            guard library.typeClass(type) == Self.textClass else {
                throw .malformed("attribute \(name) is not a text")
            }
            bytes =
                library.isVariableText(type) > 0
                ? try variableText(name, attribute, type) : try fixedText(name, attribute, type)
        }
        guard found else { return nil }
        let visible = bytes.map { $0 >= 0x20 && $0 < 0x7f ? $0 : UInt8(ascii: "?") }
        return String(decoding: visible, as: UTF8.self)
    }

    private func variableText(
        _ name: String,
        _ attribute: Hdf5Library.Handle,
        _ type: Hdf5Library.Handle
    ) throws(InputError) -> Bytes {
        let native = library.nativeType(type, 0)
        defer { _ = library.closeType(native) }
        var text: UnsafeMutablePointer<CChar>?
        guard library.readAttribute(attribute, native, &text) >= 0 else {
            throw .malformed("attribute \(name) cannot be read; the file is damaged")
        }
        guard let text else { return [] }
        defer { _ = library.free(text) }
        let count = strnlen(text, Self.textByteCountMax + 1)
        guard count <= Self.textByteCountMax else { throw tooLong(name) }
        return text.withMemoryRebound(to: UInt8.self, capacity: count) {
            Bytes(UnsafeBufferPointer(start: $0, count: count))
        }
    }

    private func fixedText(
        _ name: String,
        _ attribute: Hdf5Library.Handle,
        _ type: Hdf5Library.Handle
    ) throws(InputError) -> Bytes {
        let count = library.typeSize(type)
        guard count > 0, count <= Self.textByteCountMax else { throw tooLong(name) }
        var bytes = Bytes(repeating: 0, count: count)
        // Read as the very type that the file has: nothing is converted.
        guard library.readAttribute(attribute, type, &bytes) >= 0 else {
            throw .malformed("attribute \(name) cannot be read; the file is damaged")
        }
        return Bytes(bytes.prefix { $0 != 0 })
    }

    private func tooLong(_ name: String) -> InputError {
        .malformed("attribute \(name) has more than \(Self.textByteCountMax) bytes")
    }

    /// Calls `body` with the attribute called `name`, which has one element; false if it is absent.
    private func open(
        _ name: String,
        _ body: (Hdf5Library.Handle) throws(InputError) -> Void
    ) throws(InputError) -> Bool {
        let exists = library.attributeExists(object, name)
        guard exists >= 0 else {
            throw .malformed("attribute \(name) cannot be looked for; the file is damaged")
        }
        guard exists > 0 else { return false }
        let attribute = library.openAttribute(object, name, 0)
        guard attribute >= 0 else {
            throw .malformed("attribute \(name) cannot be opened; the file is damaged")
        }
        defer { _ = library.closeAttribute(attribute) }
        let space = library.attributeSpace(attribute)
        defer { _ = library.closeSpace(space) }
        guard library.pointCount(space) == 1 else {
            throw .malformed("attribute \(name) has not one element")
        }
        try body(attribute)
        return true
    }
}
