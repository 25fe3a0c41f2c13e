import Foundation
import Primitives
import Transport

/// Connects to one listening transport and disconnects again, many times, to see what is left.
///
/// Both ends are in this process, over real TCP and CURVE on 127.0.0.1. A connect is counted when
/// the link is up at both ends; then it is hung up. What is resident and open is read while no link
/// is up.
struct LinkRun {
    /// What stood where while no link was up.
    struct Row: Encodable {
        let connects: Int
        let seconds: Double
        let residentKiB: Int
        let descriptors: Int
    }

    private struct Summary: Encodable {
        let connects: Int
        let connectsPerSecond: Double
        let mostConnections: Int
        let rows: [Row]
    }

    private let hub: ZeroMQTransport
    private let hubKey: CurveKey
    private let diallers: [ZeroMQTransport]
    private(set) var rows: [Row] = []

    private static let diallerCount = 8

    init() throws {
        let keys = CurveKeyPair.generate()
        var configuration = TransportConfiguration(
            listener: .init(address: "127.0.0.1", port: 0),
            keys: keys
        )
        // Everybody comes from one address here.
        configuration.timing.sourceInterval = .zero
        hub = try ZeroMQTransport(configuration: configuration, admission: OpenDoor(keys))
        hubKey = keys.publicKey
        diallers = try (0..<Self.diallerCount).map { _ in
            let keys = CurveKeyPair.generate()
            let configuration = TransportConfiguration(listener: nil, keys: keys)
            return try ZeroMQTransport(configuration: configuration, admission: OpenDoor(keys))
        }
    }

    /// Makes `count` connects, and says how far it is after 1, 10, 50 and 100 % of them.
    mutating func measure(count: Int, _ say: (String) -> Void) async throws {
        let events = Task { [hub] in for await _ in hub.events {} }
        let start = ContinuousClock.now
        var made = 0
        for share in [1, 10, 50, 100] {
            let target = count * share / 100
            try await connect(target - made)
            made = target
            let row = Row(
                connects: made,
                seconds: (ContinuousClock.now - start).seconds,
                residentKiB: try Self.residentKiB(),
                descriptors: try Self.descriptorCount()
            )
            rows.append(row)
            say("\(made) of \(count): \(row.residentKiB) KiB, \(row.descriptors) descriptors")
        }
        for dialler in diallers { dialler.close() }
        hub.close()
        await events.value
    }

    /// One object with a list, whose elements are the lines of the table.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        let last = rows.last
        let summary = Summary(
            connects: last?.connects ?? 0,
            connectsPerSecond: last.map { Double($0.connects) / $0.seconds } ?? 0,
            mostConnections: hub.holdings.connections.most,
            rows: rows
        )
        return String(decoding: try encoder.encode(summary), as: UTF8.self)
    }

    /// A line for each row.
    var table: String {
        let lines = rows.map { row in
            let numbers = [
                "\(row.connects)", String(format: "%.1f", row.seconds), "\(row.residentKiB)",
                "\(row.descriptors)",
            ]
            return numbers.map(Self.column).joined()
        }
        let head = ["connects", "seconds", "resident KiB", "descriptors"].map(Self.column).joined()
        return ([head] + lines).joined(separator: "\n")
    }

    private static func column(_ text: String) -> String {
        String(repeating: " ", count: max(1, 14 - text.count)) + text
    }

    /// Makes `count` connects through all diallers, and waits until the last one is gone.
    private func connect(_ count: Int) async throws {
        let accepted = hub.holdings.accepted + count
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, dialler) in diallers.enumerated() {
                let share = (count + index) / diallers.count
                group.addTask { try await self.connect(share, from: dialler) }
            }
            try await group.waitForAll()
        }
        while hub.holdings.connections.now > 0 || hub.holdings.inboundLinks.now > 0 {
            try await Task.sleep(for: .milliseconds(10))
        }
        guard hub.holdings.accepted >= accepted else {
            throw BenchFailure("the hub has accepted fewer connections than were made")
        }
    }

    private func connect(_ count: Int, from dialler: ZeroMQTransport) async throws {
        guard let endpoint = hub.boundEndpoint else { throw BenchFailure("the hub has no port") }
        for _ in 0..<count {
            try dialler.dial(endpoint: endpoint, curveKey: hubKey)
            try await wait(for: dialler) { if case .linked = $0 { true } else { false } }
            dialler.hangUp(endpoint: endpoint, curveKey: hubKey)
            try await wait(for: dialler) { if case .unlinked = $0 { true } else { false } }
        }
    }

    private func wait(
        for dialler: ZeroMQTransport,
        _ isWanted: (TransportEvent) -> Bool
    ) async throws {
        while let event = await dialler.events.next() {
            if isWanted(event) { return }
            if case .dialFailed(_, let reason) = event {
                throw BenchFailure("a connect failed: \(reason)")
            }
        }
        throw BenchFailure("a dialler has ended")
    }

    private static func residentKiB() throws -> Int {
        let text = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        guard
            let count = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap({
                Int($0)
            })
        else { throw BenchFailure("/proc/self/status does not tell VmRSS") }
        return count
    }

    private static func descriptorCount() throws -> Int {
        try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }
}

/// Lets everybody in whose HELLO names the link's own key.
private struct OpenDoor: Admission {
    private let keys: CurveKeyPair

    init(_ keys: CurveKeyPair) { self.keys = keys }

    func hello(to curveKey: CurveKey, dialled: Bool) -> Bytes { keys.publicKey.digest.bytes }

    func admit(_ frame: Bytes, curveKey: CurveKey, dialled: Bool) -> AdmissionVerdict {
        guard frame == curveKey.digest.bytes else { return .refuse(reason: "another key") }
        return .admit(PeerID(curveKey.digest))
    }
}
