import Foundation
import Primitives
import Synchronization

/// Runs the demo's peers and follows what they say.
final class Demonstration: Sendable {
    /// What can happen during the demo.
    private enum Happening: Sendable {
        case event(Int, DemoEvent)
        case ended(Int)
        case interrupted
        case timedOut
        case isTimeToAskAgain
        case patienceEnded
    }

    private let command: DemoCommand
    private let search: DemoSearch
    private let children = Mutex<[ChildPeer]>([])
    private let happenings = AsyncStream.makeStream(of: Happening.self)

    init(_ command: DemoCommand, search: DemoSearch) {
        self.command = command
        self.search = search
    }

    /// Runs the demo in a folder of its own, which is gone afterwards, whatever happens.
    func run() async throws -> DemoReport {
        let signals = watchSignals()
        defer { for signal in signals { signal.cancel() } }
        let folder = try TemporaryFolder()
        defer { folder.remove() }
        return try await run(in: folder)
    }

    private func run(in folder: TemporaryFolder) async throws -> DemoReport {
        let alarm = DispatchSource.makeTimerSource()
        alarm.setEventHandler { [happenings] in happenings.continuation.yield(.timedOut) }
        alarm.schedule(deadline: .now() + .seconds(Int(command.timeout)))
        alarm.resume()
        defer {
            alarm.cancel()
            for child in children.withLock({ $0 }) { child.end() }
        }
        let begin = ContinuousClock.now
        let files = try DemoFiles(search, in: folder)
        var state = DemoState(peers: command.peers, isExported: command.export == nil)
        state.mayBeWrong = command.deceivers.isEmpty
        try start(0, join: nil, in: folder)
        for await happening in happenings.stream {
            switch happening {
            case .interrupted: throw CommandFailure("interrupted")
            case .timedOut:
                throw CommandFailure(
                    "no end after \(command.timeout) s; a busier machine needs a longer --timeout"
                )
            case .ended(let index): throw CommandFailure("peer \(index) ended by itself")
            case .event(let index, let event):
                try take(event, of: index, files, &state)
            case .isTimeToAskAgain: askForReports(files, &state)
            case .patienceEnded: state.mayBeWrong = true
            }
            guard state.isComplete, state.isExported else { continue }
            let elapsed = ContinuousClock.now - begin
            return try DemoReport(
                state,
                command: command,
                search: search,
                table: try InputPath.read(files.table),
                seconds: elapsed
            )
        }
        throw CommandFailure("the demo's peers fell silent")
    }

    private func take(
        _ event: DemoEvent,
        of index: Int,
        _ files: DemoFiles,
        _ state: inout DemoState
    ) throws {
        switch event {
        case .ready(let peer, let address):
            state.ids[index] = peer
            if index == 0 {
                for other in 1..<command.peers { try start(other, join: address, in: files.folder) }
            }
        case .links(let count):
            state.links[index] = count
            if !state.isSubmitted, state.isLinked {
                state.isSubmitted = true
                say("\(command.peers) peers are linked")
                tell(0, submission(of: files))
            }
        case .submitted(let job, let units):
            state.job = job
            say("submitted: \(units) units, each to be computed twice")
        case .progress(let units, let certified, let final, _):
            say("certified \(certified) of \(units), final \(final)")
        case .certified(let board):
            state.provisional = board
        case .finished:
            losePatience()
            askForReports(files, &state)
        case .report(let findings):
            state.findings[index] = findings
            guard state.findings.count == command.peers else { return }
            state.isComplete = state.isOfOneMind && (state.mayBeWrong || isRight(state))
            guard state.isComplete else { return askAgain() }
            guard let path = command.export else { return }
            tell(0, DemoRequest(verb: .export, output: path))
        case .exported:
            state.isExported = true
        case .failed(let reason):
            throw CommandFailure("peer \(index): \(reason)")
        }
    }

    /// Seconds for which a lie may stand until somebody has looked at its vote again.
    private static let patienceSeconds = 60

    /// Takes what is final for the last word after a while.
    private func losePatience() {
        Task { [happenings] in
            try? await Task.sleep(for: .seconds(Self.patienceSeconds))
            happenings.continuation.yield(.patienceEnded)
        }
    }

