import ArgumentParser
import Foundation
import Glibc
import Kernels
import PeerNode
import Primitives
import ServiceLifecycle
import Store
import UnixSignals

/// Runs one peer in the foreground.
struct DonateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "donate",
        abstract: "Run a peer in the foreground: it donates CPU and keeps the ledger.",
        discussion: """
            Peers on the local network find each other by themselves. Prints the address by which \
            others join it, and runs until it is interrupted. Its folder and keys are made on the \
            first start. The other commands drive it from another terminal.

            Example:
              starling donate
              starling donate --join 'starling://grid.example.org:4711/…?curve=…'
              starling donate --cores 4 --listen 192.168.1.20:4711
              starling donate --listen '*:4711' --advertise grid.example.org:4711
              starling donate --folder second --listen 127.0.0.1:0 --network experiment
              starling donate --job 'starling://192.168.1.20:4711/…?curve=…&job=…'
            """
    )

    @OptionGroup var place: FolderOptions

    @Option(
        help: """
            The network's name; peers of other networks are refused. (default: $STARLING_NETWORK, \
            else starling)
            """
    )
    var network: String?

    @Option(
        help: """
            Where to listen, as ADDRESS:PORT; * is every address of this machine, and port 0 takes \
            a free one, the same as last time if it can be had.
            """
    )
    var listen = "*:0"

    @Option(
        help: """
            What others are told to dial in place of --listen, as HOST:PORT: the outer address of \
            a router, container or tunnel.
            """
    )
    var advertise: String?

    @Option(help: "A peer to join, as `starling invite` prints it there; may be repeated.")
    var join: [String] = []

    @Flag(
        inversion: .prefixedNo,
        help: """
            Find peers of the local network by beacons, and be found. (default: yes, unless it \
            listens on this machine alone)
            """
    )
    var beacon: Bool?

    @Option(help: "The UDP port of beacons, the same on all machines of the local network.")
    var beaconPort = NodeConfiguration.usualBeaconPort

    @Option(
        help: "A job link: joins its peer, and computes nothing else while that job needs workers."
    )
    var job: String?

    @Option(parsing: .unconditional, help: "Cores to donate, 0 to 256.")
    var cores = 1

    @Flag(
        help: """
            The folder was moved or restored here, and nobody uses it at its other place: go on \
            with its key.
            """
    )
    var acceptMove = false

    @Flag(help: .hidden)
    var lie = false

    @Flag(help: .hidden)
    var collude = false

    @Flag(help: .hidden)
    var control = false

    @Option(parsing: .unconditional, help: .hidden)
    var redial: UInt64 = 1_000

    func validate() throws {
        guard (0...256).contains(cores) else {
            throw ValidationError("--cores is \(cores); it must be 0 to 256")
        }
        guard beaconPort > 0 else { throw ValidationError("--beacon-port is 0; it must be above") }
        _ = try listener()
        _ = try advertised()
    }

    func run() async throws {
        let folder = try place.place()
        let configuration = try configuration(of: folder)
        try folder.make()
        let claim = try folder.claim()
        defer { withExtendedLifetime(claim) {} }
        // The demo's peers are driven over standard input, and their folders' paths may be long.
        let socket = control ? nil : try ControlListener(in: folder)
        defer { socket?.close() }
        let storage = try storage(in: folder)
        let said = storage.notices
        for notice in said { Remarks.say(notice) }
        let node = try Node(configuration, storage: storage)
        if let notice = node.selfTest.notice { Remarks.say(notice) }
        var services: [any Service] = [node, Remarks(node: node, storage: storage, first: said)]
        if let socket {
            let peer = ControlledPeer(node: node, folder: folder, names: JobNames(in: folder))
            services += [
                ControlServer(peer: peer, listener: socket),
                Announcement(
                    node: node,
                    folder: folder,
                    cores: node.selfTest.variant == nil ? 0 : cores
                ),
            ]
        } else {
            services.append(DemoService(node: node))
        }
        try await run(services)
    }

    /// What the peer keeps its rows, chunks and results in.
    private func storage(in folder: PeerFolder) throws -> DurableStore {
        var settings = StoreSettings()
        settings.acceptsMove = acceptMove
        // The demo's peers live for seconds, several on one disk.
        if control { settings.ballastByteCount = 0 }
        return try Node.store(in: folder.path, settings: settings)
    }

    private func configuration(of folder: PeerFolder) throws -> NodeConfiguration {
        var configuration = NodeConfiguration(folder: folder.path)
        let environment = ProcessInfo.processInfo.environment["STARLING_NETWORK"]
        configuration.network = network ?? environment ?? configuration.network
        (configuration.address, configuration.port) = try listener()
        configuration.advertised = try advertised()
        let isInside = AddressReach(host: configuration.address) == .machine
        if beacon ?? !isInside { configuration.beaconPort = beaconPort }
        configuration.join = try join.map { text in
            guard let address = JoinAddress(text) else { throw NodeError.malformedAddress(text) }
            return address
        }
        if let job {
            guard let link = JobLink(job) else {
                throw CommandFailure(
                    "'\(job)' is not a job link; write it as `starling submit` prints it, in "
                        + "quotation marks"
                )
            }
            configuration.join.append(link.address)
            configuration.firstJob = link.job
        }
        configuration.places = cores
        configuration.variant = try KernelVariant.forced()
        configuration.redialMilliseconds = redial
        if lie { configuration.tamper = Lie.own }
        if collude { configuration.tamper = Lie.shared }
        return configuration
    }

    private func run(_ services: [any Service]) async throws {
        let group = ServiceGroup(
            configuration: .init(
                services: services.map {
                    .init(
                        service: $0,
                        successTerminationBehavior: .gracefullyShutdownGroup,
                        failureTerminationBehavior: .gracefullyShutdownGroup
                    )
                },
                gracefulShutdownSignals: [.sigint, .sigterm],
                logger: QuietLog.logger
            )
        )
        try await group.run()
    }

    private func listener() throws -> (address: String, port: UInt16) {
        guard let colon = listen.lastIndex(of: ":"),
            let port = UInt16(listen[listen.index(after: colon)...]), colon != listen.startIndex
        else {
            throw ValidationError("--listen is '\(listen)'; write ADDRESS:PORT, as 127.0.0.1:0")
        }
        let address = listen[..<colon]
        let isBracketed = address.hasPrefix("[") && address.hasSuffix("]")
        return (String(isBracketed ? address.dropFirst().dropLast() : address), port)
    }

    /// The endpoint that others are told, when it is not the one of `listener`.
    private func advertised() throws -> String? {
        guard let advertise else { return nil }
        guard let endpoint = JoinAddress.endpoint(advertise) else {
            throw ValidationError(
                "--advertise is '\(advertise)'; write HOST:PORT, as grid.example.org:4711"
            )
        }
        return endpoint
    }
}

