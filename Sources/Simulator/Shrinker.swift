import Primitives

/// Makes a life that fails smaller, as long as it fails in the same way.
///
/// ```
/// options off, one by one ─▶ fewer peers, units, seconds ─▶ mishaps cut by halves, quarters, … ─┐
///        ▲                         something became smaller                                     │
///        └──────────────────────────────────────────────────────────────────────────────────────┘
/// ```
/// - Source: A. Zeller and R. Hildebrandt, "Simplifying and Isolating Failure-Inducing Input",
///   IEEE Transactions on Software Engineering 28(2), 2002: *ddmin*.
package struct Shrinker {
    /// The smallest life so far that fails.
    package private(set) var script: Script
    /// How it fails.
    package let failure: String
    /// Lives that were tried.
    package private(set) var attempts = 1
    private let attemptsMax: Int
    private let run: (Script) -> (failure: String?, mishaps: [Mishap])

    /// A shrinker of `script`, or nil when that life does not fail.
    ///
    /// `run` plays a life and says how it fails, if it does, and what went wrong in it.
    package init?(
        _ script: Script,
        attemptsMax: Int,
        run: @escaping (Script) -> (failure: String?, mishaps: [Mishap])
    ) {
        let (failure, mishaps) = run(script)
        guard let failure else { return nil }
        self.failure = failure
        self.attemptsMax = attemptsMax
        self.run = run
        self.script = Script(script.options, mishaps: mishaps)
    }

    /// Shrinks until nothing can be left out, or until it has tried as often as it may.
    package mutating func shrink() {
        var before: Script
        repeat {
            before = script
            switchOptionsOff()
            shrinkSizes()
            cutMishaps()
        } while script != before && attempts < attemptsMax
    }

    /// Takes `candidate` if it fails in the same way; of its mishaps those that happened.
    private mutating func take(_ candidate: Script) -> Bool {
        guard attempts < attemptsMax, candidate.options.isPossible else { return false }
        attempts += 1
        let (failure, mishaps) = run(candidate)
        guard failure == self.failure else { return false }
        script = Script(candidate.options, mishaps: mishaps)
        return true
    }

    private mutating func switchOptionsOff() {
        let sizes = ["seed", "peers", "units", "fault-span"]
        let quiet = Options(quiet: 0, peers: 0, units: 0, liars: 0, anchors: 0)
        for field in Options.fields where !sizes.contains(field.name) {
            guard field.read(script.options) != field.read(quiet) else { continue }
            var candidate = script
            if field.write(&candidate.options, field.read(quiet)) { _ = take(candidate) }
        }
    }

    private mutating func shrinkSizes() {
        for path in [\Options.peers, \.chunks] {
            while smaller({ $0[keyPath: path] /= 2 }) || smaller({ $0[keyPath: path] -= 1 }) {}
        }
        while smaller({ $0.units /= 2 }) || smaller({ $0.units -= 1 }) {}
        while smaller({ $0.faultSpan = $0.faultSpan.divided(by: 2) }) {}
    }

    private mutating func smaller(_ change: (inout Options) -> Void) -> Bool {
        var candidate = script
        change(&candidate.options)
        return take(candidate)
    }

    /// Leaves out parts of the mishaps: halves, then ever smaller ones, down to one.
    private mutating func cutMishaps() {
        if take(Script(script.options, mishaps: [])) { return }
        var partCount = 2
        while let mishaps = script.mishaps, mishaps.count > 1 {
            partCount = min(partCount, mishaps.count)
            if cutOne(of: partCount, mishaps) {
                partCount = max(partCount - 1, 2)
            } else {
                guard partCount < mishaps.count, attempts < attemptsMax else { return }
                partCount *= 2
            }
        }
    }

    /// Leaves out the first of so many parts that is not needed.
    private mutating func cutOne(of partCount: Int, _ mishaps: [Mishap]) -> Bool {
        for part in 0..<partCount {
            let low = mishaps.count * part / partCount
            let high = mishaps.count * (part + 1) / partCount
            let rest = Array(mishaps[..<low] + mishaps[high...])
            if take(Script(script.options, mishaps: rest)) { return true }
        }
        return false
    }
}

extension Report {
    /// What the first violation says, without its numbers: two lives that agree in it fail in the
    /// same way.
    package var failure: String? {
        guard let line = violations.first?.split(separator: "\n").first else { return nil }
        let words = line.split(separator: " ").map { word in
            word.contains { $0.isNumber } ? "#" : String(word)
        }
        return words.joined(separator: " ")
    }
}
