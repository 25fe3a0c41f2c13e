import Ledger
import Membership
import PeerCore
import Primitives
import Wire
import WorkUnits

/// The edges of the documented machines, each of which a campaign must see, by the page's words.
package let transitionNames = Transition.allCases.map(\.rawValue)

/// An edge of a machine of docs/PROTOCOL.md.
enum Transition: String, CaseIterable {
    case roundBegins = "round begins"
    case furtherRoundBegins = "round of one more voter begins"
    case roundCloses = "round leasing to closing"
    case roundReveals = "round closing to revealing"
    case roundEnds = "round revealing to closed"
    case roundEndsInPart = "round revealing to closed without a result"
    case loneRoundEnds = "round of one seat leasing to closed"
    case roundIsGivenUp = "round leasing to closed without a result"
    case roundIsForgotten = "round forgotten"
    case seatIsLeased = "seat free to leased"
    case seatReopens = "seat leased to free"
    case seatIsDoubled = "seat leased to doubled"
    case seatChangesHands = "seat doubled to its second worker's"
    case seatCommits = "seat leased to committed"
    case seatReveals = "seat committed to revealed"
    case loneSeatReveals = "seat leased to revealed"
    case bundleIsLeased = "bundle leased"
    case bundleFetches = "bundle preparing to fetching"
    case bundleIsHereAtOnce = "bundle preparing to running"
    case bundleRuns = "bundle fetching to running"
    case bundleIsSealed = "bundle running to sealed"
    case bundleIsKnown = "bundle leased and sealed at once"
    case bundleWaits = "bundle sealed to waiting"
    case loneBundleReveals = "bundle sealed to revealing"
    case bundleReveals = "bundle waiting to revealing"
    case bundleIsRevealed = "bundle revealing to revealed"
    case bundleIsDone = "bundle revealed and over"
    case bundleIsRefused = "bundle preparing and over"
    case bundleIsLeft = "bundle fetching and over"
    case bundleIsStopped = "bundle running and over"
    case bundleIsGivenUp = "bundle waiting and over"
    case unitIsSealed = "verdict open to sealed"
    case unitIsCertified = "verdict open to certified"
    case unitIsOpened = "verdict sealed to certified"
    case unitIsFinal = "verdict certified to final"
    case unitIsProvisionalAgain = "verdict final to certified"
}

/// What a machine's rounds, bundles and verdicts were when its core last had an input.
struct Stages {
    fileprivate var rounds = SortedTable<RoundName, Round>()
    fileprivate var bundles = SortedTable<BundleKey, BundleView.Stage>()
    fileprivate var verdicts = SortedTable<UnitKey, VerdictStage>()

    fileprivate struct RoundName: Comparable {
        let shard: ShardKey
        let round: RoundKey

        static func < (left: RoundName, right: RoundName) -> Bool {
            (left.shard, left.round) < (right.shard, right.round)
        }
    }

    fileprivate enum VerdictStage {
        case open, sealed, disputed, certified, final
    }
}

extension World {
    /// One life in so many is observed: it takes a look at everything after each input.
    private static let observedStride: UInt64 = 8

    var isObserved: Bool {
        options.seed % Self.observedStride == 0 && !options.isFixed
    }

    /// Counts the edges that a peer's machines have gone along in its last input.
    func observe(_ peer: SimulatedPeer) {
        guard isObserved, let stages = stages(of: peer) else { return }
        let before = peer.stages
        peer.stages = stages
        guard let before else { return }
        compareRounds(before, stages, of: peer)
        compareBundles(before, stages, of: peer)
        for (unit, stage) in stages.verdicts {
            guard let earlier = before.verdicts[unit], earlier != stage else { continue }
            count(verdict(from: earlier, to: stage))
        }
    }

    private func count(_ transition: Transition?) {
        guard let transition, let index = Transition.allCases.firstIndex(of: transition) else {
            return
        }
        report.transitions[index] += 1
    }

    private func stages(of peer: SimulatedPeer) -> Stages? {
        guard let steward = peer.core?.peer.steward, let ledger = peer.core?.peer.ledger,
            let bundles = peer.core?.peer.worker.bundleViews,
            let settle = peer.core?.peer.hubs.settleSpan
        else { return nil }
        var stages = Stages()
        for (key, desk) in steward.desks {
            for (name, round) in desk.rounds {
                stages.rounds[Stages.RoundName(shard: key, round: name)] = round
            }
        }
        for bundle in bundles {
            let round = RoundKey(number: bundle.round, firstUnit: bundle.units[0])
            let key = BundleKey(manifest: bundle.manifest, steward: bundle.steward, round: round)
            stages.bundles[key] = bundle.stage
        }
        let now = time(at: peer)
        for (id, manifest) in ledger.manifests where jobs.contains(id) {
            for unit in 0..<manifest.body.unitCount {
                let verdict = ledger.verdict(on: unit, of: id)
                let isFinal = verdict.isFinal(at: now, settle: settle)
                let stage: Stages.VerdictStage =
                    switch verdict {
                    case .open: .open
                    case .sealed: .sealed
                    case .disputed: .disputed
                    case .certified: isFinal ? .final : .certified
                    }
                stages.verdicts[UnitKey(manifest: id, unit: unit)] = stage
            }
        }
        return stages
    }

