package import Primitives
package import Wire

/// A job, and the machines that would compute it, as far as its time and cost follow from them.
package struct JobModel: Hashable, Sendable {
    /// A machine that computes.
    package struct Machine: Hashable, Sendable {
        /// Bundles that it computes at once.
        package let places: Int
        /// Operations per second of one place.
        package let speed: UInt64
        /// Whether some of its results are wrong.
        package let isFaulty: Bool

        /// A machine of so many places, each of the same speed.
        package init(places: Int, speed: UInt64, isFaulty: Bool = false) {
            self.places = places
            self.speed = speed
            self.isFaulty = isFaulty
        }
    }

    /// Operations of each unit.
    package let operationsPerUnit: UInt64
    /// Seconds that a unit may take, as its manifest states.
    package let secondsPerUnit: UInt64
    /// How results are trusted.
    package let policy: Policy
    /// The submitter, which may have no place, and then the others.
    package let machines: [Machine]
    /// Machines that leave in an hour; each comes back after up to 20 minutes.
    package let churn: Ratio
    /// Results of a faulty machine that are wrong.
    package let errors: Ratio

    /// A model with every field given.
    package init(
        operationsPerUnit: UInt64,
        secondsPerUnit: UInt64,
        policy: Policy,
        machines: [Machine],
        churn: Ratio,
        errors: Ratio
    ) {
        self.operationsPerUnit = operationsPerUnit
        self.secondsPerUnit = secondsPerUnit
        self.policy = policy
        self.machines = machines
        self.churn = churn
        self.errors = errors
    }

    /// Peers that the job is made for, as its tickets count them; in a small grid a draw would
    /// only make them wait.
    var population: UInt64 {
        machines.count <= Trust.smallGridPeers ? 1 : UInt64(machines.count)
    }

    /// Operations per second of all machines.
    package var speed: UInt64 {
        machines.reduce(0) { saturatingSum($0, saturatingProduct($1.speed, UInt64($1.places))) }
    }
}

extension Options {
    /// A network in which nothing goes wrong but what `model` says, with one job of `units`.
    init(_ model: JobModel, seed: UInt64, units: UInt32) {
        self.init(
            quiet: seed,
            peers: model.machines.count,
            units: units,
            liars: 0,
            anchors: 0
        )
        self.model = model
        isFixed = true
        throughBytes = false
        faultSpan = .zero
    }
}

/// What the life of a modelled job came to.
struct ModelReport: Hashable, Sendable {
    /// Operations that machines have spent, also on what came to nothing.
    var operations: UInt64 = 0
    /// Results that were computed whole.
    var results: UInt64 = 0
    /// Results that were wrong, and units whose certificate is.
    var faults: UInt64 = 0
    var wrong: UInt64 = 0
    /// Times that a machine left.
    var leaves: UInt64 = 0
    /// How many units were certified when.
    var course: [Course] = []

    struct Course: Hashable, Sendable {
        let at: TimeSpan
        let certified: UInt32
    }
}
