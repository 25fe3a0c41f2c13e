import Foundation
import Glibc
import Testing

/// A peer that `starling donate` runs, and the commands that drive it.
final class Donor: Sendable {
    let program: Program
    /// The peer's own folder.
    let folder: String
    /// What its folder stands in.
    let home: Folder

    /// Starts a peer, and waits until it is ready.
    convenience init(
        _ arguments: [String] = [],
        cores: Int = 1,
        in home: Folder? = nil,
        named name: String = "peer",
        environment: [String: String?] = [:]
    ) async throws {
        // Peers of one machine that are not joined must not meet.
        let listen = arguments.contains("--listen") ? [] : ["--listen", "127.0.0.1:0"]
        try await self.init(
            options: ["--cores", "\(cores)", "--redial", "50"] + listen + arguments,
            in: home,
            named: name,
            environment: environment
        )
    }

    /// Starts a peer with these options and no others, by way of `launcher`, if there is one.
    init(
        options: [String],
        through launcher: [String] = [],
        in home: Folder? = nil,
        named name: String = "peer",
        environment: [String: String?] = [:]
    ) async throws {
        let home = try home ?? Folder()
        self.home = home
        folder = home.file(name)
        program = try Program(
            ["donate", "--folder", folder] + options,
            through: launcher,
            environment: environment
        )
        try #require(try await program.says("starling://"), "\(program.errors)")
    }

    /// Ends the peer.
    func end(_ signal: Int32 = SIGTERM) async throws -> Program.Outcome {
        program.send(signal)
        return try await program.outcome()
    }

    /// What a command says to this peer's owner.
    func outcome(_ arguments: String...) async throws -> Program.Outcome {
        try await Program.run(arguments + ["--folder", folder])
    }

    /// The text of a command that must succeed.
    func text(
        _ arguments: String...,
        at location: SourceLocation = #_sourceLocation
    ) async throws -> String {
        let outcome = try await Program.run(arguments + ["--folder", folder])
        #expect(outcome.status == 0, "\(outcome.errors)", sourceLocation: location)
        return String(decoding: outcome.output, as: UTF8.self)
    }

    /// The objects that a command writes with `--json`.
    func objects<Value: Decodable>(
        _ type: Value.Type,
        _ arguments: String...,
        at location: SourceLocation = #_sourceLocation
    ) async throws -> [Value] {
        let outcome = try await Program.run(arguments + ["--folder", folder, "--json"])
        #expect(outcome.status == 0, "\(outcome.errors)\(story)", sourceLocation: location)
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return try outcome.output.split(separator: UInt8(ascii: "\n")).map { line in
            try decoder.decode(type, from: Data(line))
        }
    }

    /// The one object that a command writes with `--json`.
    func object<Value: Decodable>(
        _ type: Value.Type,
        _ verb: String,
        _ rest: String...,
        at location: SourceLocation = #_sourceLocation
    ) async throws -> Value {
        let outcome = try await Program.run([verb] + rest + ["--folder", folder, "--json"])
        #expect(outcome.status == 0, "\(outcome.errors)\(story)", sourceLocation: location)
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return try decoder.decode(type, from: outcome.output)
    }

    /// What became of its process, for a test that fails.
    private var story: String {
        let end = program.ending.map { "\($0)" } ?? "it runs"
        return "the peer: \(end); it said: \(program.errors)"
    }

    /// A folder that holds a copy of the peer's, as it is now, but for where it listens.
    func copyOfFolder() throws -> Folder {
        program.send(SIGSTOP)
        defer { program.send(SIGCONT) }
        let (manager, copy) = (FileManager.default, try Folder())
        let target = copy.file(URL(filePath: folder).lastPathComponent)
        try manager.createDirectory(
            atPath: target,
            withIntermediateDirectories: false,
            attributes: [.posixPermissions: 0o700]
        )
        for name in try manager.contentsOfDirectory(atPath: folder)
        where !["control.sock", "port", "ballast"].contains(name) {
            try manager.copyItem(atPath: "\(folder)/\(name)", toPath: "\(target)/\(name)")
        }
        return copy
    }

    /// The address by which others join it, past any network that a test puts before it.
    func directAddress() async throws -> String {
        let port = try String(contentsOfFile: "\(folder)/port", encoding: .utf8)
        let parts = try await address().split(separator: "/", omittingEmptySubsequences: false)
        let place = "127.0.0.1:\(port.trimmingCharacters(in: .newlines))"
        return (parts[..<2] + [Substring(place)] + parts[3...]).joined(separator: "/")
    }

    /// The address by which others join it.
    func address() async throws -> String {
        try await text("status", "--address").trimmingCharacters(in: .newlines)
    }

    /// The states of the processes that it has started, as `ps` names them.
    func childStates() async throws -> [Character] {
        let parent = try await object(Status.self, "status").process
        return try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { name in
            // The name in parentheses may hold anything; what follows it does not.
            guard Int32(name) != nil,
                let line = try? String(contentsOfFile: "/proc/\(name)/stat", encoding: .utf8),
                let rest = line.components(separatedBy: ") ").last?.split(separator: " "),
                rest.count > 1, rest[1] == "\(parent)"
            else { return nil }
            return rest[0].first
        }
    }