    // MARK: - Rounds

    private func compareRounds(_ before: Stages, _ after: Stages, of peer: SimulatedPeer) {
        for (name, round) in after.rounds {
            guard let earlier = before.rounds[name] else {
                count(round.isFirstVote ? .roundBegins : .furtherRoundBegins)
                for seat in round.seats where seat.occupant != nil { count(.seatIsLeased) }
                continue
            }
            compareSeats(earlier, round, of: peer)
            guard earlier.phase != round.phase else { continue }
            guard let edge = edge(from: earlier, to: round) else {
                let edge = "\(earlier.phase) to \(round.phase)"
                report.violations.append("a round of peer \(peer.index) goes from \(edge)")
                continue
            }
            for transition in edge { count(transition) }
        }
        for name in before.rounds.keys where !after.rounds.contains(name) {
            count(.roundIsForgotten)
        }
    }

    /// The edges from one phase to another, which may be several; nil when there is no way.
    private func edge(from earlier: Round, to round: Round) -> [Transition]? {
        let isRevealed = round.seats.allSatisfy { $0.occupant?.revealed != nil }
        switch (earlier.phase, round.phase) {
        case (.leasing, .closing): return [.roundCloses]
        case (.closing, .revealing): return [.roundReveals]
        // After a restart the set is found to be signed.
        case (.leasing, .revealing): return [.roundCloses, .roundReveals]
        case (.revealing, .closed): return [isRevealed ? .roundEnds : .roundEndsInPart]
        case (.leasing, .closed): return [isRevealed ? .loneRoundEnds : .roundIsGivenUp]
        // Another steward has certified all of its units.
        case (.closing, .closed): return []
        case (.closing, .leasing), (.revealing, .leasing), (.revealing, .closing),
            (.closed, .leasing), (.closed, .closing), (.closed, .revealing),
            (.leasing, .leasing), (.closing, .closing), (.revealing, .revealing),
            (.closed, .closed):
            return nil
        }
    }

    private func compareSeats(_ before: Round, _ after: Round, of peer: SimulatedPeer) {
        if after.duplicate != nil, before.duplicate == nil { count(.seatIsDoubled) }
        for (old, new) in zip(before.seats, after.seats) where old.occupant != new.occupant {
            guard let earlier = old.occupant else {
                count(.seatIsLeased)
                continue
            }
            guard let occupant = new.occupant, occupant.worker == earlier.worker else {
                let second = before.duplicate?.occupant.worker
                let isSecond = second != nil && second == new.occupant?.worker
                count(isSecond ? .seatChangesHands : .seatReopens)
                if new.occupant != nil, !isSecond { count(.seatIsLeased) }
                if earlier.commit != nil {
                    report.violations.append("peer \(peer.index) forgets a promise")
                }
                continue
            }
            if occupant.revealed != nil, earlier.revealed == nil {
                count(earlier.commit == nil ? .loneSeatReveals : .seatReveals)
            } else if occupant.commit != nil, earlier.commit == nil {
                count(.seatCommits)
            }
        }
    }

    // MARK: - Bundles and verdicts

    private func compareBundles(_ before: Stages, _ after: Stages, of peer: SimulatedPeer) {
        for (key, stage) in after.bundles {
            guard let earlier = before.bundles[key] else {
                count(stage == .preparing ? .bundleIsLeased : .bundleIsKnown)
                continue
            }
            count(bundle(from: earlier, to: stage))
        }
        for (key, stage) in before.bundles where !after.bundles.contains(key) {
            switch stage {
            case .preparing: count(.bundleIsRefused)
            case .fetching: count(.bundleIsLeft)
            case .running: count(.bundleIsStopped)
            case .waiting: count(.bundleIsGivenUp)
            case .revealed: count(.bundleIsDone)
            case .sealed, .revealing: break
            }
        }
    }

    private func bundle(
        from earlier: BundleView.Stage,
        to stage: BundleView.Stage
    ) -> Transition? {
        switch (earlier, stage) {
        case (.preparing, .fetching): .bundleFetches
        case (.preparing, .running): .bundleIsHereAtOnce
        case (.fetching, .running): .bundleRuns
        case (.running, .sealed): .bundleIsSealed
        case (.sealed, .waiting): .bundleWaits
        case (.sealed, .revealing): .loneBundleReveals
        case (.waiting, .revealing): .bundleReveals
        case (.revealing, .revealed): .bundleIsRevealed
        default: nil
        }
    }

    private func verdict(
        from earlier: Stages.VerdictStage,
        to stage: Stages.VerdictStage
    ) -> Transition? {
        switch (earlier, stage) {
        case (.open, .sealed): .unitIsSealed
        case (.open, .certified): .unitIsCertified
        case (.sealed, .certified): .unitIsOpened
        case (.certified, .final): .unitIsFinal
        case (.final, .certified): .unitIsProvisionalAgain
        default: nil
        }
    }
}
