import PeerNode
import Primitives
import Simulator
import Wire
import WorkUnits

/// What a job would cost.
struct EstimateReport: Codable, Sendable {
    let units: Int
    let replicas: Int
    /// Operations of all replicas.
    let operations: UInt64
    let datasetBytes: UInt64
    /// What this machine would send to others.
    let transferBytes: UInt64
    /// Peers that could compute, now.
    let donors: Int
    /// How long they would take; missing when they are too few.
    let seconds: Double?
    /// Operations of the largest unit.
    let operationsPerUnit: UInt64
    /// What the donors offer.
    let offers: [Offer]
    /// What a simulation of the job on them comes to; missing when they are too few.
    private(set) var prediction: Prediction?

    /// What one donor offers.
    struct Offer: Codable, Sendable {
        let cores: Int
        /// Of each core.
        let operationsPerSecond: UInt64
    }

    /// What the job would take on these donors, as the simulator has it.
    struct Prediction: Codable, Sendable {
        let seconds: Double
        /// Results that are computed for each unit, also those that come to nothing.
        let replicas: Double
        /// Operations of all of them.
        let operations: UInt64
        /// Units that were simulated to say so.
        let simulatedUnits: Int
    }

    init(_ estimate: JobEstimate) {
        units = estimate.unitCount
        replicas = estimate.replicas
        operations = estimate.operations
        datasetBytes = estimate.datasetByteCount
        transferBytes = estimate.transferByteCount
        donors = estimate.donors.count
        operationsPerUnit = estimate.operationsPerUnit
        offers = estimate.donors.map { donor in
            Offer(cores: donor.cores, operationsPerSecond: donor.operationsPerSecond)
        }
        seconds = estimate.span.map { Double($0.nanoseconds) / 1e9 }
    }

    /// Simulates the job on the donors that are known, with nobody who leaves or is wrong.
    mutating func predict(_ policy: Policy) {
        guard seconds != nil, units > 0 else { return }
        let forecast = Forecast(
            unitCount: UInt32(units),
            operationsPerUnit: operationsPerUnit,
            secondsPerUnit: UnitTime.seconds(operations: operationsPerUnit),
            machines: offers.map { offer in
                JobModel.Machine(places: offer.cores, speed: max(1, offer.operationsPerSecond))
            }
        )
        let predicted = forecast.predict(policy)
        guard let span = predicted.span else { return }
        prediction = Prediction(
            seconds: Double(span.milliseconds) / 1_000,
            replicas: Double(predicted.milliReplicas) / 1_000,
            operations: predicted.operations,
            simulatedUnits: Int(predicted.simulatedUnits)
        )
    }
}

extension EstimateReport {
    var text: String {
        let time =
            seconds.map { "about \(Printable.span(seconds: $0)) on \(donors) donors known now" }
            ?? "no end: it needs \(Printable.count(replicas, "donor")), and knows \(donors) now"
        return """
            units       \(units), each computed \(Printable.times(replicas))
            operations  \(Printable.figure(operations, "op")) in all
            data        \(Printable.figure(datasetBytes, "B")), \
            of which this machine sends \(Printable.figure(transferBytes, "B"))
            time        \(time)
            """ + simulated
    }

    private var simulated: String {
        guard let prediction else { return "" }
        return """

            simulated   \(Printable.span(seconds: prediction.seconds)), \
            \(Printable.decimals(prediction.replicas, 2)) results a unit, \
            \(Printable.figure(prediction.operations, "op")) in all
            """
    }
}
