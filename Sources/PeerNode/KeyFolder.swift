import Identity
import Primitives

/// The keys in a peer's folder, for their owner.
package struct KeyFolder: Sendable {
    /// The public half of one key.
    package struct PublicKey: Hashable, Sendable {
        /// What it is for: `peer`, `project`, `curve` or `owner`.
        package let purpose: String
        /// The public key, in hexadecimal.
        package let key: String
        /// Where the secret half lies.
        package let path: String
    }

    private let path: String

    /// The keys in the folder at `path`.
    package init(_ path: String) { self.path = path }

    /// The public halves of the keys that are there.
    package func publicKeys() throws -> [PublicKey] {
        try KeyBackup(folder: path).keys.map { key in
            PublicKey(
                purpose: key.purpose.rawValue,
                key: key.publicKey.description,
                path: KeyBackup.path(of: key.purpose, in: path)
            )
        }
    }

    /// Writes all keys to one new file.
    package func backUp(to file: String) throws {
        try KeyBackup(folder: path).write(to: file)
    }

    /// Takes the keys from a backup; no other key is overwritten.
    package func restore(from file: String) throws {
        try KeyBackup(path: file).restore(into: path)
    }
}
