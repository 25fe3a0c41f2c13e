import Glibc
import Primitives

/// Asks the peer that runs in a folder.
struct ControlClient {
    let folder: PeerFolder

    /// Asks, and hands each event of the answer to `hear` as it comes.
    ///
    /// Waits for the peer; whoever ends this process ends the question, and nothing else.
    func ask<Verb: ControlVerb>(_ verb: Verb, _ hear: (Verb.Event) throws -> Void) throws {
        let descriptor = try connect()
        defer { close(descriptor) }
        let request = try ControlLine.encode(ControlRequest(verb))
        guard request.count <= ControlLine.requestByteCountMax else {
            throw CommandFailure("the request is too long; shorten its arguments")
        }
        // A peer that does not take it says why.
        send(request, to: descriptor)
        var lines = LineReader(descriptor)
        while let line = try lines.next() {
            guard let reply: ControlReply<Verb.Event> = try? ControlLine.decode(line) else {
                throw CommandFailure(
                    "the peer's answer is not understood; it may be of another version: start it "
                        + "again"
                )
            }
            if let failure = reply.failure { throw CommandFailure(failure) }
            if reply.end == true { return }
            if let event = reply.event { try hear(event) }
        }
        throw CommandFailure(
            "the peer in \(folder.path) ended before it had answered",
            status: ExitStatus.noPeer
        )
    }

    /// Asks what has one answer.
    func ask<Verb: ControlVerb>(_ verb: Verb) throws -> Verb.Event {
        var answer: Verb.Event?
        try ask(verb) { answer = $0 }
        guard let answer else { throw CommandFailure("the peer gave no answer; ask again") }
        return answer
    }

    /// Whether a peer runs in the folder and answers.
    var isAnswered: Bool {
        guard let descriptor = try? connect() else { return false }
        close(descriptor)
        return true
    }

    private func connect() throws -> CInt {
        let descriptor = try UnixSocket.make()
        let path = folder.socketPath
        let result: CInt
        do {
            result = try UnixSocket.withAddress(of: path) { Glibc.connect(descriptor, $0, $1) }
        } catch {
            close(descriptor)
            throw error
        }
        guard result == 0 else {
            let error = errno
            close(descriptor)
            guard [ENOENT, ECONNREFUSED, ENOTDIR].contains(error) else {
                throw CommandFailure("cannot reach the peer at \(path)", error: error)
            }
            throw CommandFailure(
                "no peer runs in \(folder.path); start one with: starling donate",
                status: ExitStatus.noPeer
            )
        }
        guard UnixSocket.isTrusted(descriptor) else {
            close(descriptor)
            throw CommandFailure("the peer at \(path) is another user's; name yours with --folder")
        }
        return descriptor
    }

    private func send(_ bytes: Bytes, to descriptor: CInt) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { buffer in
                Glibc.send(
                    descriptor,
                    buffer.baseAddress,
                    buffer.count,
                    CInt(MSG_NOSIGNAL)
                )
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}

/// The lines that come from a descriptor.
private struct LineReader {
    private let descriptor: CInt
    private var pending: Bytes = []
    private var scanned = 0
    private var buffer = Bytes(repeating: 0, count: 1 << 16)

    init(_ descriptor: CInt) { self.descriptor = descriptor }

    /// The next line without its end; nil when there are no more.
    mutating func next() throws -> Bytes? {
        while true {
            if let end = pending[scanned...].firstIndex(of: UInt8(ascii: "\n")) {
                let line = Bytes(pending[..<end])
                pending.removeFirst(end + 1)
                scanned = 0
                return line
            }
            scanned = pending.count
            guard scanned <= ControlLine.replyByteCountMax else {
                throw CommandFailure("the peer's answer is too long; it may be of another version")
            }
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return nil }
            pending += buffer[..<count]
        }
    }
}
