import Foundation

/// A folder that is gone when its user is done.
struct TemporaryFolder {
    let path: String

    init() throws {
        let base = FileManager.default.temporaryDirectory
        path = base.appending(path: "starling-bench-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }

    /// A new folder inside.
    func folder(_ name: String) throws -> String {
        let inner = "\(path)/\(name)"
        try FileManager.default.createDirectory(atPath: inner, withIntermediateDirectories: false)
        return inner
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
