import Foundation
import Subprocesses

/// The built `starling`, started by a test.
final class Program: Sendable {
    /// How a run ended.
    struct Outcome: Sendable {
        let status: Int32
        let isKilled: Bool
        let output: Data
        let errors: String
    }

    /// A folder of this run's own: it is the TMPDIR of every process that comes of it.
    let folder: Folder
    private let process: Subprocess
    private let outputPath: String
    private let errorsPath: String
    private let end = AsyncStream.makeStream(of: Void.self)

    /// Starts `starling` with `arguments`; a value of nil removes a variable of the environment.
    ///
    /// A launcher is a program with its arguments that becomes `starling` in the end.
    init(
        _ arguments: [String],
        through launcher: [String] = [],
        folder: Folder? = nil,
        environment changes: [String: String?] = [:]
    ) throws {
        let folder = try folder ?? Folder()
        self.folder = folder
        let records = try Folder()
        outputPath = records.file("output")
        errorsPath = records.file("errors")
        for path in [outputPath, errorsPath] { try Data().write(to: URL(filePath: path)) }
        var environment = ProcessInfo.processInfo.environment
        environment["TMPDIR"] = folder.path
        // Nobody's own peer is ever touched.
        environment["HOME"] = folder.path
        for name in ["STARLING_FOLDER", "XDG_DATA_HOME"] { environment[name] = nil }
        // And nobody's own grid, however a peer of a test finds others.
        environment["STARLING_NETWORK"] = Self.network
        for (name, value) in changes { environment[name] = value }
        let continuation = end.continuation
        self.records = records
        let output = try FileHandle(forWritingTo: URL(filePath: outputPath))
        let errors = try FileHandle(forWritingTo: URL(filePath: errorsPath))
        let command = launcher + [Self.executable.path] + arguments
        process = try Subprocess(
            command[0],
            Array(command.dropFirst()),
            environment: environment,
            output: output.fileDescriptor,
            errors: errors.fileDescriptor,
            onEnd: { _ in continuation.finish() }
        )
    }

    private let records: Folder

    /// The network of all peers that tests start.
    static let network = "test-\(UUID())"

    deinit { process.send(SIGKILL) }

    /// Runs `starling` to its end.
    static func run(
        _ arguments: [String],
        folder: Folder? = nil,
        environment: [String: String?] = [:]
    ) async throws -> Outcome {
        try await Program(arguments, folder: folder, environment: environment).outcome()
    }

    /// Waits for the end; the suite's time limit bounds it.
    func outcome() async throws -> Outcome {
        for await _ in end.stream {}
        try Task.checkCancellation()
        let ending = process.wait()
        return Outcome(
            status: ending.status,
            isKilled: ending.isKilled,
            output: try Data(contentsOf: URL(filePath: outputPath)),
            errors: errors
        )
    }

    /// The number of its process.
    var number: Int32 { process.number }

    /// How it ended; nil while it runs.
    var ending: Subprocess.Ending? { process.ending }

    /// What it has said on standard error so far.
    var errors: String { (try? String(contentsOfFile: errorsPath, encoding: .utf8)) ?? "" }

    /// What it has said on standard output so far.
    var output: String { (try? String(contentsOfFile: outputPath, encoding: .utf8)) ?? "" }

    func send(_ signal: Int32) { process.send(signal) }

    /// Waits until it has said `text`; false when it ended without.
    func says(_ text: String) async throws -> Bool {
        while !output.contains(text), !errors.contains(text) {
            guard process.ending == nil else { return false }
            // Files tell nobody that they grew, so they are read again and again.
            try await Task.sleep(for: .milliseconds(10))
        }
        return true
    }

    /// The processes that run in this run's folder: the demo's peers have their keys there.
    var descendants: [String] {
        let processes = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return processes.filter { name in
            guard Int(name) != nil,
                let line = FileManager.default.contents(
                    atPath: "/proc/\(name)/cmdline"
                )
            else { return false }
            return String(decoding: line, as: UTF8.self).contains(folder.path)
        }
    }

    /// The program lies beside the bundle of the tests.
    static let executable: URL = {
        let bundle = Bundle.allBundles.map(\.bundleURL).first { $0.pathExtension == "xctest" }
        let tests = bundle ?? URL(filePath: CommandLine.arguments[0])
        return tests.deletingLastPathComponent().appending(path: "starling")
    }()
}

/// A folder of a test's own; gone with the object.
final class Folder: Sendable {
    let path: String

    init() throws {
        let base = FileManager.default.temporaryDirectory
        path = base.appending(path: "starling-process-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: false
        )
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Writes a file, and returns its path.
    func write(_ bytes: some Sequence<UInt8>, to name: String) throws -> String {
        try Data(bytes).write(to: URL(filePath: file(name)))
        return file(name)
    }

    var names: [String] {
        get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
    }
}
