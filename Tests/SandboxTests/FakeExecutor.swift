import Foundation
import Sandbox

/// A program in the executor's place that does not do what the executor does.
///
/// It greets like an executor. When it is given a unit it runs a piece of shell.
struct FakeExecutor {
    let executor: UnitExecutor
    let folder: TestFolder

    /// A frame of the executor's, as `printf` writes it: greeting without steps and workloads.
    static let greeting = #"\001\016\000\000\000starling\001\000\000\000\000\000"#
    /// Progress: one of two operations.
    static let progress = #"\002\020\000\000\000\001\0\0\0\0\0\0\0\002\0\0\0\0\0\0\0"#
    /// A result of two bytes, for seven operations.
    static let result =
        #"\003\052\000\000\000\007\0\0\0\0\0\0\0"# + String(repeating: #"\001"#, count: 32) + "ok"

    init(_ script: String) throws {
        folder = try TestFolder()
        let path = folder.file("executor")
        try Self.write(
            """
            printf '\(Self.greeting)'
            [ -n "$(head -c 1)" ] || exit 0
            \(script)
            """,
            to: path
        )
        executor = try UnitExecutor(path: path, workloads: [])
    }

    /// Writes a shell script that can be run.
    static func write(_ script: String, to path: String) throws {
        try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(filePath: path))
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    /// How a small unit ends.
    func ending(within caps: UnitCaps = .ample) throws -> UnitEnding {
        executor.run(try TestSearch.small().request(), within: caps, as: Execution()).ending
    }
}