    /// Waits until it is linked to `count` peers; the suite's time limit bounds it.
    func waitForLinks(_ count: Int) async throws {
        // No command waits for links, so one is run again and again.
        while try await object(Status.self, "status").links < count {}
    }
}

// MARK: - What commands write with --json

/// What `status --json` writes.
struct Status: Decodable {
    struct Pause: Decodable {
        let isPaused: Bool
        let until: Date?
    }

    struct Work: Decodable {
        let job: String
        let units: [Int]
        let stage: String
    }

    let peer: String
    let project: String
    let address: String
    let folder: String
    let process: Int32
    let cores: Int
    let activity: String
    let reason: String?
    let pause: Pause
    let firstJob: String?
    let work: [Work]
    let links: Int
    let knownPeers: Int
    let jobs: Int
    let openJobs: Int
    let heldJobs: Int
    let uptimeSeconds: Int
    let certificates: Int
}

/// A job, as `jobs`, `watch`, `hold`, `release` and `cancel` write it.
struct Job: Decodable {
    let job: String
    let name: String
    let isOwn: Bool
    let stage: String
    let isHeld: Bool
    let policy: String
    let priority: Int
    let deadline: Date
    let units: Int
    let certified: Int
    let final: Int
    let held: Int
    let ringers: Int
    let ringersAgreed: Int
    let ringersFailed: Int
    let unitsThatNeedThisMachine: Int
}

/// What `jobs --json` writes.
struct Jobs: Decodable {
    let jobs: [Job]
}

/// What `watch --json` writes on each line.
struct Watched: Decodable {
    struct Unknown: Decodable {
        let job: String
        let isLinked: Bool
    }

    let progress: Job?
    let unknown: Unknown?
}

/// What `submit --json` writes first.
struct Submission: Decodable {
    let job: String
    let link: String
    let units: Int
    let replicas: Int
}

/// What `leaderboard --json` writes.
struct Leaderboard: Decodable {
    struct Tally: Decodable, Equatable {
        let finalOperations: Int
        let provisionalOperations: Int
        let recentOperationsPerDay: Int
        let won: Int
        let lost: Int
    }

    struct User: Decodable {
        let rank: Int
        let isOwn: Bool
        let owner: String
        let tally: Tally
        let donatedOperations: Int
        let consumedOperations: Int
        let shareOperations: Int
    }

    struct Host: Decodable, Equatable {
        let rank: Int
        let isOwn: Bool
        let peer: String
        let tally: Tally
    }

    struct Project: Decodable {
        let rank: Int
        let isOwn: Bool
        let project: String
        let tally: Tally
    }

    let project: String?
    let users: [User]
    let hosts: [Host]
    let projects: [Project]
}

/// What `peers --json` writes.
struct Peers: Decodable {
    struct Peer: Decodable {
        let peer: String
        let isOwn: Bool
        let isLinked: Bool
        let roundTripMilliseconds: Double?
        let cores: Int
        let operationsPerSecond: Int
        let role: String
        let address: String
    }

    let peers: [Peer]
}

/// What `why --json` writes.
struct Why: Decodable {
    struct Wait: Decodable {
        let waitsFor: String
        let peer: String?
        let count: Int?
    }

    struct Unit: Decodable {
        struct Certificate: Decodable {
            struct Vote: Decodable {
                let peer: String
                let didWin: Bool?
            }

            let kind: String
            let steward: String
            let votes: [Vote]
        }

        struct Seat: Decodable {
            let peer: String?
            let stage: String
        }

        let stage: String
        let isHeld: Bool
        let certificates: [Certificate]
        let seats: [Seat]
        let waits: [Wait]
        /// The acting one first.
        let stewards: [String]
    }

    struct Whole: Decodable {
        struct Group: Decodable {
            let wait: Wait
            let units: [Int]
        }

        let line: Job
        let donors: [String]
        let replicas: Int
        let groups: [Group]
    }

    struct Story: Decodable {
        /// Missing when its record is not known.
        let line: Peers.Peer?
        let standing: Standing
        let status: Status?
    }

    let unit: Unit?
    let job: Whole?
    let peer: Story?
}

/// What `why PEER --json` and `demo --json` write of a peer.
struct Standing: Decodable {
    struct Project: Decodable {
        let project: String
        let job: String
        let `class`: String
        let nextClass: String
        let reason: String
        let units: Int
        let streak: Int
        let mistakes: Int
        let streakMissing: Int?
        let unitsMissing: Int
    }

    struct Event: Decodable {
        struct Cost: Decodable {
            let unitsLeft: Int
            let mistakes: Int
        }

        let kind: String
        let peer: String
        let job: String?
        let unit: Int?
        let isShared: Bool?
        let sharedWith: [String]?
        let cost: Cost?
        let owner: String?
        let statement: String?
        let statements: [String]?
        let units: [Int]?
    }

    let keys: [String]
    let projects: [Project]
    let events: [Event]
    let furtherEvents: Int
}
