import Foundation
import Primitives
import Subprocesses

/// A peer in a process of its own, driven over its standard input and output.
final class ChildPeer: Sendable {
    /// The peer's place in the demonstration.
    let index: Int
    /// What it says, in order; ends when its output does.
    let events: AsyncStream<DemoEvent>
    private let process: Subprocess
    private let input: FileHandle

    /// Starts `arguments` of this very program.
    init(index: Int, arguments: [String]) throws {
        self.index = index
        let inputPipe = Pipe()
        let outputPipe = Pipe()
        process = try Subprocess(
            URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path,
            arguments,
            input: inputPipe.fileHandleForReading.fileDescriptor,
            output: outputPipe.fileHandleForWriting.fileDescriptor
        )
        // They are the child's alone now, so that their ends are seen.
        try inputPipe.fileHandleForReading.close()
        try outputPipe.fileHandleForWriting.close()
        input = inputPipe.fileHandleForWriting
        events = Self.lines(of: outputPipe.fileHandleForReading)
    }

    /// Tells the peer something.
    func send(_ request: DemoRequest) {
        try? input.write(contentsOf: Data(try ControlLine.encode(request)))
    }

    /// Ends the peer, and waits until its process is gone.
    func end() {
        send(DemoRequest(verb: .quit))
        try? input.close()
        let limit = ContinuousClock.now + .seconds(5)
        while process.ending == nil, ContinuousClock.now < limit { usleep(10_000) }
        process.send(SIGKILL)
        process.wait()
    }

    private static func lines(of handle: FileHandle) -> AsyncStream<DemoEvent> {
        let (stream, continuation) = AsyncStream.makeStream(of: DemoEvent.self)
        let thread = Thread {
            var pending: Bytes = []
            while true {
                let data = handle.availableData
                guard !data.isEmpty else { break }
                for byte in data {
                    guard byte == UInt8(ascii: "\n") else {
                        pending.append(byte)
                        continue
                    }
                    if let event: DemoEvent = try? ControlLine.decode(pending) {
                        continuation.yield(event)
                    }
                    pending = []
                }
            }
            continuation.finish()
        }
        thread.start()
        return stream
    }
}
