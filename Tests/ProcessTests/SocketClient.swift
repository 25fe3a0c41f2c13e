import Foundation
import Glibc
import Testing

/// A client of a control socket that sends what it likes.
final class SocketClient: Sendable {
    private let descriptor: CInt

    /// Connects to the socket at `path`.
    init(_ path: String) throws {
        descriptor = socket(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let descriptor = descriptor
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(result == 0, "errno \(errno)")
    }

    deinit { close(descriptor) }

    /// Sends bytes, as many of them as the other side takes.
    func send(_ bytes: some Collection<UInt8>) {
        var rest = Array(bytes)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { buffer in
                Glibc.send(descriptor, buffer.baseAddress, buffer.count, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    /// Says that nothing more comes.
    func finish() { shutdown(descriptor, CInt(SHUT_WR)) }

    /// Everything that comes until the other side ends; read on a thread of its own.
    func rest() async -> String {
        let descriptor = descriptor
        return await withCheckedContinuation { done in
            Thread {
                var bytes: [UInt8] = []
                var buffer = [UInt8](repeating: 0, count: 1 << 16)
                while true {
                    let count = read(descriptor, &buffer, buffer.count)
                    guard count > 0 else { break }
                    bytes += buffer[..<count]
                }
                done.resume(returning: String(decoding: bytes, as: UTF8.self))
            }.start()
        }
    }
}

extension Donor {
    /// The first object with which the peer answers a request, sooner than a command would; nil
    /// when it answers with a failure.
    func ask<Value: Decodable>(
        _ type: Value.Type,
        _ verb: String,
        _ arguments: [String: String] = [:]
    ) async throws -> Value? {
        let client = try SocketClient("\(folder)/control.sock")
        let request = try JSONEncoder().encode(ControlRequest(verb: verb, arguments: arguments))
        client.send(request + [UInt8(ascii: "\n")])
        let answer = await client.rest()
        let line = try #require(answer.split(separator: "\n").first, "\(program.errors)")
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return try decoder.decode(ControlReply<Value>.self, from: Data(line.utf8)).event
    }
}

private struct ControlRequest: Encodable {
    let verb: String
    let arguments: [String: String]
}

private struct ControlReply<Event: Decodable>: Decodable {
    let event: Event?
}
