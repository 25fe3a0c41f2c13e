import Primitives

/// All keys of a peer in one file: the texts of its key files, one after the other.
///
/// Whoever has it can act as the peer and its project.
package struct KeyBackup: Sendable, Equatable {
    /// The keys, each purpose at most once, in the order of `KeyFile.Purpose`.
    package let keys: [KeyFile]

    /// Reads the keys of a peer from its folder.
    ///
    /// Those in `required` must be there; of the others those are taken that are.
    package init(
        folder: String,
        required: [KeyFile.Purpose] = [.peer, .project, .curve]
    ) throws(KeyFileError) {
        var keys: [KeyFile] = []
        for purpose in KeyFile.Purpose.allCases {
            do throws(KeyFileError) {
                keys.append(
                    try KeyFile.load(at: Self.path(of: purpose, in: folder), purpose: purpose)
                )
            } catch .missing(let path) {
                guard !required.contains(purpose) else { throw .missing(path: path) }
            }
        }
        self.keys = keys
    }

    /// Reads a backup, whoever may have had it meanwhile.
    package init(path: String) throws(KeyFileError) {
        let byteCount = try PrivateFile.byteCount(of: path)
        let sum = KeyFile.Purpose.allCases.reduce(0) { $0 + KeyFile.byteCount($1) }
        guard byteCount <= sum else {
            throw .wrongLength(path: path, actual: byteCount, expected: sum)
        }
        var rest = try PrivateFile.read(path, byteCount: byteCount, isForeign: true)[...]
        var keys: [KeyFile] = []
        for purpose in KeyFile.Purpose.allCases {
            let head = Bytes("starling-key 1\npurpose \(purpose.rawValue)\n".utf8)
            guard rest.starts(with: head) else { continue }
            let text = rest.prefix(KeyFile.byteCount(purpose))
            keys.append(try KeyFile.parse(Bytes(text), purpose: purpose, path: path))
            rest = rest.dropFirst(text.count)
        }
        guard rest.isEmpty, !keys.isEmpty else { throw .corrupt(path: path) }
        self.keys = keys
    }

    /// Writes the backup to `path`, for this user's eyes only; nothing is overwritten.
    package func write(to path: String) throws(KeyFileError) {
        let text = keys.map(\.text).joined()
        guard try PrivateFile.createUnlessPresent(path, content: Bytes(text.utf8)) else {
            throw .present(path: path)
        }
    }

    /// Puts the keys into the folder of a peer that has none of them, or the same ones.
    ///
    /// When another key is in the way of one of them, none is written.
    package func restore(into folder: String) throws(KeyFileError) {
        var missing: [KeyFile] = []
        for key in keys {
            let path = Self.path(of: key.purpose, in: folder)
            do throws(KeyFileError) {
                guard try KeyFile.load(at: path, purpose: key.purpose) == key else {
                    throw .present(path: path)
                }
            } catch .missing {
                missing.append(key)
            }
        }
        for key in missing { try key.write(to: Self.path(of: key.purpose, in: folder)) }
    }

    /// Where a peer keeps its key of `purpose`.
    package static func path(of purpose: KeyFile.Purpose, in folder: String) -> String {
        "\(folder)/\(purpose.rawValue).key"
    }
}
