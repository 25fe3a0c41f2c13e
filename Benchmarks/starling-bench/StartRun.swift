import Foundation
import Kernels
import Subprocesses

/// Three processes of `starling donate`: a submitter that computes nothing, and two workers.
struct StartRun {
    private let program: URL

    init(program: URL) { self.program = program }

    func measure() throws -> [Reading] {
        let home = try TemporaryFolder()
        defer { home.remove() }
        let submitter = try peer("submitter", in: home, ["--cores", "0"])
        let address = try submitter.wait(for: "an answer") { _ in true }.status.address
        try submit(try file("first", seed: 1, in: home), at: submitter)

        let worker = try peer("first-worker", in: home, ["--join", address])
        var readings = try follow(worker)
        let second = try peer("second-worker", in: home, ["--join", address])
        let status = try submitter.wait(for: "the first job's end") { $0.openJobs == 0 }.status

        let file = try file("second", seed: 2, in: home)
        let start = ContinuousClock.now
        try submit(file, at: submitter)
        let certified = try submitter.wait(for: "a certificate") {
            $0.certificates > status.certificates
        }
        readings.append(.init(.submitToCertificate, milliseconds(start, certified.time)))
        try submitter.wait(for: "the second job's end") { $0.openJobs == 0 }
        readings.append(.init(.submitterResident, try submitter.resident()))
        readings.append(.init(.workerResident, try worker.resident()))
        for peer in [second, worker, submitter] { peer.end() }
        return readings
    }

    /// A worker's first moments.
    ///
    /// Its first bundle stays with it until a second worker has voted.
    private func follow(_ worker: PeerProcess) throws -> [Reading] {
        let answer = try worker.wait(for: "an answer") { _ in true }
        let link = try worker.wait(for: "a link") { $0.links > 0 }
        let lease = try worker.wait(for: "a lease") { !$0.work.isEmpty }
        let work = try worker.wait(for: "a unit") { $0.hasBegunUnits }
        let moments: [(Measure, ContinuousClock.Instant)] = [
            (.startToAnswer, answer.time), (.startToLink, link.time),
            (.startToLease, lease.time), (.startToWork, work.time),
        ]
        return moments.map { Reading($0, milliseconds(worker.start, $1)) }
    }

    private func peer(
        _ name: String,
        in home: TemporaryFolder,
        _ arguments: [String]
    ) throws -> PeerProcess {
        let folder = "\(home.path)/\(name)"
        return try PeerProcess(program, folder: folder, arguments: arguments)
    }

    private func file(_ name: String, seed: UInt64, in home: TemporaryFolder) throws -> String {
        let path = "\(home.path)/\(name).fil"
        let maker = SyntheticFilterbank(seed: seed, channelCount: 1 << 14, toneCount: 2)
        try Data(maker.make().file).write(to: URL(filePath: path))
        return path
    }

    private func submit(_ file: String, at peer: PeerProcess) throws {
        let process = try Subprocess(
            program.path,
            ["submit", "--folder", peer.folder, "--file", file, "--quiet"],
            output: nil
        )
        guard process.wait().status == 0 else {
            throw BenchFailure("`starling submit` failed; what it said stands above")
        }
    }

    private func milliseconds(
        _ start: ContinuousClock.Instant,
        _ end: ContinuousClock.Instant
    ) -> Double {
        (end - start).seconds * 1_000
    }
}
