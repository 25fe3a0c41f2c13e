import Foundation
import Primitives
import Synchronization

/// A peer in a process of its own, driven over its standard input and output.
final class ChildPeer: Sendable {
    /// The peer's place in the demonstration.
    let index: Int
    /// What it says, in order; ends when its output does.
    let events: AsyncStream<DemoEvent>
    private let process: Mutex<Process>
    private let input: FileHandle

    /// Starts `arguments` of this very program.
    init(index: Int, arguments: [String]) throws {
        self.index = index
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = arguments
        let inputPipe = Pipe()
        let outputPipe = Pipe()
        process.standardInput = inputPipe
        process.standardOutput = outputPipe
        input = inputPipe.fileHandleForWriting
        events = Self.lines(of: outputPipe.fileHandleForReading)
        try process.run()
        self.process = Mutex(process)
    }

    /// Tells the peer something.
    func send(_ request: DemoRequest) {
        try? input.write(contentsOf: Data(try ControlLine.encode(request)))
    }

    /// Ends the peer, and waits until its process is gone.
    func end() {
        send(DemoRequest(verb: .quit))
        try? input.close()
        process.withLock { process in
            let limit = Date().addingTimeInterval(5)
            while process.isRunning, Date() < limit { usleep(10_000) }
            if process.isRunning { kill(process.processIdentifier, SIGKILL) }
            process.waitUntilExit()
        }
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
