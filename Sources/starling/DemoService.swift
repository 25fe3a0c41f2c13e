import FilterbankFiles
import Foundation
import Glibc
import Kernels
import Ledger
import PeerCore
import PeerNode
import Primitives
import ServiceLifecycle
import Wire

/// Lets a parent process drive a peer over standard input and output.
///
/// The end of standard input ends the peer: a parent that dies leaves no child behind.
struct DemoService: Service {
    let node: Node

    func run() async throws {
        let lines = InputLines.stream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await line in lines {
                    guard let request: DemoRequest = try? ControlLine.decode(line) else {
                        emit(.failed("the request is not understood"))
                        continue
                    }
                    if request.verb == .quit { return }
                    await obey(request)
                }
            }
            group.addTask { try await tellReadiness() }
            try await group.next()
            group.cancelAll()
        }
    }

    private func obey(_ request: DemoRequest) async {
        switch request.verb {
        case .submit:
            do {
                try await submit(request)
            } catch {
                emit(.failed("\(error)"))
            }
        case .report:
            do {
                emit(.report(try await findings(request)))
            } catch {
                emit(.failed("\(error)"))
            }
        case .export:
            do {
                try await node.export(to: request.output ?? "")
                emit(.exported)
            } catch {
                emit(.failed("\(error)"))
            }
        case .quit:
            break
        }
    }

    /// Says when the peer listens, and then each change of its number of links.
    private func tellReadiness() async throws {
        var count: Int?
        for await _ in node.changes where await node.isReady {
            let linked = await node.linkedCount
            guard linked != count else { continue }
            if count == nil {
                emit(.ready(peer: node.id.description, address: node.address.description))
            }
            count = linked
            emit(.links(linked))
        }
    }

    // MARK: - A job

    private func submit(_ request: DemoRequest) async throws {
        let path = request.file ?? ""
        let settings = DriftSettings(
            maxDrift: request.maxDrift ?? 4,
            threshold: request.snr ?? 10,
            coarseChannelCount: request.coarseChannels ?? 1
        )
        let file = try InputPath.filterbank(path)
        let search = try PackedSearch(file.filterbank, name: file.name, settings)
        var terms = JobTerms()
        if request.isAdaptive == true { terms.policy = .adaptive }
        let id = try await node.submit(search, terms)
        emit(.submitted(manifest: id.description, units: search.plan.unitCount))
        try await follow(id)
        emit(.finished)
    }

    /// Tells each change of a job until every unit is final and every result is here.
    private func follow(_ id: ManifestID) async throws {
        var last: JobProgress?
        var isCertified = false
        for await _ in node.changes {
            guard let progress = await node.progress(of: id), progress != last else { continue }
            last = progress
            emit(
                .progress(
                    units: Int(progress.unitCount),
                    certified: Int(progress.certified),
                    final: Int(progress.final),
                    held: Int(progress.held)
                )
            )
            if !isCertified, progress.certified == progress.unitCount {
                isCertified = true
                emit(.certified(await boardLines()))
            }
            if progress.isComplete { return }
        }
        throw CancellationError()
    }

    // MARK: - Findings

    private func findings(_ request: DemoRequest) async throws -> PeerFindings {
        var outcome: JobOutcome?
        if let job = request.job.flatMap({ Digest(hexadecimal: $0) }) {
            outcome = try await self.outcome(of: ManifestID(job), output: request.output)
        }
        let audit = await node.audit()
        return PeerFindings(
            board: await boardLines(),
            audit: AuditLine(
                certificates: audit.certificates,
                valid: audit.valid,
                findings: audit.findingCount,
                ledger: audit.ledgerHash.description
            ),
            standings: await standings(of: request.peers ?? []),
            outcome: outcome
        )
    }

    /// What a job has come to, and its table in `output`; nil while it is not complete: what was
    /// final may be disputed again.
    private func outcome(of id: ManifestID, output: String?) async throws -> JobOutcome? {
        guard await node.progress(of: id)?.isComplete == true,
            let (aggregate, parameters) = try await node.aggregate(of: id)
        else { return nil }
        if let output {
            try OutputFile.write(try DriftSearch.report(aggregate, parameters), to: output)
        }
        return JobOutcome(
            votes: await votes(of: id),
            hits: try SearchReport(aggregate, parameters).hits
        )
    }

    private func votes(of id: ManifestID) async -> [JobOutcome.Vote] {
        await node.votes(of: id).map { vote in
            JobOutcome.Vote(
                unit: Int(vote.unit),
                kind: vote.kind.map { "\($0)" } ?? "open",
                kinds: vote.kinds.map { "\($0)" },
                voters: vote.voters.map { voter in
                    JobOutcome.Vote.Voter(
                        peer: voter.peer.description,
                        didWin: voter.didWin,
                        core: voter.core?.hash.description
                    )
                },
                resultHash: vote.core?.resultHash.description ?? ""
            )
        }
    }

    /// Events of each peer's standing that the demo tells.
    private static let eventsMax = 100

    private func standings(of peers: [String]) async -> [StandingReport] {
        var standings: [StandingReport] = []
        for text in peers {
            guard let digest = Digest(hexadecimal: text),
                let story = await node.story(of: PeerID(digest), eventsMax: Self.eventsMax)
            else { continue }
            standings.append(StandingReport(story.standing))
        }
        return standings
    }

    private func boardLines() async -> [BoardLine] {
        await node.board().map { BoardLine($0) }
    }

    private func emit(_ event: DemoEvent) {
        // A parent that is gone closes standard input too, which ends the peer.
        try? OutputFile.writeToStandardOutput(try ControlLine.encode(event))
    }
}

/// Lines of standard input, read on a thread of their own.
enum InputLines {
    /// The longest line that is read; what is longer ends the stream.
    private static let byteCountMax = 1 << 20

    /// The lines, without their ends; finishes at the end of standard input.
    static func stream() -> AsyncStream<Bytes> {
        let (stream, continuation) = AsyncStream.makeStream(of: Bytes.self)
        let thread = Thread {
            var pending: Bytes = []
            var buffer = Bytes(repeating: 0, count: 4_096)
            while pending.count <= byteCountMax {
                let count = Glibc.read(STDIN_FILENO, &buffer, buffer.count)
                if count < 0 && errno == EINTR { continue }
                guard count > 0 else { break }
                for byte in buffer[..<count] {
                    if byte == UInt8(ascii: "\n") {
                        continuation.yield(pending)
                        pending = []
                    } else {
                        pending.append(byte)
                    }
                }
            }
            continuation.finish()
        }
        thread.start()
        return stream
    }
}