/// Says what the store has to tell its owner, as it happens.
private struct Remarks: Service {
    let node: Node
    let storage: DurableStore
    /// What was said at the start.
    let first: [String]

    func run() async throws {
        var said = first
        for await _ in node.changes.cancelOnGracefulShutdown() {
            let notices = storage.notices
            for notice in notices where !said.contains(notice) { Self.say(notice) }
            said = notices
        }
        // Whether the peer has failed is the node's to say.
        try await gracefulShutdown()
    }

    static func say(_ notice: String) { OutputFile.writeToStandardError("note: \(notice)\n") }
}

/// Says by which addresses others join: as a service, so that signals are minded before that.
private struct Announcement: Service {
    let node: Node
    let folder: PeerFolder
    let cores: Int

    func run() async throws {
        // Not with `print`, which holds text back when a file or a pipe takes the output.
        let text = """
            peer \(node.id.short) donates \(Printable.count(cores, "core")); its folder is \
            \(folder.absolutePath)
            \(node.sendsBeacons ? "peers on the local network find it, " : "")others join it with
              starling donate --join '\(node.address)'

            """
        try OutputFile.writeToStandardOutput(Bytes(text.utf8))
        try await gracefulShutdown()
    }
}

/// A worker that computes and then says something else: what a vote must stand.
enum Lie {
    /// Two liars do not tell the same.
    static let own = lie(SHA256.hash(Bytes("\(getpid())".utf8)))
    /// All colluders do.
    static let shared = lie(SHA256.hash(Bytes("collusion".utf8)))

    /// That there is no signal, or one where there is none, with another evidence than the
    /// kernel's.
    private static func lie(_ mark: Digest) -> @Sendable (UnitOutput) -> UnitOutput {
        { truth in
            let nothing = DriftSearch.outputWithoutHits.result
            return UnitOutput(
                result: truth.result == nothing ? signal : nothing,
                operations: truth.operations,
                evidence: SHA256.hash(truth.evidence.bytes + mark.bytes)
            )
        }
    }

    /// A list of one hit in the first column, without drift.
    private static let signal: Bytes = {
        let numbers: [UInt32] = [1, 0, 1, 0, 0, Float(100).bitPattern, 0, 1]
        return numbers.flatMap { number in
            (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        }
    }()
}
