import Dispatch
import Identity
package import Kernels
import Membership
import PeerCore
package import Primitives
import Sandbox
import ServiceLifecycle
package import Store
import Transport
package import Wire

/// A running peer: one actor owns the core, feeds it, and performs what it asks for.
///
/// The core decides everything; this driver only carries bytes, rows and time. There is no `await`
/// between an input and the last effect of its outbox.
package actor Node: Service {
    /// This peer's key.
    package nonisolated let id: PeerID
    /// The project under whose key this peer submits.
    package nonisolated let project: ProjectID
    /// Which implementation computes its units; none of a peer that takes no work.
    package nonisolated let selfTest: SelfTest.Choice
    /// With no places when there is nothing that may compute.
    let configuration: NodeConfiguration
    let network: NetworkID
    let keys: NodeKeys
    let transport: ZeroMQTransport
    let admission: LinkAdmission
    let storage: any Storage
    let runner: WorkRunner
    var peer: Peer
    /// Events that wait until the outbox before them is drained.
    var waiting: [LocalEvent] = []
    var isDraining = false
    /// Effects whose rows are not durable yet, or that wait for the rows of others.
    var pending: [Effect] = []
    var isCommitting = false
    /// Effects that the core has asked for, and those of them that are done.
    var askedCount = 0
    var doneCount = 0
    /// Who waits for the end of the present commit.
    var settleWaiters: [CheckedContinuation<Void, Never>] = []
    /// Operations per second of one core by workload.
    var speeds = SortedTable<String, UInt64>()
    /// Whether the disk is full, so that no work is taken.
    package internal(set) var isDiskFull = false
    var diskWatch: Task<Void, Never>?
    /// Commits rows, so that the core goes on meanwhile.
    let journal = DispatchQueue(label: "starling.journal")
    let data: DataDriver
    /// Hubs of the table that are dialled, and which of them came before which.
    var dialled: [PeerID: DialledHub] = [:]
    var dialCount: UInt64 = 0
    /// Hubs that wait for room, first come first.
    var undialled: [PeerID] = []
    /// Addresses that it was given to join.
    var joined: [JoinAddress] = []
    /// Hubs whose records had expired when this peer started, and which are dialled all the same.
    var oldAcquaintances: [Record] = []
    /// Datasets of jobs that are being submitted, and how many jobs of each.
    var submissions: [Digest: Int] = [:]
    /// Rules that other peers broke, newest last, for people.
    package internal(set) var misbehaviors: [(peer: PeerID, what: Misbehavior)] = []
    /// What the owner has asked for since the start.
    var wishes = OwnerWishes()
    /// Why endpoints could not be dialled, for people.
    var dialFailures: [String: DialFailure] = [:]
    let signal = ChangeSignal()
    /// Where others are told to dial it.
    nonisolated let place: OwnPlace
    var networkWatch: Task<Void, Never>?
    /// When beacons are sent, and who is dialled for one.
    var beacons: BeaconDesk
    nonisolated let beaconSocket: Result<BeaconSocket, BeaconSocket.Failure>?
    var beaconTimer: Task<Void, Never>?
    /// Whether any network took the last beacon; true until one was sent.
    var isBeaconSent = true
    /// Hubs that were met before this start.
    private let remembered: [Record]
    var timer: Task<Void, Never>?
    var timerDeadline: Instant?
    /// Why the peer must stop, once it must.
    var failure: (any Error)?
    private let clock = MonotonicClock()
    private let completions = AsyncStream.makeStream(of: Result<LocalEvent, any Error>.self)

    /// Effects that may wait for a commit before links are read no further.
    static let pendingMax = 10_000
    /// Hubs with expired records that are dialled at start.
    static let oldDialsMax = 64
    /// Broken rules that are remembered.
    static let misbehaviorsMax = 100

    /// Makes keys on the first start, listens, and dials; nothing moves before `run`.
    package init(_ configuration: NodeConfiguration, storage: any Storage) throws {
        var configuration = configuration
        selfTest = configuration.tested()
        self.configuration = configuration
        self.storage = storage
        network = configuration.networkID
        keys = try NodeKeys(folder: configuration.folder)
        project = ProjectID(keys.project.publicKey)
        id = PeerID(keys.peer.publicKey)
        let workload = Workload.driftSearch(configuration.variant)
        runner = try WorkRunner(
            storage: storage,
            workloads: [workload],
            executor: configuration.executor ?? ExecutorLocation.path,
            tamper: configuration.tamper
        )
        admission = LinkAdmission(network: network, me: id)
        transport = try Self.transport(configuration, keys.curve, admission)
        data = DataDriver(
            storage: storage,
            results: runner.results,
            send: { [transport] (message: Message, peer: PeerID) in
                _ = transport.send(to: peer, frames: [message.frame])
            },
            tell: { [completions] in completions.continuation.yield($0) }
        )
        place = OwnPlace(Self.endpoints(configuration, transport.boundEndpoint))
        beaconSocket = Self.beaconSocket(configuration)
        beacons = BeaconDesk(me: id, seed: Self.seed(), at: clock.now)
        let stored = Self.stored(in: try storage.contents())
        peer = try Peer(
            me: id,
            secret: keys.secret,
            seed: Self.seed(),
            stored: stored,
            at: clock.now
        )
        remembered = stored.rows.compactMap { row in
            guard row.table == .records, let value = row.value else { return nil }
            return (try? Signed<Record>(envelope: value))?.body
        }
    }

    /// A number that nobody can guess.
    private static func seed() -> UInt64 {
        randomBytes(count: 8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Listens; where any port will do on the last one, by which others know this peer.
    private static func transport(
        _ configuration: NodeConfiguration,
        _ keys: CurveKeyPair,
        _ admission: LinkAdmission
    ) throws -> ZeroMQTransport {
        func listen(_ port: UInt16) throws -> ZeroMQTransport {
            var settings = TransportConfiguration(
                listener: .init(address: configuration.address, port: port),
                keys: keys
            )
            settings.timing.redialMin = .milliseconds(configuration.redialMilliseconds)
            return try ZeroMQTransport(configuration: settings, admission: admission)
        }
        let last = LastPort(folder: configuration.folder)
        var transport: ZeroMQTransport?
        if configuration.port == 0, let port = last.value { transport = try? listen(port) }
        let listening = try transport ?? listen(configuration.port)
        if let port = listening.boundPort { last.note(port) }
        return listening
    }

    private static func stored(in contents: StorageContents) -> Peer.Stored {
        var stored = Peer.Stored()
        stored.rows = contents.rows
        stored.results = contents.results
        stored.chunks = contents.chunks
        stored.datasets = contents.datasets.map { dataset in
            Peer.Dataset(root: dataset.root, byteCount: dataset.byteCount)
        }
        return stored
    }

    /// Where other peers can join this one, best first, never empty.
    package nonisolated var addresses: [JoinAddress] {
        place.endpoints.map { endpoint in
            JoinAddress(endpoint: endpoint, peer: id, curveKey: keys.curve.publicKey)
        }
    }

    /// The best of them.
    package nonisolated var address: JoinAddress { addresses[0] }

    /// Whether links are taken and the job board is open.
    package var isReady: Bool { peer.ownRecord != nil }

    /// Runs until the task is cancelled, the service group shuts down, or the journal fails.
    package func run() async throws {
        start()
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.pump() }
            if case .success = beaconSocket {
                group.addTask { await self.listenForBeacons() }
            }
            group.addTask {
                for await outcome in self.completions.stream { await self.take(outcome) }
            }
            group.addTask {
                try? await gracefulShutdown()
                await self.leave()
                await self.stop()
            }
            await group.next()
            group.cancelAll()
        }
        timer?.cancel()
        diskWatch?.cancel()
        networkWatch?.cancel()
        beaconTimer?.cancel()
        if case .success(let socket) = beaconSocket { socket.close() }
        runner.stopAll()
        transport.close()
        signal.finish()
        if let failure { throw failure }
    }

    private func start() {
        let speed =
            configuration.places > 0 ? Calibration.driftSearchSpeed(configuration.variant) : 0
        let draft = OwnRecord(keys: keys, network: network, configuration: configuration)
        take(.epoch(OwnRecord.epoch))
        take(.advertise(draft.record(endpoints: place.endpoints, speed: speed)))
        take(.keep(draft.first))
        take(.adopt(owner: draft.owner, consent: draft.consent))
        if let predecessor = draft.predecessor { take(.succeed(predecessor)) }
        if configuration.places > 0 {
            speeds[Workload.driftSearch(configuration.variant).name] = speed
            isDiskFull = storage.isDraining
            applyWishes()
        }
        watchDisk()
        if let job = configuration.firstJob { take(.serveFirst(job)) }
        for target in configuration.join { try? join(target) }
        dialOldAcquaintances()
        watchNetwork()
        tendBeacons()
    }

    /// After a long absence every record has expired, and an old address is better than none; the
    /// core dials those whose records still count.
    private func dialOldAcquaintances() {
        let expired = remembered.filter { $0.expiry < OwnRecord.epoch && $0.peer != id }
            .sorted { $0.expiry > $1.expiry }
        oldAcquaintances = Array(expired.prefix(Self.oldDialsMax))
        for record in oldAcquaintances {
            for endpoint in record.controlEndpoints.prefix(2) {
                try? transport.dial(endpoint: endpoint, curveKey: record.curveKey)
            }
        }
    }

    /// Tells the others that this peer stops, as far as that can be done at once.
    private func leave() async {
        guard isReady else { return }
        take(.leave)
        try? await settle(until: { true })
    }

    /// Ends `run`.
    package func stop() {
        completions.continuation.finish()
        transport.close()
    }

    // MARK: - Inputs

    /// Decodes and checks what comes from links, away from the actor, and hands it over in order.
    private nonisolated func pump() async {
        for await event in transport.events {
            switch event {
            case .linked(_, let frame, _, let address):
                guard case .success(let hello) = LinkAdmission.open(frame, network: network),
                    let record = try? verified(hello.record, in: network)
                else { continue }
                await linked(record, address: address)
            case .unlinked(let peer):
                await unlinked(peer)
            case .received(let peer, let frames):
                await receive(frames, from: peer)
            case .dialFailed(let endpoint, let reason):
                await dialFailed(endpoint, reason: reason)
            case .refused:
                continue
            }
        }
    }

    private nonisolated func receive(_ frames: [Bytes], from peer: PeerID) async {
        guard frames.count == 1, let message = try? Message(frame: frames[0]),
            let checked = try? verified(message, in: network)
        else {
            // Garbage, or a signature that is not what it claims: no honest peer sends either.
            _ = transport.ban(peer)
            return
        }
        await hasRoom()
        await take(checked, from: peer)
    }

    private func take(_ outcome: Result<LocalEvent, any Error>) {
        switch outcome {
        case .success(let event): take(event)
        case .failure(let error): fail(error)
        }
        mindDisk()
    }

    private func take(_ message: Verified<Message>, from sender: PeerID) {
        guard failure == nil else { return }
        var out = Outbox()
        peer.receive(message, from: sender, at: clock.now, into: &out)
        perform(out)
        drain()
    }

    /// Tells the core of an event, now or as soon as the present outbox is drained.
    func take(_ event: LocalEvent) {
        waiting.append(event)
        drain()
    }

    func drain() {
        guard !isDraining else { return }
        isDraining = true
        defer { isDraining = false }
        while !waiting.isEmpty, failure == nil {
            let event = waiting.removeFirst()
            var out = Outbox()
            peer.handle(event, at: clock.now, into: &out)
            switch event {
            case .workFinished(_, let cores): data.heard(cores.map(\.resultHash))
            case .resultStored(let hash): data.heard([hash])
            default: break
            }
            perform(out)
        }
        arm()
        changed()
    }

    /// Hears of a finished order on the runner's thread.
    nonisolated func finished(_ event: LocalEvent) {
        completions.continuation.yield(.success(event))
    }

    // MARK: - Time

    private func arm() {
        guard failure == nil, let deadline = peer.deadline else { return }
        if timer != nil, let timerDeadline, timerDeadline <= deadline { return }
        timer?.cancel()
        timerDeadline = deadline
        // A deadline in the past still lets other work in between two ticks.
        let wait = max(deadline.since(clock.now), .milliseconds(1))
        timer = Task { [weak self] in
            try? await Task.sleep(nanoseconds: wait.nanoseconds)
            guard !Task.isCancelled else { return }
            await self?.tick()
        }
    }

    private func tick() {
        timer = nil
        timerDeadline = nil
        guard failure == nil else { return }
        waiting.append(.epoch(OwnRecord.epoch))
        renewRecord()
        var out = Outbox()
        peer.tick(at: clock.now, into: &out)
        perform(out)
        drain()
    }

    /// A record that has served for some hours is replaced before it expires.
    private func renewRecord() {
        guard let record = peer.ownRecord?.body,
            OwnRecord.epoch >= record.epoch + OwnRecord.renewalEpochs
        else { return }
        let speed = record.kernels.first?.operationsPerSecond ?? 0
        waiting.append(.advertise(draftRecord(speed: speed)))
    }

    var now: Instant { clock.now }
}