    /// Peers settle at their own times: when their ledgers differ, all are asked again, soon.
    private func askAgain() {
        Task { [happenings] in
            try? await Task.sleep(for: .milliseconds(100))
            happenings.continuation.yield(.isTimeToAskAgain)
        }
    }

    private func askForReports(_ files: DemoFiles, _ state: inout DemoState) {
        state.findings = [:]
        let deceivers = command.deceivers.compactMap { state.ids[$0] }
        for index in 0..<command.peers {
            var request = DemoRequest(verb: .report)
            if index == 0 {
                (request.job, request.output, request.peers) = (state.job, files.table, deceivers)
            }
            tell(index, request)
        }
    }

    /// Whether every unit is what this machine alone finds.
    private func isRight(_ state: DemoState) -> Bool {
        state.findings[0]?.outcome?.votes.allSatisfy { search.isRight($0) } == true
    }

    private func submission(of files: DemoFiles) -> DemoRequest {
        DemoRequest(
            verb: .submit,
            file: files.input,
            maxDrift: command.maxDrift,
            snr: command.snr,
            coarseChannels: search.coarseChannelCount,
            // Who was wrong once there has its other votes looked at again: colluders may win some.
            isAdaptive: command.colluders > 0
        )
    }

    // MARK: - Processes

    private func start(_ index: Int, join: String?, in folder: TemporaryFolder) throws {
        var arguments = [
            "donate", "--control", "--folder", try folder.folder("peer\(index)"),
            "--network", "demo-\(getpid())", "--listen", "127.0.0.1:0", "--redial", "100",
        ]
        if let join { arguments += ["--join", join] }
        switch command.role(of: index) {
        case .liar: arguments.append("--lie")
        case .colluder: arguments.append("--collude")
        case .submitter, .worker: break
        }
        let child = try ChildPeer(index: index, arguments: arguments)
        children.withLock { $0.append(child) }
        let continuation = happenings.continuation
        Task {
            for await event in child.events { continuation.yield(.event(index, event)) }
            continuation.yield(.ended(index))
        }
    }

    private func tell(_ index: Int, _ request: DemoRequest) {
        children.withLock { $0.first { $0.index == index } }?.send(request)
    }

    private func watchSignals() -> [any DispatchSourceSignal] {
        [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler { [happenings] in happenings.continuation.yield(.interrupted) }
            source.resume()
            return source
        }
    }

    /// Progress goes to standard error, so that JSON stays alone on standard output.
    private func say(_ line: String) {
        guard !command.json else { return }
        FileHandle.standardError.write(Data("\(line)\n".utf8))
    }
}

/// Where the demo's files are.
private struct DemoFiles {
    let folder: TemporaryFolder
    /// The file that is searched.
    let input: String
    /// The grid's table.
    let table: String

    init(_ search: DemoSearch, in folder: TemporaryFolder) throws {
        self.folder = folder
        table = "\(folder.path)/grid.dat"
        guard let made = search.made else {
            input = search.path
            return
        }
        input = "\(folder.path)/\(search.path)"
        try OutputFile.write(made, to: input)
    }
}

/// What the demo knows so far.
struct DemoState {
    let peers: Int
    var ids: [Int: String] = [:]
    var links: [Int: Int] = [:]
    var isSubmitted = false
    var provisional: [BoardLine] = []
    var job: String?
    /// What each peer has told since all were asked.
    var findings: [Int: PeerFindings] = [:]
    /// Whether what is final is taken for the last word, right or wrong.
    var mayBeWrong = false
    /// Whether everything is told that there is to tell.
    var isComplete = false
    /// Whether the ledger is written, or need not be.
    var isExported: Bool

    init(peers: Int, isExported: Bool) {
        self.peers = peers
        self.isExported = isExported
    }

    /// Whether every peer is linked to every other.
    var isLinked: Bool { (0..<peers).allSatisfy { links[$0] == peers - 1 } }

    /// Whether the job is done, and every peer holds the same ledger and the same board.
    var isOfOneMind: Bool {
        guard let first = findings[0], first.outcome != nil else { return false }
        return findings.count == peers
            && findings.values.allSatisfy { each in
                each.audit.ledger == first.audit.ledger && each.board == first.board
            }
    }
}
