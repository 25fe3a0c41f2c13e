package import Primitives

/// A secret key on disk: made once at the first start, readable by its owner only.
///
/// The file is five lines of ASCII, each ended by one line feed, in this order:
/// ```
/// starling-key 1
/// purpose peer
/// public 3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c
/// secret <64 hexadecimal digits>
/// check <64 hexadecimal digits>
/// ```
/// `public` follows from `secret` and is there to be read by people; `check` is the SHA-256 of the
/// four lines before it. A file that differs from this in one byte is refused, never repaired.
package struct KeyFile: Sendable, Equatable {
    /// What a key is for; a file of one purpose is never taken for another.
    package enum Purpose: String, CaseIterable, Sendable {
        /// Names a peer (Ed25519).
        case peer
        /// Signs manifests (Ed25519).
        case project
        /// Adopts peers and projects (Ed25519).
        case owner
        /// Takes over from a peer's key that was lost or stolen (Ed25519).
        case successor
        /// Encrypts links (X25519).
        case curve
    }

    /// What the key is for.
    package let purpose: Purpose
    /// The 32 secret bytes.
    package let secret: Digest
    /// The public half, which follows from the secret.
    package let publicKey: Digest

    /// The file's content for a key of `purpose` whose secret is `secret`.
    package init(purpose: Purpose, secret: Digest) {
        self.purpose = purpose
        self.secret = secret
        publicKey =
            switch purpose {
            case .peer, .project, .owner, .successor: SigningKey(seed: secret).publicKey
            case .curve: curvePublicKey(secret: secret).digest
            }
    }

    /// Reads the key at `path`, or makes one there when there is no file.
    ///
    /// Several processes that start at once end with one key. An existing file is never changed.
    package static func loadOrCreate(
        at path: String,
        purpose: Purpose
    ) throws(KeyFileError) -> KeyFile {
        do throws(KeyFileError) {
            return try load(at: path, purpose: purpose)
        } catch .missing {
            try create(at: path, purpose: purpose)
            return try load(at: path, purpose: purpose)
        }
    }

    /// Reads the key at `path`, and refuses a file that others could have read or changed.
    package static func load(
        at path: String,
        purpose: Purpose
    ) throws(KeyFileError) -> KeyFile {
        let text = try PrivateFile.read(path, byteCount: byteCount(purpose))
        return try parse(text, purpose: purpose, path: path)
    }

    /// Writes the key to `path`; a file that is there already is never changed.
    package func write(to path: String) throws(KeyFileError) {
        guard try PrivateFile.createUnlessPresent(path, content: Bytes(text.utf8)) else {
            throw .present(path: path)
        }
    }

    /// The file's text.
    package var text: String {
        let lines = Self.lines(purpose, publicKey: publicKey.description, secret: "\(secret)")
        return lines + "check \(sha256(Bytes(lines.utf8)))\n"
    }

    // MARK: - Another key in place of one

    /// Puts the key of the successor file at `successor` in place of the peer's at `path`, whose
    /// file stays at `revoked`.
    ///
    /// There is a whole key at `path` at every moment, and none is lost: after a crash, a second
    /// call completes the first. Fails before it changes anything when `revoked` holds another key.
    package static func replacePeer(
        at path: String,
        by successor: String,
        keeping revoked: String
    ) throws(KeyFileError) {
        let old = try load(at: path, purpose: .peer)
        let next = try load(at: successor, purpose: .successor)
        if next.publicKey != old.publicKey {
            try old.keep(at: revoked)
            let taken = KeyFile(purpose: .peer, secret: next.secret)
            try PrivateFile.replace(path, content: Bytes(taken.text.utf8))
        }
        try PrivateFile.remove(successor)
    }

    /// Removes the key at `path` for good, if there is one: the next start makes another.
    package static func discard(at path: String) throws(KeyFileError) {
        try PrivateFile.remove(path)
    }

    /// Reads the successor's key at `path`, or makes one; a file that was left behind when its key
    /// became `publicKey`, the peer's, gives way to a new one.
    package static func loadOrCreateSuccessor(
        at path: String,
        of publicKey: Digest
    ) throws(KeyFileError) -> KeyFile {
        let file = try loadOrCreate(at: path, purpose: .successor)
        guard file.publicKey == publicKey else { return file }
        try PrivateFile.remove(path)
        return try loadOrCreate(at: path, purpose: .successor)
    }

    /// Makes a copy at `path`, unless this very key is there; fails when something else is.
    package func keep(at path: String) throws(KeyFileError) {
        try PrivateFile.createUnlessPresent(path, content: Bytes(text.utf8))
        let kept: KeyFile?
        do throws(KeyFileError) {
            kept = try Self.load(at: path, purpose: purpose)
        } catch {
            kept = nil
        }
        guard kept == self else { throw .present(path: path) }
    }

    private static func create(at path: String, purpose: Purpose) throws(KeyFileError) {
        guard let secret = Digest(randomBytes(count: Digest.byteCount)) else {
            preconditionFailure("a secret has the length of a digest")
        }
        let content = Bytes(KeyFile(purpose: purpose, secret: secret).text.utf8)
        try PrivateFile.createUnlessPresent(path, content: content)
    }

    /// Reads the file's content; `path` is for errors only.
    static func parse(
        _ content: Bytes,
        purpose: Purpose,
        path: String
    ) throws(KeyFileError) -> KeyFile {
        let text = String(decoding: content, as: UTF8.self)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count == 6, lines[0] == "starling-key 1", lines[3].hasPrefix("secret "),
            let secret = Digest(hexadecimal: lines[3].dropFirst(7))
        else { throw .corrupt(path: path) }
        guard lines[1] == "purpose \(purpose.rawValue)" else {
            throw .otherPurpose(path: path, expected: purpose)
        }
        let file = KeyFile(purpose: purpose, secret: secret)
        guard content == Bytes(file.text.utf8) else { throw .corrupt(path: path) }
        return file
    }

    /// Bytes of a file of `purpose`.
    static func byteCount(_ purpose: Purpose) -> Int {
        let digits = String(repeating: "0", count: 2 * Digest.byteCount)
        let checkLine = "check \(digits)\n"
        return lines(purpose, publicKey: digits, secret: digits).utf8.count + checkLine.utf8.count
    }

    private static func lines(_ purpose: Purpose, publicKey: String, secret: String) -> String {
        "starling-key 1\npurpose \(purpose.rawValue)\npublic \(publicKey)\nsecret \(secret)\n"
    }
}

