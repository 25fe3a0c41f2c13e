import Foundation
import Identity
import Primitives
import Store
import Subprocesses
import Testing
import Wire

/// The files are what the pages say, and another program than this one reads them.
@Suite(.timeLimit(.minutes(10)))
struct ReaderTests {
    private static let hasPython =
        (try? run(["-c", "import sqlite3; assert sqlite3.sqlite_version_info >= (3, 35)"])) != nil

    @Test(.enabled(if: hasPython, "python3 with sqlite3 is not installed"))
    func anotherProgramReadsEveryRow() throws {
        let folder = try TestFolder()
        let result = sample(10_000)
        let dataset = StoredDataset(sample(300_000), hash: sha256)
        let chunk = try chunks(1)[0]
        let rows = JournalTable.allCases.flatMap { table in (0..<4).map { row(table, $0) } }
        let live = try folder.open()
        try live.commit(rows)
        try live.keep(result: result, hash: sha256(result))
        try live.keep(dataset)
        try live.keep(chunk)
        // As a power cut would leave it: with its logs.
        let copy = try TestFolder(copying: folder)
        let script = URL(filePath: #filePath).deletingLastPathComponent().path + "/Reader/read.py"
        let output = try Self.run([script, copy.path])
        let found = try JSONDecoder().decode([String: Reading].self, from: output)
        let vault = try #require(found["vault"])
        let grid = try #require(found["grid"])
        #expect(vault.application == 0x5374_7256 && grid.application == 0x5374_7247)
        #expect(vault.version == 3 && grid.version == 1)
        for reading in [vault, grid] {
            #expect(reading.journal == "wal")
            #expect(reading.check == "ok")
        }
        for table in JournalTable.allCases {
            let written = rows.filter { $0.table == table }.map { row in
                [hexadecimal(row.key), hexadecimal(row.value ?? [])]
            }
            let read = (vault.rows["\(table)"] ?? grid.rows["\(table)"])?.map {
                $0.prefix(2).map(\.text)
            }
            #expect(Set(read ?? []) == Set(written), "\(table)")
        }
        #expect(
            vault.rows["results"]?.map { [$0[0].text, $0[2].text] } == [
                [sha256(result).description, hexadecimal(result)]
            ]
        )
        #expect(
            vault.rows["datasets"]?.map { $0.map(\.text) } == [
                [
                    dataset.root.description, "300000",
                    dataset.leaves.map(\.description).joined(),
                ]
            ]
        )
        let frame = Message.chunk(chunk).frame
        #expect(
            grid.rows["chunks"]?.map { $0.map(\.text) } == [
                [chunk.root.description, "0", "\(frame.count)", "1"]
            ]
        )
        #expect(try copy.bytes("chunks/\(chunk.root)/0") == frame)
        let meta = Set(vault.rows["meta"]?.map { $0[0].text } ?? [])
        #expect(meta == ["boots", "commits", "host", "inode", "instance"])
        #expect(vault.rows["meta"]?.first { $0[0].text == "boots" }?[1].text == "1")
        #expect(vault.rows["meta"]?.first { $0[0].text == "host" }?[1].text == "\(Host.id)")
    }

    /// What the script says of a database.
    private struct Reading: Decodable {
        let application: Int
        let version: Int
        let journal: String
        let check: String
        let rows: [String: [[Cell]]]
    }

    /// Text, or a number as text.
    private struct Cell: Decodable {
        let text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            text = try (try? container.decode(String.self)) ?? "\(container.decode(Int64.self))"
        }
    }

    /// Runs python3; throws when it fails.
    private static func run(_ arguments: [String]) throws -> Data {
        let run = try Subprocess.output(of: "/usr/bin/env", ["python3"] + arguments)
        guard run.ending.status == 0 else { throw CocoaError(.executableLoad) }
        return run.bytes
    }
}
