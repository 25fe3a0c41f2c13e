import PeerNode
import Primitives
import ServiceLifecycle

/// Answers what people ask of a running peer: one request for each connection, as lines of JSON.
struct ControlServer: Service {
    let peer: ControlledPeer
    let listener: ControlListener

    func run() async throws {
        defer { listener.close() }
        await withDiscardingTaskGroup { group in
            for await connection in listener.connections.cancelOnGracefulShutdown() {
                group.addTask { await serve(connection) }
            }
            group.cancelAll()
        }
    }

    /// The line that ends an answer with a failure.
    static func line(failure reason: String) -> Bytes {
        let reply = ControlReply<Bool>(failure: reason)
        return (try? ControlLine.encode(reply)) ?? []
    }

    private func serve(_ connection: ControlConnection) async {
        var actions = connection.actions.makeAsyncIterator()
        let action = await actions.next()
        switch action {
        case nil:
            break
        case .asksTooMuch:
            let reason = "a request has at most \(ControlLine.requestByteCountMax) bytes on a line"
            try? await connection.send(Self.line(failure: reason))
        case .asks(let line):
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await answer(line, connection) }
                // A client that hangs up wants no answer any more.
                group.addTask { for await _ in connection.actions {} }
                await group.next()
                group.cancelAll()
            }
        }
        connection.close()
    }

    private func answer(_ line: Bytes, _ connection: ControlConnection) async {
        do {
            try await answer(to: line, connection)
            try await connection.send(ControlLine.encode(ControlReply<Bool>(end: true)))
        } catch is CancellationError {
            return
        } catch {
            try? await connection.send(Self.line(failure: "\(error)"))
        }
    }

    private func answer(to line: Bytes, _ connection: ControlConnection) async throws {
        struct Head: Decodable { let verb: String }
        guard let head: Head = try? ControlLine.decode(line) else {
            throw CommandFailure("the request is not understood: it is no JSON object with a verb")
        }
        guard let verb = ControlVerbs.all.first(where: { $0.name == head.verb }) else {
            throw CommandFailure(
                "the peer does not know the verb '\(Printable.text(head.verb))'; it may be older "
                    + "than this program: start it again"
            )
        }
        try await answer(verb, to: line, connection)
    }

    private func answer<Verb: ControlVerb>(
        _ verb: Verb.Type,
        to line: Bytes,
        _ connection: ControlConnection
    ) async throws {
        let request: ControlRequest<Verb>
        do {
            request = try ControlLine.decode(line)
        } catch {
            throw CommandFailure("the arguments of '\(verb.name)' are not understood")
        }
        try await request.arguments.answer(by: peer) { event in
            let reply = ControlReply<Verb.Event>(event: event)
            try await connection.send(try ControlLine.encode(reply))
        }
    }
}
