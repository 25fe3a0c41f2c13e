import Foundation

/// The port on which a peer listened last, so that others find it again after a restart.
struct LastPort {
    private let path: String

    init(folder: String) { path = "\(folder)/port" }

    /// The port, if one was noted and can be read.
    var value: UInt16? {
        let text = try? String(contentsOfFile: path, encoding: .utf8)
        return text.flatMap { UInt16($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    /// Notes `port`; a note that cannot be written costs no more than another port next time.
    func note(_ port: UInt16) {
        try? Data("\(port)\n".utf8).write(to: URL(filePath: path), options: .atomic)
    }
}
