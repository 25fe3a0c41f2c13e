import Foundation
import Glibc
import Testing

/// Three peers on this machine, the jobs that the first of them submits, and what must hold when
/// all is over.
final class FaultGrid {
    /// Units of each job: few, so that bundles are small, and their leases short.
    static let unitCount = 4

    private let search: SmallSearch
    /// The one that submits.
    private(set) var submitter: Donor
    /// The two that join it.
    private(set) var workers: [Donor]

    /// Starts the peers, whose folders are `homes`, and links them; `cores` are the submitter's.
    init(
        cores: Int = 0,
        homes: [Folder?] = [nil, nil, nil],
        environment: [String: String?] = [:]
    ) async throws {
        search = try await SmallSearch(units: Self.unitCount)
        submitter = try await Donor(cores: cores, in: homes[0])
        let join = ["--join", try await submitter.address()]
        workers = [
            try await Donor(join, in: homes[1], environment: environment),
            try await Donor(join, in: homes[2]),
        ]
        for peer in peers { try await peer.waitForLinks(2) }
    }

    /// The submitter, and the workers.
    var peers: [Donor] { [submitter] + workers }

    /// Submits the search once more; the job's id.
    func submit(policy: String = "strict") async throws -> String {
        try await search.submit(at: submitter, policy: policy)
    }

    /// A peer that has ended starts again in its folder.
    func restart(_ index: Int, cores: Int) async throws -> Donor {
        let old = peers[index]
        // The address of the submitter is what it was, for it listens where it did.
        let join = index == 0 ? [] : ["--join", try await submitter.address()]
        let new = try await Donor(join, cores: cores, in: old.home)
        if index == 0 { submitter = new } else { workers[index - 1] = new }
        return new
    }

    /// Waits until a job is complete, and checks that its table is that of a search.
    func expectComplete(
        _ job: String,
        at location: SourceLocation = #_sourceLocation
    ) async throws {
        let watched = try await submitter.outcome("watch", job)
        #expect(watched.status == 0, "\(watched.errors)", sourceLocation: location)
        let results = try await submitter.outcome("results", job)
        #expect(results.output == search.table, "\(results.errors)", sourceLocation: location)
    }

    /// Waits until every peer shows the same board, and checks that each vote won counts once; of
    /// `total` votes some may have been looked at again by one more worker.
    func expectCredit(
        won total: Int,
        at location: SourceLocation = #_sourceLocation
    ) async throws {
        var boards: [[Leaderboard.Tally]] = []
        var isSettled = false
        // No command waits for another peer's ledger, so they are asked again and again.
        while !isSettled {
            boards = []
            for peer in peers {
                let board = try await peer.object(Leaderboard.self, "leaderboard")
                boards.append(board.hosts.sorted { $0.peer < $1.peer }.map(\.tally))
            }
            isSettled = boards.allSatisfy { board in
                board == boards[0] && board.reduce(0) { $0 + $1.won } >= total
                    && board.allSatisfy { $0.provisionalOperations == 0 }
            }
        }
        let range = total...total + total / 2
        #expect(range.contains(boards[0].reduce(0) { $0 + $1.won }), sourceLocation: location)
        #expect(boards[0].allSatisfy { $0.lost == 0 }, sourceLocation: location)
    }

    /// Ends every peer in order.
    func end(at location: SourceLocation = #_sourceLocation) async throws {
        for peer in peers {
            let outcome = try await peer.end()
            #expect(outcome.status == 0, "\(outcome.errors)", sourceLocation: location)
        }
    }
}

/// An executor that waits at a gate before it computes, so that a lease surely runs.
final class GatedExecutor: Sendable {
    private let folder: Folder
    /// What a peer is told of it.
    let environment: [String: String?]

    /// The gate is open: a peer tries its executor when it starts.
    init() throws {
        folder = try Folder()
        let executor = Program.executable.deletingLastPathComponent()
            .appending(path: "starling-executor").path
        let script = """
            #!/bin/sh
            while [ -e '\(folder.file("shut"))' ]; do /bin/sleep 0.02; done
            exec '\(executor)' "$@"

            """
        let path = try folder.write(script.utf8, to: "executor")
        try #require(chmod(path, 0o700) == 0)
        environment = ["STARLING_EXECUTOR": path]
    }

    deinit { open() }

    /// Lets no unit through until `open`.
    func shut() throws { _ = try folder.write([], to: "shut") }

    /// Lets every unit through from now on.
    func open() { _ = unlink(folder.file("shut")) }
}

/// A file system of its own in memory, of a size that fills up soon; gone with the object.
final class SmallDisk {
    /// Where it is mounted.
    let folder: Folder

    /// Throws where this process may not mount.
    init() throws {
        folder = try Folder()
        // Twice the ballast must be free at the start, or the peer drains from the beginning.
        guard mount("tmpfs", folder.path, "tmpfs", 0, "size=192m") == 0 else {
            throw CocoaError(.fileWriteNoPermission)
        }
    }

    deinit { _ = umount2(folder.path, CInt(MNT_DETACH)) }

    /// Whether this process may mount.
    static let isPossible = (try? SmallDisk()) != nil

    /// Writes until nothing more fits.
    func fill() throws {
        let descriptor = Glibc.open(folder.file("filler"), O_WRONLY | O_CREAT | O_APPEND, 0o600)
        try #require(descriptor >= 0)
        defer { _ = close(descriptor) }
        for size in [1 << 20, 4_096] {
            let block = Data(count: size)
            while block.withUnsafeBytes({ write(descriptor, $0.baseAddress, size) }) > 0 {}
        }
        try #require(errno == ENOSPC)
    }

    /// Takes back what `fill` has taken.
    func empty() throws { try FileManager.default.removeItem(atPath: folder.file("filler")) }
}
