import Glibc

/// Where the executor is.
package enum ExecutorLocation {
    /// The program's name.
    package static let name = "starling-executor"
    /// The name of the environment variable by which a user names another path.
    package static let environmentName = "STARLING_EXECUTOR"

    /// The path that the environment names, or else the one beside the running program.
    package static var path: String {
        if let path = getenv(environmentName).map({ String(cString: $0) }), !path.isEmpty {
            return path
        }
        return "\(programFolder)/\(name)"
    }

    /// The folder of the running program.
    private static var programFolder: String {
        var characters = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &characters, characters.count)
        let bytes = characters.prefix(max(0, count)).map { UInt8(bitPattern: $0) }
        let path = String(decoding: bytes, as: UTF8.self)
        return path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    }
}
