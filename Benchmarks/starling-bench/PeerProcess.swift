import Foundation
import Glibc
import Subprocesses

/// A peer that `starling donate` runs in a process of its own.
final class PeerProcess {
    /// When its process was started.
    let start: ContinuousClock.Instant
    let folder: String
    private let process: Subprocess

    /// How long anything may take before a run counts as stuck.
    private static let patience = Duration.seconds(120)
    /// Between two questions to a peer: what figures of time may be wrong by.
    private static let pollMicroseconds: UInt32 = 3_000

    init(_ program: URL, folder: String, arguments: [String]) throws {
        self.folder = folder
        start = .now
        process = try Subprocess(
            program.path,
            ["donate", "--folder", folder, "--listen", "127.0.0.1:0"] + arguments,
            output: nil
        )
    }

    deinit { process.send(SIGKILL) }

    /// Ends the peer as its owner would.
    func end() {
        process.send(SIGTERM)
        process.wait()
    }

    /// Asks for the peer's status until `isReached`, and returns that status and when it was.
    @discardableResult
    func wait(
        for what: String,
        _ isReached: (PeerStatus) -> Bool
    ) throws -> (status: PeerStatus, time: ContinuousClock.Instant) {
        let limit = ContinuousClock.now + Self.patience
        while ContinuousClock.now < limit {
            guard process.ending == nil else {
                throw BenchFailure("a peer ended while the benchmark waited for \(what)")
            }
            if let status = ControlSocket.status(in: folder), isReached(status) {
                return (status, .now)
            }
            usleep(Self.pollMicroseconds)
        }
        throw BenchFailure("\(what) did not come within \(Self.patience)")
    }

    /// MiB of memory that are resident now.
    func resident() throws -> Double {
        let path = "/proc/\(process.number)/status"
        let lines = try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n")
        let line = lines.first { $0.hasPrefix("VmRSS:") }
        let kibibytes = line?.split { !$0.isNumber }.first.flatMap { Double($0) }
        guard let kibibytes else { throw BenchFailure("\(path) does not tell VmRSS") }
        return kibibytes / 1_024
    }
}

/// What `status` tells, as far as it is looked at.
struct PeerStatus: Decodable {
    struct Work: Decodable {
        let stage: String
    }

    let address: String
    let links: Int
    let certificates: Int
    let openJobs: Int
    let work: [Work]

    /// Whether a unit of it is being computed, or was.
    var hasBegunUnits: Bool { work.contains { !["preparing", "fetching"].contains($0.stage) } }
}

/// Asks a peer over its control socket, which is quicker than a process for each question.
enum ControlSocket {
    private struct Reply: Decodable {
        let event: PeerStatus?
    }

    /// The peer's status; nil while it does not answer.
    static func status(in folder: String) -> PeerStatus? {
        let line = ask(#"{"verb":"status","arguments":{}}"# + "\n", at: "\(folder)/control.sock")
        guard let first = line.split(separator: UInt8(ascii: "\n")).first else { return nil }
        return try? JSONDecoder().decode(Reply.self, from: Data(first)).event
    }

    /// Everything that the socket answers; nothing when nobody listens.
    private static func ask(_ request: String, at path: String) -> [UInt8] {
        let descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else { return [] }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let outcome = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        let bytes = Array(request.utf8)
        guard outcome == 0,
            send(descriptor, bytes, bytes.count, CInt(MSG_NOSIGNAL)) == bytes.count
        else { return [] }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return answer }
            answer += buffer[..<count]
        }
    }
}
