import Ledger
import Membership
import PeerCore
import Primitives
import Wire
import WorkUnits

/// A simulated network: virtual time, machines that crash, and links that lose and delay.
///
/// The peers are the very `Peer` values that ship; the world is only another driver. One seed fixes
/// everything that happens.
package final class World {
    /// Small, for the queue moves events often.
    enum Event {
        case message(Message, Route)
        indirect case local(LocalEvent, peer: Int, life: UInt64)
        case wake(peer: Int, life: UInt64)
        case committed(peer: Int, life: UInt64)
        indirect case computed(WorkOrder, peer: Int, life: UInt64)
        case restart(peer: Int)
        case depart(peer: Int, life: UInt64)
        case leave(peer: Int, life: UInt64)
        case link(Int, Int)
        case unlink(Int, Int)
        case submit
        case cancel
        case hold
        case nameAnchor
        case succeed
        case check
        case hour
        case hostility
        case misbehaviour
        case split
        case heal
        case lose
        case loseDisk
        case seeRoom(peer: Int, life: UInt64)
        case mend
        case setClock(peer: Int)
        indirect case act(Scenario.Action)
        case silence(Int, Int, split: UInt64)
    }

    /// Where a message comes from and goes to.
    struct Route {
        let from: Int32
        let to: Int32
        /// Which of its keys the sender had.
        let keyNumber: UInt32
        /// The receiver's life: another one does not get it.
        let life: UInt32
    }

    let options: Options
    var report: Report
    var random: PRNG
    var fate: Fate
    var queue = EventQueue<Event>()
    var now = World.begin
    var peers: [SimulatedPeer] = []
    /// Where each key's machine is, revoked keys included.
    // tidy-allow-hash-table: looked up, never walked
    var indices: [PeerID: Int] = [:]
    var links: LinkTable
    /// When both sides of a broken link know that it is.
    var linkEnds = SortedTable<Int, Instant>()
    let crypto = SimulatedCrypto()
    let network: NetworkID
    let project: ProjectID
    /// UTC hours since 1970; peers hear of a new hour one by one.
    var epoch: UInt64 = 500_000
    var hourBeganAt = World.begin
    let oracle: Oracle
    /// Which body fills each slot that was ever sent: the watch for equivocation.
    // tidy-allow-hash-table: looked up, never walked
    var slots: [Slot: ItemID] = [:]
    /// Statements that the watch has seen.
    // tidy-allow-hash-table: looked up, never walked
    var watched: Set<ItemID> = []
    var manifestID: ManifestID?
    /// Results of which some machine's copy has changed.
    var flippedResults = SortedTable<Digest, Bool>()
    /// What was submitted, by the job's number.
    private var manifests: [Manifest?] = [nil, nil]
    /// The job that shares results with that one and is released, in worlds that have it.
    var secondID: ManifestID?
    /// When the job goes on that is held before.
    var resumeAt: Instant?
    /// Whose word the project takes; nil before it says so.
    var naming: Naming?
    var areFaultsOn = true
    /// Whether a scenario is played, which is over when everything is done.
    private var isScripted = false
    /// Whether the network is in two parts.
    var isSplit = false
    /// The peers on the far side of the cut.
    var farSide: PeerSet
    /// Who has a link to whom, where members never change.
    var fixedPairs: [(Int, Int)] = []
    /// What machines that break the protocol know together.
    var coalition = Coalition()
    /// What is asked of a modelled job.
    var modelReport = ModelReport()
    /// What everybody knows of all at its start, where members never change.
    var commonOverlay: Overlay?
    var coverage = Coverage()
    /// Who is told what happens, if anybody.
    let listener: ((String) -> Void)?
    private let watch: (Report) -> String?
    /// What a scenario still has in store.
    var steps: [(text: String, action: Scenario.Action)] = []
    /// Leases, sets and items that the listener has heard of.
    // tidy-allow-hash-table: looked up, never walked
    var told: Set<String> = []

    /// When everything begins.
    static let begin = Instant(nanoseconds: 1_000_000_000)
    /// Virtual time after the last fault within which every job must be done.
    static let patience = TimeSpan.seconds(1_800)
    /// Wake-ups in a row that may come at once and lead to nothing.
    static let idleWakesMax = 20
    /// Messages that one unit may cost each peer.
    static let messagesPerUnit: UInt64 = 200
    /// Messages of gossip and of repetition that each peer may cost in a second.
    static let messagesPerSecond: UInt64 = 200
    /// How long a side may take to notice that a link is gone.
    static let noticeMax = TimeSpan.milliseconds(501)
    /// The submitter's place among the peers.
    static let submitter = 0

    /// A world that has not begun; `listener` is told what happens, line by line.
    package convenience init(_ options: Options, listener: ((String) -> Void)? = nil) {
        self.init(Script(options), listener: listener)
    }

    /// The world of a script, which has not begun.
    ///
    /// Each virtual second `watch` may find fault with what has happened so far.
    package init(
        _ script: Script,
        listener: ((String) -> Void)? = nil,
        watch: @escaping (Report) -> String? = { _ in nil }
    ) {
        let options = script.options
        self.options = options
        self.listener = listener
        self.watch = watch
        report = Report(options: options)
        links = LinkTable(of: options.peers)
        farSide = PeerSet(of: options.peers)
        random = PRNG(seed: options.seed)
        fate = Fate(seed: options.seed, mishaps: script.mishaps)
        network = NetworkID(Digest(random.next(), random.next(), random.next(), random.next()))
        project = ProjectID(Digest(random.next(), random.next(), random.next(), random.next()))
        oracle = Oracle(
            chunks: options.chunks,
            units: options.units,
            model: options.model,
            crypto: crypto
        )
        for index in 0..<options.peers { peers.append(machine(index)) }
    }

    /// The world of a scenario, which ends when everything is done.
    convenience init(_ scenario: Scenario, listener: @escaping (String) -> Void) {
        self.init(Script(scenario.options), listener: listener)
        steps = scenario.steps
        isScripted = true
    }

    private func machine(_ index: Int) -> SimulatedPeer {
        // The last two are siblings: one of them may be hostile, none is the submitter.
        let isLast = index == options.peers - 1
        let isSibling = options.areSiblings && isLast
        let owner = index == Self.submitter ? OwnerID(project.digest) : nil
        let isThief = options.behaviour == .stolenKey && isLast
        let peer = SimulatedPeer(
            isThief
                ? peers[index - 1].identities[0]
                : identity(of: index, owner: isSibling ? peers[index - 1].owner : owner),
            index: index,
            isLiar: index > 0 && index <= options.liars
        )
        if options.drift > 0 {
            let range = UInt64(2 * options.drift + 1)
            peer.clock.drift = Int64(random.below(range)) - Int64(options.drift)
            report.drifting += 1
        }
        return peer
    }

    /// New keys for the machine at `index`; its owner's are new too unless they are given.
    func identity(of index: Int, owner: OwnerID?) -> Identity {
        func anyDigest() -> Digest {
            Digest(random.next(), random.next(), random.next(), random.next())
        }
        let keys = (0..<3).map { _ in PeerID(anyDigest()) }
        for key in keys { indices[key] = index }
        let own = OwnerID(anyDigest())
        let seed = Bytes(keys[0].digest.bytes.prefix(16))
        return Identity(keys: keys, owner: owner ?? own, seed: seed)
    }

    /// Who `key` belongs to, now or before.
    func identity(of key: PeerID) -> Identity? {
        indices[key].flatMap { index in
            peers[index].identities.first { $0.keys.contains(key) }
        }
    }

    /// Runs the whole life: faults first, then a healed network that must finish its job.
    package func run() -> Report {
        if options.isFixed {
            startFixed()
        } else {
            for peer in peers { start(peer) }
        }
        let submitSpan: UInt64 = options.model == nil ? 3_000 : 1
        queue.push(.submit, at: now.advanced(by: .milliseconds(random.below(submitSpan))))
        if options.isCancelled {
            queue.push(.cancel, at: now.advanced(by: .milliseconds(3_000 + random.below(20_000))))
        }
        if options.isHeld {
            queue.push(.hold, at: now.advanced(by: .milliseconds(3_000 + random.below(20_000))))
        }
        if options.named != nil {
            let delay = TimeSpan.milliseconds(3_000 + random.below(20_000))
            queue.push(.nameAnchor, at: now.advanced(by: delay))
        }
        if options.isSucceeded {
            queue.push(.succeed, at: now.advanced(by: .milliseconds(3_000 + random.below(40_000))))
        }
        queue.push(.check, at: now)
        queue.push(.hour, at: now.advanced(by: options.hourSpan))
        if options.isHostile { queue.push(.hostility, at: now) }
        if options.behaviour != nil { queue.push(.misbehaviour, at: now) }
        if options.lost != nil {
            let delay = TimeSpan.milliseconds(random.below(options.faultSpan.milliseconds))
            queue.push(.lose, at: now.advanced(by: delay))
        }
        if options.diskFailure != nil {
            let delay = TimeSpan.milliseconds(random.below(options.faultSpan.milliseconds))
            queue.push(.loseDisk, at: now.advanced(by: delay))
        }
        scheduleSplit()
        let healAt = now.advanced(by: options.faultSpan)
        let end = healAt.advanced(by: patience)
        while let (at, event) = queue.pop() {
            now = at
            report.events += 1
            if areFaultsOn, now >= healAt {
                areFaultsOn = false
                isSplit = false
                for peer in peers where options.clockJump != .never { setClock(of: peer) }
                tell("from here on nothing fails")
            }
            handle(event)
            if !report.violations.isEmpty { break }
            let mayEnd = isScripted ? steps.isEmpty && !isSplit : !areFaultsOn
            if mayEnd, case .check = event, isOver {
                report.finishedAt = now
                break
            }
            if now > end || isExhausted {
                report.violations.append(unfinished)
                break
            }
        }
        if options.model != nil { countWrong() } else if report.violations.isEmpty { checkEnd() }
        for violation in report.violations { tell("VIOLATION: \(violation)") }
        if report.violations.isEmpty { tell("everything is done, and all agree") }
        return report
    }

    private func handle(_ event: Event) {
        if let sleeper = sleeper(meantBy: event) {
            queue.push(event, at: sleeper.asleepUntil)
            return
        }
        switch event {
        case .message(let message, let route):
            deliver(message, route)
        case .local(let local, let index, let life):
            guard peers[index].life == life else { return }
            input(local, to: peers[index])
        case .wake(let index, let life):
            wake(peers[index], life: life)
        case .committed(let index, let life):
            guard peers[index].life == life else { return }
            committed(peers[index])
        case .computed(let order, let index, let life):
            guard peers[index].life == life else { return }
            finish(order, at: peers[index])
        case .restart(let index):
            start(peers[index])
        case .depart(let index, let life):
            depart(peers[index], life: life)
        case .leave(let index, let life):
            guard peers[index].life == life else { return }
            leave(peers[index])
        case .link(let left, let right):
            link(left, right)
        case .unlink(let left, let right):
            unlink(left, right)
        case .submit:
            submit()
        case .cancel:
            cancel()
        case .hold:
            hold()
        case .nameAnchor:
            nameAnchor()
        case .succeed:
            succeed()
        case .check:
            check()
        case .hour:
            startHour()
        case .hostility:
            harass()
        case .misbehaviour:
            misbehave()
        case .lose:
            if let index = options.lost { lose(index) }
        case .loseDisk:
            failDisk()
        case .seeRoom(let index, let life):
            guard peers[index].life == life else { return }
            seeRoom(peers[index])
        case .mend:
            mendDataset()
        case .setClock(let index):
            setClock(of: peers[index])
        case .act(let action):
            perform(action)
        case .split:
            split()
        case .heal:
            heal()
        case .silence(let left, let right, let split):
            endSilent(left, right, split: split)
        }
    }

    /// Looks at everything, and says again what the submitter wants.
    private func check() {
        if let violation = watch(report) { report.violations.append(violation) }
        if options.model == nil {
            checkNow()
            checkTraffic()
        }
        resubmit()
        resume()
        nameAgain()
        release()
        if options.model == nil { collectResults() }
        queue.push(.check, at: now.advanced(by: checkSpan))
    }

    /// What is checked grows with the peers, so in large networks it is less often.
    private var checkSpan: TimeSpan {
        guard options.model == nil else {
            return max(.milliseconds(100), now.since(Self.begin).divided(by: 200))
        }
        return .seconds(UInt64(max(1, peers.count / 64)))
    }

    /// Whether there is nothing more to wait for.
    private var isOver: Bool { options.model == nil ? isDone : isModelDone }

    /// Virtual time after the last fault within which every job must be done.
    private var patience: TimeSpan { options.model == nil ? Self.patience : modelPatience }

    /// Clocks differ a little, and records are renewed long before they expire.
    private func startHour() {
        epoch += 1
        hourBeganAt = now
        for peer in peers where peer.isUp {
            let delay = TimeSpan.milliseconds(random.below(5_000))
            let at = now.advanced(by: delay)
            let event = Event.local(.epoch(hour(at: peer)), peer: peer.index, life: peer.life)
            queue.push(event, at: at)
            guard isRecordOld(peer) else { continue }
            queue.push(
                .local(.advertise(record(of: peer)), peer: peer.index, life: peer.life),
                at: at
            )
        }
        queue.push(.hour, at: now.advanced(by: options.hourSpan))
    }

    private func submit() {
        let submitter = peers[Self.submitter]
        guard isAwake(submitter) else {
            queue.push(.submit, at: now.advanced(by: .seconds(1)))
            return
        }
        func isUnknown(_ id: ManifestID?) -> Bool {
            id.flatMap { submitter.core?.peer.progress(of: $0, at: time(at: submitter)) } == nil
        }
        if options.isReleased, isUnknown(secondID) {
            let isFirst = secondID == nil
            secondID = submitJob(isSecond: true, to: submitter)
            // The other comes later, so that it is under way when this one is released.
            let delay = TimeSpan.milliseconds(random.below(60_000))
            if isFirst { return queue.push(.submit, at: now.advanced(by: delay)) }
        }
        if isUnknown(manifestID) { manifestID = submitJob(isSecond: false, to: submitter) }
    }

    private func submitJob(isSecond: Bool, to submitter: SimulatedPeer) -> ManifestID {
        let anchors = (0...min(options.anchors, peers.count - 1)).map { peers[$0].id }.sorted()
        let fresh = oracle.manifest(
            isSecond: isSecond,
            network: network,
            project: project,
            submitter: submitter.id,
            anchors: anchors,
            epoch: hour(at: submitter),
            population: options.model?.population ?? UInt64(peers.count),
            policy: options.model?.policy ?? options.policy
        )
        // What a crash has swallowed is said again in the same words: its slot may be filled.
        let manifest = manifests[isSecond ? 1 : 0] ?? fresh
        manifests[isSecond ? 1 : 0] = manifest
        submitter.disk.hasDataset = true
        input(.submit(manifest), to: submitter)
        return ManifestID(SHA256.hash(manifest.payload))
    }

    /// A crash may have swallowed the submission: whoever submits sees that, and does it again.
    private func resubmit() {
        let submitter = peers[Self.submitter]
        guard manifestID != nil, isAwake(submitter) else { return }
        let isUnheard = jobs.contains { id in
            submitter.core?.peer.progress(of: id, at: time(at: submitter)) == nil
        }
        if isUnheard {
            submit()
        }
        plant()
    }

    /// The submitter's ringers are planted as soon as the job is known, and are not forgotten.
    private func plant() {
        let submitter = peers[Self.submitter]
        guard options.ringers > 0, let manifestID,
            let progress = submitter.core?.peer.progress(of: manifestID, at: time(at: submitter)),
            !progress.isOverForItsOwner,
            progress.ringers.planted < min(options.ringers, progress.unitCount)
        else { return }
        input(.plant(manifestID, ringers: options.ringers), to: submitter)
    }

    /// Every job that was submitted.
    var jobs: [ManifestID] { [manifestID, secondID].compactMap { $0 } }

    /// The submitter has what it wants of the second job, and says so until it is heard.
    private func release() {
        let submitter = peers[Self.submitter]
        guard let secondID, isAwake(submitter),
            submitter.core?.peer.progress(of: secondID, at: time(at: submitter))?.isComplete == true
        else { return }
        input(.release(secondID), to: submitter)
        if submitter.core?.peer.isReleased(secondID) == true { report.released += 1 }
    }

    private func cancel() {
        guard let manifestID, isAwake(peers[Self.submitter]) else {
            queue.push(.cancel, at: now.advanced(by: .seconds(1)))
            return
        }
        input(.cancel(manifestID), to: peers[Self.submitter])
    }

    private func hold() {
        guard let manifestID, isAwake(peers[Self.submitter]) else {
            queue.push(.hold, at: now.advanced(by: .seconds(1)))
            return
        }
        resumeAt = now.advanced(by: .seconds(2 + random.below(60)))
        input(.hold(manifestID), to: peers[Self.submitter])
    }

    /// A crash may have swallowed the word: it is said again until the job goes on.
    private func resume() {
        let submitter = peers[Self.submitter]
        guard let manifestID, let resumeAt, resumeAt <= now, isAwake(submitter),
            submitter.core?.peer.ledger.isHeld(manifestID) == true
        else { return }
        report.resumed += 1
        input(.resume(manifestID), to: submitter)
    }

    /// The machine after the submitter and the liars gets another key, as if somebody had run the
    /// command between two starts.
    private func succeed() {
        let peer = peers[1 + options.liars]
        guard peer.isUp else {
            queue.push(.succeed, at: now.advanced(by: .seconds(1)))
            return
        }
        report.succeeded += 1
        tell("peer \(peer.index) gets another key")
        stop(peer)
        peer.replaceKey()
        start(peer)
    }

    private func wake(_ peer: SimulatedPeer, life: UInt64) {
        guard peer.life == life, peer.isUp, peer.wakeAt == now else { return }
        peer.wakeAt = nil
        guard !fallsAsleep(peer) else { return }
        takeLeave(of: peer)
        if strikes(.bitFlip, options.bitFlip, at: peer) { flipBit(of: peer) }
        jumpClock(of: peer)
        report.note(0x57 ^ UInt64(peer.index) << 8 ^ now.nanoseconds)
        var out = Outbox()
        peer.core?.peer.tick(at: time(at: peer), into: &out)
        checkWake(of: peer, isIdle: out.effects.isEmpty)
        perform(out, of: peer)
    }
}
