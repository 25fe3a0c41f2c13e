import Foundation
import Glibc
import Identity
import Primitives
import Testing

/// Keys in one file, and back in a folder.
@Suite struct KeyBackupTests {
    private let folder: URL

    init() throws {
        folder = FileManager.default.temporaryDirectory
            .appending(path: "starling-backup-\(UUID().uuidString)")
        for name in ["a", "b"] {
            let path = folder.appending(path: name)
            try FileManager.default.createDirectory(at: path, withIntermediateDirectories: true)
        }
    }

    private func path(_ name: String) -> String { folder.appending(path: name).path }

    private func makeKeys(_ purposes: [KeyFile.Purpose], in name: String) throws {
        for purpose in purposes {
            let path = KeyBackup.path(of: purpose, in: path(name))
            _ = try KeyFile.loadOrCreate(at: path, purpose: purpose)
        }
    }

    @Test(arguments: [[KeyFile.Purpose.peer, .project, .curve], KeyFile.Purpose.allCases])
    func keysComeBackAsTheyWere(purposes: [KeyFile.Purpose]) throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try makeKeys(purposes, in: "a")
        let backup = try KeyBackup(folder: path("a"))
        #expect(backup.keys.map(\.purpose) == purposes)
        try backup.write(to: path("keys"))
        var status = stat()
        #expect(stat(path("keys"), &status) == 0)
        #expect(status.st_mode & 0o777 == 0o600)
        // A backup may come from a medium that has no modes.
        #expect(chmod(path("keys"), 0o644) == 0)
        let read = try KeyBackup(path: path("keys"))
        #expect(read == backup)
        try read.restore(into: path("b"))
        #expect(try KeyBackup(folder: path("b")) == backup)
        // Once more changes nothing, and is no error.
        try read.restore(into: path("b"))
    }

    @Test func nothingIsOverwritten() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try makeKeys([.peer, .project, .curve], in: "a")
        try makeKeys([.curve], in: "b")
        let backup = try KeyBackup(folder: path("a"))
        try backup.write(to: path("keys"))
        #expect(throws: KeyFileError.present(path: path("keys"))) {
            try backup.write(to: path("keys"))
        }
        let obstacle = KeyBackup.path(of: .curve, in: path("b"))
        let before = try Data(contentsOf: URL(filePath: obstacle))
        #expect(throws: KeyFileError.present(path: obstacle)) {
            try backup.restore(into: path("b"))
        }
        #expect(try Data(contentsOf: URL(filePath: obstacle)) == before)
        let names = try FileManager.default.contentsOfDirectory(atPath: path("b"))
        #expect(names == ["curve.key"], "when one key is in the way, none is written")
    }

    @Test func backupNeedsEveryKeyOfAPeer() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try makeKeys([.peer, .curve], in: "a")
        let missing = KeyBackup.path(of: .project, in: path("a"))
        #expect(throws: KeyFileError.missing(path: missing)) { try KeyBackup(folder: path("a")) }
    }

    @Test func damagedBackupIsRefused() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        try makeKeys([.peer, .project, .curve], in: "a")
        try KeyBackup(folder: path("a")).write(to: path("keys"))
        let whole = try Data(contentsOf: URL(filePath: path("keys")))
        for count in stride(from: 0, to: whole.count, by: 7) {
            var changed = whole
            changed[count] ^= 1
            for bytes in [Data(whole.prefix(count)), changed, whole + Data([10])] {
                try bytes.write(to: URL(filePath: path("other")))
                // Nothing but whole keys is ever taken.
                guard let read = try? KeyBackup(path: path("other")) else { continue }
                #expect(bytes == Data(read.keys.map(\.text).joined().utf8))
            }
        }
        try Data(repeating: 65, count: 100_000).write(to: URL(filePath: path("other")))
        #expect(throws: KeyFileError.self) { try KeyBackup(path: path("other")) }
        #expect(throws: KeyFileError.missing(path: path("none"))) {
            try KeyBackup(path: path("none"))
        }
    }
}
