import ArgumentParser
import FoundationEssentials
import Simulator

/// Scripts in files.
enum ScriptFile {
    /// The script in the file at `path`.
    static func read(_ path: String) throws -> Script {
        guard let bytes = try? Data(contentsOf: URL(filePath: path)) else {
            throw ValidationError("\(path) cannot be read.")
        }
        let text = String(decoding: bytes, as: UTF8.self)
        do throws(ScriptError) {
            return try Script(text: text)
        } catch {
            switch error {
            case .line(let number):
                throw ValidationError("\(path), line \(number): this is no line of a script.")
            case .cutOff:
                throw ValidationError("\(path) has not as many mishaps as it says.")
            case .impossible:
                throw ValidationError("\(path): there is no such network.")
            }
        }
    }

    /// Puts `script` into the file at `path`.
    static func write(_ script: Script, to path: String) throws {
        try Data(script.text.utf8).write(to: URL(filePath: path))
    }
}