/// Why a key file was refused, and what its owner can do about it.
package enum KeyFileError: Error, Equatable, Sendable {
    /// There is no file.
    case missing(path: String)
    /// The path is a symbolic link.
    case symbolicLink(path: String)
    /// The path is a folder, a device or a pipe.
    case notAFile(path: String)
    /// Another user owns the file.
    case otherOwner(path: String, owner: UInt32)
    /// Other users may read or change the file.
    case openToOthers(path: String, mode: UInt32)
    /// The file is too short or too long to be a key of this purpose.
    case wrongLength(path: String, actual: Int, expected: Int)
    /// The file is no key of version 1, or one byte of it changed.
    case corrupt(path: String)
    /// The file is a key for something else.
    case otherPurpose(path: String, expected: KeyFile.Purpose)
    /// There is a file, and nothing is overwritten.
    case present(path: String)
    /// The system refused an operation.
    case system(path: String, operation: String, reason: String)
}

extension KeyFileError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .missing(let path):
            "there is no key file \(path); start the peer once to make one"
        case .symbolicLink(let path):
            "\(path) is a symbolic link; put the key file itself there"
        case .notAFile(let path):
            "\(path) is not a regular file; remove it or choose another path for the key"
        case .otherOwner(let path, let owner):
            "user \(owner) owns the key file \(path); run as that user, or chown the file to yours"
        case .openToOthers(let path, let mode):
            "others can read or change the key file \(path) (mode \(String(mode, radix: 8))); "
                + "run: chmod 600 \(path) – and make a new key if somebody may have copied it"
        case .wrongLength(let path, let actual, let expected):
            "the key file \(path) has \(actual) bytes instead of \(expected); restore it from a "
                + "backup, or move it away to start with a new key"
        case .corrupt(let path):
            "the key file \(path) is damaged; restore it from a backup, or move it away to start "
                + "with a new key"
        case .otherPurpose(let path, let expected):
            "the key file \(path) is not a \(expected.rawValue) key; check the path"
        case .present(let path):
            "there is a file \(path) already, and keys are never overwritten; choose another path, "
                + "or move that file away"
        case .system(let path, let operation, let reason):
            "cannot \(operation) \(path): \(reason); check that the folder exists and that this "
                + "user may write to it"
        }
    }
}
