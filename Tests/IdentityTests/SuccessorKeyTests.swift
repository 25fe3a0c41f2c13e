import Glibc
import Identity
import Primitives
import Testing

/// One key takes the place of another, and none is lost on the way.
@Suite struct SuccessorKeyTests {
    private struct Files {
        let folder: TemporaryFolder
        var peer: String { "\(folder.path)/peer.key" }
        var successor: String { "\(folder.path)/successor.key" }
        var revoked: String { "\(folder.path)/peer.key.revoked" }
        let old: KeyFile
        let next: KeyFile

        init() throws {
            folder = try TemporaryFolder()
            old = try KeyFile.loadOrCreate(at: "\(folder.path)/peer.key", purpose: .peer)
            next = try KeyFile.loadOrCreate(
                at: "\(folder.path)/successor.key",
                purpose: .successor
            )
        }

        func replace() throws(KeyFileError) {
            try KeyFile.replacePeer(at: peer, by: successor, keeping: revoked)
        }

        func expectReplaced() throws {
            #expect(try KeyFile.load(at: peer, purpose: .peer).publicKey == next.publicKey)
            #expect(try KeyFile.load(at: revoked, purpose: .peer) == old)
            #expect(folder.names == ["peer.key", "peer.key.revoked"])
            #expect(folder.mode(of: "peer.key") == 0o600)
            #expect(folder.mode(of: "peer.key.revoked") == 0o600)
        }
    }

    @Test func theSuccessorBecomesThePeersKeyAndTheOldOneIsKept() throws {
        let files = try Files()
        try files.replace()
        try files.expectReplaced()
    }

    @Test func aReplacementThatWasCutShortIsCompleted() throws {
        // After the copy of the old key.
        let early = try Files()
        try early.folder.write(Bytes(early.old.text.utf8), to: "peer.key.revoked")
        try early.replace()
        try early.expectReplaced()
        // After the new key, before the successor's file went.
        let late = try Files()
        try late.replace()
        try late.folder.write(Bytes(late.next.text.utf8), to: "successor.key")
        try late.replace()
        try late.expectReplaced()
    }

    @Test func aFileThatWasLeftBehindGivesWayToANewSuccessor() throws {
        let files = try Files()
        let kept = try KeyFile.loadOrCreateSuccessor(
            at: files.successor,
            of: files.old.publicKey
        )
        #expect(kept == files.next)
        let fresh = try KeyFile.loadOrCreateSuccessor(
            at: files.successor,
            of: files.next.publicKey
        )
        #expect(fresh.publicKey != files.next.publicKey && fresh.purpose == .successor)
    }

    @Test func anEarlierRevokedKeyIsNeverOverwritten() throws {
        let files = try Files()
        let earlier = Bytes(files.next.text.utf8)
        try files.folder.write(earlier, to: "peer.key.revoked")
        let error = KeyFileError.present(path: files.revoked)
        #expect(throws: error) { try files.replace() }
        #expect("\(error)".contains("move that file away"))
        #expect(try KeyFile.load(at: files.peer, purpose: .peer) == files.old)
        #expect(try KeyFile.load(at: files.successor, purpose: .successor) == files.next)
        #expect(files.folder.names == ["peer.key", "peer.key.revoked", "successor.key"])
    }

    @Test func withoutASuccessorNothingChanges() throws {
        let files = try Files()
        #expect(unlink(files.successor) == 0)
        #expect(throws: KeyFileError.missing(path: files.successor)) { try files.replace() }
        #expect(files.folder.names == ["peer.key"])
    }

    @Test func aKeyThatIsDiscardedIsMadeAnew() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/curve.key"
        try KeyFile.discard(at: path)
        let old = try KeyFile.loadOrCreate(at: path, purpose: .curve)
        try KeyFile.discard(at: path)
        #expect(folder.names.isEmpty)
        #expect(try KeyFile.loadOrCreate(at: path, purpose: .curve) != old)
    }
}
