import Membership
package import Primitives
package import Wire

/// What a job would take: the very core computes it in virtual time, on machines of given speeds.
///
/// Large jobs are scaled down: first machines and units by the same factor, which leaves the time
/// as it is, and then the units alone, whose rest goes on at the pace of the middle of the run.
package struct Forecast: Hashable, Sendable {
    /// Units of the job.
    package let unitCount: UInt32
    /// Operations of each unit.
    package let operationsPerUnit: UInt64
    /// Seconds that a unit may take, as its manifest would state.
    package let secondsPerUnit: UInt64
    /// The machines that compute; the submitter comes beside them, and computes only what it is
    /// asked to rule on.
    package let machines: [JobModel.Machine]
    /// Machines that leave in an hour.
    package let churn: Ratio
    /// Results of a faulty machine that are wrong.
    package let errors: Ratio
    /// What chance follows from.
    package let seed: UInt64
    /// Events that a prediction may take; what would take more is scaled down.
    package let eventsMax: UInt64

    /// A forecast with every field given; a job has a unit, and there is a machine.
    package init(
        unitCount: UInt32,
        operationsPerUnit: UInt64,
        secondsPerUnit: UInt64,
        machines: [JobModel.Machine],
        churn: Ratio = .never,
        errors: Ratio = Ratio(1, of: 10),
        seed: UInt64 = 0,
        eventsMax: UInt64 = Self.eventsMax
    ) {
        precondition(unitCount > 0 && !machines.isEmpty, "somebody must have something to do")
        self.unitCount = unitCount
        self.operationsPerUnit = operationsPerUnit
        self.secondsPerUnit = secondsPerUnit
        self.machines = machines
        self.churn = churn
        self.errors = errors
        self.seed = seed
        self.eventsMax = eventsMax
    }

    /// What is expected of one policy.
    package struct Prediction: Hashable, Sendable {
        /// How results are trusted.
        package let policy: Policy
        /// From the submission until the submitter has every result; nil when it never would.
        package let span: TimeSpan?
        /// Thousandths of a result that are computed for each unit.
        package let milliReplicas: UInt64
        /// Operations of all results, also of those that came to nothing.
        package let operations: UInt64
        /// Those beyond one result of each unit.
        package let overhead: UInt64
        /// Units whose certified result would be wrong.
        package let wrong: UInt64
        /// Units that were simulated.
        package let simulatedUnits: UInt32
        /// Machines that computed them.
        package let simulatedMachines: Int
    }

    /// Simulates the job with `policy`.
    package func predict(_ policy: Policy) -> Prediction {
        let (step, units) = scale
        let fleet = stride(from: 0, to: machines.count, by: step).map { machines[$0] }
        // It claims nothing, and computes what it must rule on.
        let submitter = JobModel.Machine(places: 0, speed: machines[machines.count / 2].speed)
        let model = JobModel(
            operationsPerUnit: operationsPerUnit,
            secondsPerUnit: secondsPerUnit,
            policy: policy,
            machines: [submitter] + fleet,
            churn: churn,
            errors: errors
        )
        let world = World(Options(model, seed: seed, units: units))
        let report = world.run()
        let outcome = world.modelReport
        // Of machines and units of which one in so many was taken, the units that remain to do.
        let share = max(UInt64(units), UInt64(unitCount) / UInt64(step))
        let certified = UInt64(outcome.course.last.map(\.certified) ?? 0)
        let done = certified > 0 ? certified : UInt64(units)
        let operations = scaled(outcome.operations, by: UInt64(unitCount), of: done)
        let useful = saturatingProduct(operationsPerUnit, UInt64(unitCount))
        return Prediction(
            policy: policy,
            span: report.violations.isEmpty ? outcome.span(of: share, seen: units) : nil,
            milliReplicas: outcome.results * 1_000 / done,
            operations: operations,
            overhead: operations > useful ? operations - useful : 0,
            wrong: scaled(outcome.wrong, by: UInt64(unitCount), of: done),
            simulatedUnits: units,
            simulatedMachines: fleet.count
        )
    }

    /// Each how many-th machine takes part, and how many units.
    private var scale: (step: Int, units: UInt32) {
        var step = 1
        while cost(step: step) * UInt64(unitCount) / UInt64(step) > eventsMax,
            machines.count / (2 * step) >= Self.machinesMin
        {
            step *= 2
        }
        let affordable = max(Self.unitsMin, eventsMax / cost(step: step))
        let share = max(1, UInt64(unitCount) / UInt64(step))
        return (step, UInt32(min(share, affordable)))
    }

    /// Events that a unit causes: its certificate and its opening go over all links.
    private func cost(step: Int) -> UInt64 {
        let count = UInt64(machines.count / step + 1)
        return 50 + 2 * count * min(count, UInt64(RingShape.standard.meshMax))
    }

    /// Events of some seconds.
    package static let eventsMax: UInt64 = 1_000_000
    /// Machines and units that are never fewer, if the job has as many.
    private static let machinesMin = 16
    private static let unitsMin: UInt64 = 64

    private func scaled(_ number: UInt64, by factor: UInt64, of divisor: UInt64) -> UInt64 {
        let product = number.multipliedFullWidth(by: factor)
        guard product.high < divisor else { return .max }
        return divisor.dividingFullWidth(product).quotient
    }
}

extension ModelReport {
    /// How long `count` units take, of which `seen` were computed: the rest goes on at the pace of
    /// the middle of the run, without its slow beginning and end.
    func span(of count: UInt64, seen: UInt32) -> TimeSpan? {
        guard let last = course.last else { return nil }
        let rest = count - min(count, UInt64(seen))
        guard rest > 0 else { return last.at }
        guard let first = course.first(where: { $0.certified >= seen / 4 }),
            let then = course.first(where: { $0.certified >= seen / 4 * 3 }),
            then.certified > first.certified
        else { return nil }
        let middle = then.at.since(first.at).nanoseconds
        let perUnit = middle / UInt64(then.certified - first.certified)
        return TimeSpan(
            nanoseconds: saturatingSum(last.at.nanoseconds, saturatingProduct(perUnit, rest))
        )
    }
}

extension TimeSpan {
    /// What remains of this length after `other`.
    fileprivate func since(_ other: TimeSpan) -> TimeSpan {
        TimeSpan(nanoseconds: nanoseconds - min(nanoseconds, other.nanoseconds))
    }
}

extension JobModel.Machine {
    /// `count` machines with so many places, half to twice as fast as `speed`, of which a share is
    /// faulty.
    package static func drawn(
        _ count: Int,
        places: Int,
        speed: UInt64,
        faulty: Ratio,
        seed: UInt64
    ) -> [JobModel.Machine] {
        var random = PRNG(seed: seed ^ 0x666c_6565_7400)
        var left = (UInt64(count) * faulty.numerator + faulty.denominator / 2) / faulty.denominator
        return (0..<count).map { index in
            // Any choice of so many among the rest is as likely as another.
            let isFaulty = random.below(UInt64(count - index)) < left
            if isFaulty { left -= 1 }
            let eighths = 4 + random.below(13)
            return JobModel.Machine(
                places: places,
                speed: max(1, speed / 8 * eighths),
                isFaulty: isFaulty
            )
        }
    }
}
