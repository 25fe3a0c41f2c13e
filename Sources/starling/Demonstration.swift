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
            case .isTimeToAskAgain: askForReports()
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
        case .submitted(_, let units):
            say("submitted: \(units) units, each to be computed twice")
        case .progress(let units, let certified, let final, _):
            say("certified \(certified) of \(units), final \(final)")
        case .certified(let board):
            state.provisional = board
        case .finished(let outcome):
            state.outcome = outcome
            askForReports()
        case .report(let board, let audit):
            state.boards[index] = board
            state.audits[index] = audit
            retryUnequal(&state)
            guard state.isComplete, let path = command.export else { return }
            tell(0, DemoRequest(verb: .export, output: path))
        case .exported:
            state.isExported = true
        case .failed(let reason):
            throw CommandFailure("peer \(index): \(reason)")
        }
    }

    /// Peers settle at their own times: when their ledgers differ, all are asked again, soon.
    private func retryUnequal(_ state: inout DemoState) {
        guard state.audits.count == command.peers, !state.isComplete else { return }
        state.audits = [:]
        state.boards = [:]
        Task { [happenings] in
            try? await Task.sleep(for: .milliseconds(100))
            happenings.continuation.yield(.isTimeToAskAgain)
        }
    }

    private func askForReports() {
        for index in 0..<command.peers { tell(index, DemoRequest(verb: .report)) }
    }

    private func submission(of files: DemoFiles) -> DemoRequest {
        DemoRequest(
            verb: .submit,
            file: files.input,
            maxDrift: command.maxDrift,
            snr: command.snr,
            coarseChannels: search.coarseChannelCount,
            output: files.table
        )
    }

    // MARK: - Processes

    private func start(_ index: Int, join: String?, in folder: TemporaryFolder) throws {
        var arguments = [
            "donate", "--control", "--folder", try folder.folder("peer\(index)"),
            "--network", "demo-\(getpid())", "--redial", "100",
        ]
        if let join { arguments += ["--join", join] }
        if (1...max(1, command.liars)).contains(index), command.liars > 0 {
            arguments.append("--lie")
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
    var outcome: JobOutcome?
    var boards: [Int: [BoardLine]] = [:]
    var audits: [Int: AuditLine] = [:]
    /// Whether the ledger is written, or need not be.
    var isExported: Bool

    init(peers: Int, isExported: Bool) {
        self.peers = peers
        self.isExported = isExported
    }

    /// Whether every peer is linked to every other.
    var isLinked: Bool { (0..<peers).allSatisfy { links[$0] == peers - 1 } }

    /// Whether the job is done, and every peer holds the same ledger and the same board.
    var isComplete: Bool {
        guard outcome != nil, audits.count == peers, boards.count == peers else { return false }
        let first = audits[0]?.ledger
        return audits.values.allSatisfy { $0.ledger == first }
            && boards.values.allSatisfy { $0 == boards[0] }
    }
}
