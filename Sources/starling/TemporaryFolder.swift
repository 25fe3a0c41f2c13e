import Foundation

/// A folder that is gone when its user is done.
struct TemporaryFolder: Sendable {
    /// Where it is.
    let path: String

    /// Makes an empty folder that only this user can enter.
    init() throws {
        let base = Environment.value("TMPDIR") ?? "/tmp"
        var template = Array("\(base)/starling-demo-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else {
            throw CommandFailure("cannot make a folder in \(base)", error: errno)
        }
        path = String(cString: made)
    }

    /// A new folder inside.
    func folder(_ name: String) throws -> String {
        let inner = "\(path)/\(name)"
        guard mkdir(inner, 0o700) == 0 else {
            throw CommandFailure("cannot make \(inner)", error: errno)
        }
        return inner
    }

    /// Removes the folder and everything in it.
    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
