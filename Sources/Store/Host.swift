import Glibc
package import Primitives
import Wire

/// The machine that this process runs on.
package enum Host {
    /// A hash of the machine's id, or of its name when it has no id.
    ///
    /// Other programs use the machine's id too, so it is not kept as it is.
    package static var id: Digest {
        let machine = try? Disk.read("/etc/machine-id", upTo: idByteCountMax)
        let text = String(decoding: machine ?? [], as: UTF8.self)
        let digits = text.prefix { $0.isHexDigit }
        return taggedHash("starling/host/1", count: 1) { encoder in
            encoder.text(digits.count == idDigits ? String(digits) : name)
        }
    }

    /// Digits of a machine's id.
    private static let idDigits = 32
    /// Bytes of the file that are read.
    private static let idByteCountMax = 64
    /// Bytes of a host's name, by POSIX, with the zero that ends it.
    private static let nameByteCountMax = 256

    private static var name: String {
        var bytes = [CChar](repeating: 0, count: nameByteCountMax)
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return "" }
        return String(
            decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)),
            as: UTF8.self
        )
    }
}
