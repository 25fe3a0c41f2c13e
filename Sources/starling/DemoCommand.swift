import ArgumentParser
import Foundation
import Primitives

/// Shows the whole path on one machine: submit, compute, vote, certify, pay.
struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run a small grid on this machine, and search a file on it.",
        discussion: """
            Starts peers as separate processes on 127.0.0.1, submits a search from one of them, \
            and has every unit computed by two others. Shows the signals, the votes, the board, \
            and whether every certificate verifies. Nothing is left behind.

            Example:
              starling demo
              starling demo --liars 1
              starling demo --colluders 2
              starling demo --input voyager.fil --output voyager.dat --json
              starling demo --export ledger.cbor && starling audit ledger.cbor
            """
    )

    @Option(
        name: .customLong("peers"),
        parsing: .unconditional,
        help: "Peers, 2 to 32. (default: 4, or as many as it takes to outvote those who lie)"
    )
    var wantedPeers: Int?

    @Option(
        parsing: .unconditional,
        help: "Peers that report wrong results; each needs four honest ones beside the submitter."
    )
    var liars = 0

    @Option(
        parsing: .unconditional,
        help: """
            Peers that all report the same wrong results, two or more; it takes five honest ones \
            more than these, beside the submitter.
            """
    )
    var colluders = 0

    @Option(help: "The filterbank file to search. (default: one that is made with known tones)")
    var input: String?

    @Option(parsing: .unconditional, help: "Largest drift rate either way, hertz per second.")
    var maxDrift = 4.0

    @Option(parsing: .unconditional, help: "Smallest signal-to-noise ratio of a hit.")
    var snr: Float = 10

    @Option(
        parsing: .unconditional,
        help: "Coarse channels of the file. (default: as its header tells, or 1)"
    )
    var coarseChannels: Int?

    @Option(help: "Where to write the grid's table.")
    var output: String?

    @Option(help: "Where to write the ledger of the first peer, for 'starling audit'.")
    var export: String?

    @Option(parsing: .unconditional, help: "Seconds after which the demo gives up.")
    var timeout: UInt64 = 300

    @Flag(help: "Write one JSON object in place of the text.")
    var json = false

    private static let searchingAlone = "searching the file without a grid, to compare with\n"

    /// Peers that run.
    var peers: Int { wantedPeers ?? max(4, peersMin) }

    /// Peers that it takes to outvote those who lie: a lead of three for each liar, and of five
    /// over all colluders.
    private var peersMin: Int {
        guard liars > 0 || colluders > 0 else { return 2 }
        return 1 + 5 * liars + (colluders > 0 ? 2 * colluders + 5 : 0)
    }

    func validate() throws {
        guard (0...32).contains(liars) else {
            throw ValidationError("--liars is \(liars); it must be 0 or more")
        }
        guard colluders == 0 || (2...32).contains(colluders) else {
            throw ValidationError(
                "--colluders is \(colluders); it must be 2 or more, for one alone is a liar"
            )
        }
        guard (2...32).contains(peers) else {
            throw ValidationError("--peers is \(peers); it must be 2 to 32")
        }
        guard peers >= peersMin else {
            throw ValidationError(
                "\(lieOptions) needs --peers \(peersMin) or more, so that honest peers can outvote "
                    + "those who lie"
            )
        }
        guard maxDrift.isFinite, maxDrift > 0, snr.isFinite, snr > 0, coarseChannels ?? 1 >= 1
        else {
            throw ValidationError("--max-drift, --snr and --coarse-channels must be above zero")
        }
        guard (1...86_400).contains(timeout) else {
            throw ValidationError("--timeout is \(timeout); it must be 1 to 86400 seconds")
        }
    }

    private var lieOptions: String {
        let options = [("--liars", liars), ("--colluders", colluders)]
        return options.filter { $0.1 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: " ")
    }

    func run() async throws {
        for path in [output, export] {
            if let path { try OutputFile.checkFolder(of: path) }
        }
        if !json { FileHandle.standardError.write(Data(Self.searchingAlone.utf8)) }
        // Nothing is made before this search ends, so a signal that comes meanwhile leaves nothing.
        let search = try await DemoSearch(self)
        let report = try await Demonstration(self, search: search).run()
        if let output { try OutputFile.write(report.table, to: output) }
        if json {
            try OutputFile.writeToStandardOutput(report.json())
        } else {
            print(report.text)
        }
        guard report.isGood else {
            throw CommandFailure("the demo did not come out as it must; see above")
        }
    }
}
