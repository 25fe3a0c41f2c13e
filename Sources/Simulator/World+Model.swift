import PeerCore
import Primitives
import Wire

/// Machines of a modelled job: their speeds, what they spend, and their comings and goings.
extension World {
    /// An order that a machine computes.
    struct Running {
        let since: Instant
        let operations: UInt64
        let speed: UInt64
    }

    /// The longest that a machine stays away.
    private static let awayMax = TimeSpan.seconds(1_200)
    private static let hour = TimeSpan.seconds(3_600)

    /// The machine that stands for a peer.
    func modelled(_ peer: SimulatedPeer) -> JobModel.Machine? {
        options.model?.machines[peer.index]
    }

    /// What an order takes at a modelled machine, noted as begun.
    func beginModelled(_ order: WorkOrder, at peer: SimulatedPeer) -> TimeSpan? {
        guard let machine = modelled(peer), let model = options.model else { return nil }
        let speed = max(1, machine.speed)
        let operations = saturatingProduct(UInt64(order.units.count), model.operationsPerUnit)
        peer.running[order.number] = Running(since: now, operations: operations, speed: speed)
        let (whole, rest) = operations.quotientAndRemainder(dividingBy: speed)
        let fraction = rest.multipliedFullWidth(by: 1_000_000_000)
        let nanoseconds = speed.dividingFullWidth(fraction).quotient
        return TimeSpan(
            nanoseconds: saturatingSum(TimeSpan.seconds(whole).nanoseconds, nanoseconds)
        )
    }

    /// Whether an order was not stopped meanwhile; what it took is spent.
    func endModelled(_ order: WorkOrder, at peer: SimulatedPeer) -> Bool {
        guard options.model != nil else { return true }
        guard let running = peer.running.remove(order.number) else { return false }
        modelReport.operations = saturatingSum(modelReport.operations, running.operations)
        modelReport.results += UInt64(order.units.count)
        return true
    }

    /// What was spent on an order that is stopped.
    func stopModelled(_ order: UInt64, at peer: SimulatedPeer) {
        guard let running = peer.running.remove(order) else { return }
        let milliseconds = now.since(running.since).milliseconds
        let spent = saturatingProduct(running.speed, milliseconds) / 1_000
        modelReport.operations = saturatingSum(
            modelReport.operations,
            min(spent, running.operations)
        )
    }

    /// Whether the next result of a machine is wrong.
    func isWrongNow(_ peer: SimulatedPeer) -> Bool {
        guard let model = options.model else { return lies(peer) }
        guard model.machines[peer.index].isFaulty, random.chance(model.errors) else { return false }
        modelReport.faults += 1
        return true
    }

    // MARK: - Coming and going

    /// When a machine leaves next: any second of the coming hours is as likely as another.
    func scheduleLeave(of peer: SimulatedPeer) {
        guard let churn = options.model?.churn, churn.numerator > 0,
            peer.index != Self.submitter
        else { return }
        var seconds: UInt64 = 0
        // A minute at a time, until it happens.
        let perMinute = Ratio(churn.numerator, of: saturatingProduct(churn.denominator, 60))
        while !random.chance(perMinute), seconds < Self.hour.times(1_000).milliseconds / 1_000 {
            seconds += 60
        }
        queue.push(
            .leave(peer: peer.index, life: peer.life),
            at: now.advanced(by: .milliseconds(seconds * 1_000 + random.below(60_000)))
        )
    }

    /// A machine leaves with what it was computing, and comes back with what it kept.
    func leave(_ peer: SimulatedPeer) {
        modelReport.leaves += 1
        for order in peer.running.keys { stopModelled(order, at: peer) }
        stop(peer)
        let span = TimeSpan.milliseconds(1 + random.below(Self.awayMax.milliseconds))
        queue.push(.restart(peer: peer.index), at: now.advanced(by: span))
    }

    /// Links a machine that has come back to those that it had links to.
    func relink(_ peer: SimulatedPeer) {
        for (left, right) in fixedPairs where left == peer.index || right == peer.index {
            dial(from: left, to: right)
        }
    }

    // MARK: - The end

    /// Time after which a modelled job is given up: many times as long as all machines together,
    /// or the slowest for one unit, would need, and some hours.
    var modelPatience: TimeSpan {
        guard let model = options.model else { return .zero }
        let operations = saturatingProduct(model.operationsPerUnit, UInt64(options.units))
        let slowest = model.machines.filter { $0.places > 0 }.map(\.speed).min() ?? 1
        let seconds = saturatingSum(
            operations / max(1, model.speed),
            model.operationsPerUnit / max(1, slowest)
        )
        return .seconds(saturatingSum(saturatingProduct(seconds, 30), 4 * 3_600))
    }

    /// Whether a modelled job takes more than anybody would wait for.
    var isExhausted: Bool { options.model != nil && report.events > Self.modelEventsMax }

    /// Events of a modelled job at most: ten seconds or so.
    private static let modelEventsMax: UInt64 = 3_000_000

    /// Whether the submitter has the certificate and the result of every unit; what there is to
    /// see of that until then is noted.
    var isModelDone: Bool {
        let submitter = peers[Self.submitter]
        guard let manifestID,
            let progress = submitter.core?.peer.progress(of: manifestID, at: time(at: submitter))
        else { return false }
        modelReport.course.append(
            ModelReport.Course(at: now.since(Self.begin), certified: progress.certified)
        )
        let settled = progress.held + progress.disputed
        return progress.certified == progress.unitCount && settled == progress.unitCount
    }

    /// Units that the submitter takes for certified with another result than the true one.
    func countWrong() {
        guard let manifestID else { return }
        let verdicts = peers[Self.submitter].core?.peer.verdicts(of: manifestID) ?? []
        modelReport.wrong = UInt64(
            verdicts.count { $0.core != oracle.truth(of: $0.unit, crypto: crypto) }
        )
    }
}
