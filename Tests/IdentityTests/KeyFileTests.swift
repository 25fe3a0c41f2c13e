import Glibc
import Identity
import Primitives
import Testing

/// A folder of its own for one test, removed with everything in it.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/starling-test-XXXXXX".utf8CString)
        let isMade = mkdtemp(&template) != nil
        try #require(isMade)
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    deinit {
        for name in names { _ = unlink("\(path)/\(name)") }
        _ = rmdir(path)
    }

    /// The names of the files in the folder, sorted.
    var names: [String] {
        var found: [String] = []
        guard let folder = opendir(path) else { return [] }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name.0) { String(cString: $0) }
            if name != "." && name != ".." { found.append(name) }
        }
        return found.sorted()
    }

    /// Writes `content` to the file `name` with the permissions `mode`.
    func write(_ content: Bytes, to name: String = "key", mode: mode_t = 0o600) throws {
        let descriptor = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC, mode)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        #expect(Glibc.write(descriptor, content, content.count) == content.count)
        #expect(fchmod(descriptor, mode) == 0)
    }

    /// The permissions of the file `name`.
    func mode(of name: String) -> mode_t {
        var status = stat()
        return stat("\(path)/\(name)", &status) == 0 ? status.st_mode & 0o777 : 0
    }
}

private func keyFile(_ purpose: KeyFile.Purpose = .peer) throws -> KeyFile {
    KeyFile(purpose: purpose, secret: try #require(Digest(randomBytes(count: 32))))
}

@Test(arguments: KeyFile.Purpose.allCases)
func firstStartMakesAKeyAndLaterStartsReadIt(purpose: KeyFile.Purpose) throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/key"
    let made = try KeyFile.loadOrCreate(at: path, purpose: purpose)
    #expect(folder.mode(of: "key") == 0o600)
    #expect(folder.names == ["key"])
    #expect(try KeyFile.loadOrCreate(at: path, purpose: purpose) == made)
    #expect(try KeyFile.load(at: path, purpose: purpose) == made)
}

@Test func fileThatOnlyItsOwnerReadsIsAccepted() throws {
    let folder = try TemporaryFolder()
    try folder.write(Bytes(try keyFile().text.utf8), mode: 0o400)
    _ = try KeyFile.load(at: "\(folder.path)/key", purpose: .peer)
}

@Test func loadingNeverMakesAKey() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/key"
    #expect(throws: KeyFileError.missing(path: path)) {
        try KeyFile.load(at: path, purpose: .peer)
    }
    #expect(folder.names.isEmpty)
}

@Test(arguments: [0o640, 0o604, 0o620, 0o602, 0o666] as [mode_t])
func fileOpenToOthersIsRefused(mode: mode_t) throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/key"
    try folder.write(Bytes(try keyFile().text.utf8), mode: mode)
    #expect(throws: KeyFileError.openToOthers(path: path, mode: mode)) {
        try KeyFile.loadOrCreate(at: path, purpose: .peer)
    }
    #expect("\(KeyFileError.openToOthers(path: path, mode: mode))".contains("chmod 600 \(path)"))
}

@Test func fileOfAnotherLengthIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/key"
    let content = Bytes(try keyFile().text.utf8)
    for wrong in [[], Bytes(content.dropLast()), content + [10]] {
        try folder.write(wrong)
        let expected = KeyFileError.wrongLength(
            path: path,
            actual: wrong.count,
            expected: content.count
        )
        #expect(throws: expected) { try KeyFile.loadOrCreate(at: path, purpose: .peer) }
    }
}

@Test func everyChangedByteIsRefusedAndKept() throws {
    let folder = try TemporaryFolder()
    let content = Bytes(try keyFile().text.utf8)
    for index in content.indices {
        var changed = content
        changed[index] ^= 0x20
        try folder.write(changed)
        #expect(throws: KeyFileError.self) {
            try KeyFile.loadOrCreate(at: "\(folder.path)/key", purpose: .peer)
        }
    }
    try folder.write(content)
    _ = try KeyFile.load(at: "\(folder.path)/key", purpose: .peer)
}

@Test func keyOfAnotherPurposeIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/key"
    // Both names have five letters, so that the length alone does not tell them apart.
    try folder.write(Bytes(try keyFile(.owner).text.utf8))
    #expect(throws: KeyFileError.otherPurpose(path: path, expected: .curve)) {
        try KeyFile.load(at: path, purpose: .curve)
    }
}

@Test func symbolicLinkFolderAndPipeAreRefused() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/key"
    try folder.write(Bytes(try keyFile().text.utf8), to: "real")
    #expect(symlink("\(folder.path)/real", path) == 0)
    #expect(throws: KeyFileError.symbolicLink(path: path)) {
        try KeyFile.loadOrCreate(at: path, purpose: .peer)
    }
    #expect(throws: KeyFileError.notAFile(path: folder.path)) {
        try KeyFile.loadOrCreate(at: folder.path, purpose: .peer)
    }
    let pipe = "\(folder.path)/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(throws: KeyFileError.notAFile(path: pipe)) {
        try KeyFile.loadOrCreate(at: pipe, purpose: .peer)
    }
}

@Test(.enabled(if: geteuid() == 0, "only the superuser can give a file away"))
func fileOfAnotherUserIsRefused() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/key"
    try folder.write(Bytes(try keyFile().text.utf8))
    #expect(chown(path, 65_534, 65_534) == 0)
    #expect(throws: KeyFileError.otherOwner(path: path, owner: 65_534)) {
        try KeyFile.loadOrCreate(at: path, purpose: .peer)
    }
}

@Test func missingFolderIsReportedWithTheReason() throws {
    let error = #expect(throws: KeyFileError.self) {
        try KeyFile.loadOrCreate(at: "/nonexistent/key", purpose: .peer)
    }
    #expect(error.map { "\($0)".contains("check that the folder exists") } == true)
}

@Test func simultaneousFirstStartsEndWithOneKey() async throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/key"
    let keys = try await withThrowingTaskGroup(of: KeyFile.self) { group in
        for _ in 0..<32 {
            group.addTask { try KeyFile.loadOrCreate(at: path, purpose: .peer) }
        }
        return try await group.reduce(into: [KeyFile]()) { $0.append($1) }
    }
    #expect(keys.count == 32)
    #expect(keys.allSatisfy { $0 == keys[0] })
    #expect(folder.names == ["key"])
}
