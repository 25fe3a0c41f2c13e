import Primitives
import Wire

/// A short life of a network in which only what is written down goes wrong.
package struct Scenario: Sendable {
    /// What happens to the network.
    package enum Action: Sendable {
        /// A machine crashes and starts again after so many seconds.
        case crash(Int, seconds: UInt64)
        /// A machine stands still for so many seconds.
        case sleep(Int, seconds: UInt64)
        /// A machine is never seen again.
        case lose(Int)
        /// Nothing passes between these machines and the others for so many seconds.
        case split([Int], seconds: UInt64)
    }

    /// What it shows.
    package let title: String
    /// How it is laid out.
    package let options: Options
    /// Each action, as soon as the story has a line with that text; one after the other.
    package let steps: [(text: String, action: Action)]

    /// A scenario of `peers` machines: the first one submits a job; from the second one on, so many
    /// lie, and so many are anchors; `change` changes its options.
    package init(
        _ title: String,
        seed: UInt64 = 1,
        peers: Int = 5,
        units: UInt32 = 2,
        liars: Int = 0,
        anchors: Int = 0,
        change: (inout Options) -> Void = { _ in },
        steps: [(text: String, action: Action)]
    ) {
        self.title = title
        self.steps = steps
        var options = Options(
            quiet: seed,
            peers: peers,
            units: units,
            liars: liars,
            anchors: anchors
        )
        change(&options)
        self.options = options
    }

    /// What happens, line by line, with what it came to at the end.
    package func story() -> (lines: [String], report: Report) {
        var lines: [String] = []
        let report = World(self) { lines.append($0) }.run()
        return (lines, report)
    }
}

extension Scenario {
    /// An `adaptive` job, in which trust is earned within the hours of a short life; peer 1 tells
    /// the truth about four units and lies after that.
    package static func audit(_ title: String) -> Scenario {
        Scenario(
            title,
            seed: 4,
            peers: 7,
            units: 24,
            liars: 1,
            anchors: 0,
            change: { options in
                options.policy = .adaptive
                options.isTrustQuick = true
                options.seniorsMin = 3
                options.audits = Ratio(1, of: 2)
                options.hourSpan = .seconds(15)
                options.work = .seconds(4)
                options.liesAfter = 4
            },
            steps: []
        )
    }
}

extension Scenario {
    /// A worker that the project names an anchor when its job is under way, and that comes before
    /// the submitter among the job's stewards for that.
    package static func naming(_ title: String) -> Scenario {
        Scenario(
            title,
            seed: 2,
            units: 24,
            change: { options in
                options.named = 3
                options.work = .seconds(4)
            },
            steps: []
        )
    }
}

extension Scenario {
    /// A machine, the last one, that promises two things wherever it promises something.
    package static func fault(_ title: String) -> Scenario {
        Scenario(
            title,
            peers: 6,
            units: 6,
            change: { options in
                options.behaviour = .equivocates
                options.byzantine = 1
                options.work = .seconds(4)
            },
            steps: []
        )
    }

    /// Two machines, the last ones, that tell one lie, and that have both seats of a unit which the
    /// submitter finds out by itself.
    package static func ringer(_ title: String) -> Scenario {
        Scenario(
            title,
            seed: 2,
            peers: 4,
            units: 1,
            change: { options in
                options.behaviour = .liesTogether
                options.byzantine = 2
                options.ringers = 1
                options.work = .seconds(4)
            },
            steps: []
        )
    }
}

extension World {
    /// Looks for the text that the next step of a scenario waits for.
    func act(on line: String) {
        guard let step = steps.first, line.contains(step.text) else { return }
        steps.removeFirst()
        queue.push(.act(step.action), at: now)
    }

    func perform(_ action: Scenario.Action) {
        switch action {
        case .crash(let index, let seconds):
            report.crashes += 1
            tell("peer \(index) crashes")
            stop(peers[index])
            queue.push(.restart(peer: index), at: now.advanced(by: .seconds(seconds)))
        case .sleep(let index, let seconds):
            fallAsleep(peers[index], for: .seconds(seconds))
        case .lose(let index):
            lose(index)
        case .split(let side, let seconds):
            farSide = PeerSet(of: peers.count)
            for index in side { farSide.insert(index) }
            split(for: .seconds(seconds))
        }
    }
}
