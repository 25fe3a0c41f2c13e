import ArgumentParser
import JobFiles
import Primitives
import Simulator
import Wire
import WorkUnits

extension StarlingSim {
    /// Predicts what a job would take.
    struct Job: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Predict time, replicas and cost of a job by each policy.",
            discussion: """
                The job file is the one that starling submit takes. The code that peers run \
                computes it in virtual time, on peers half to twice as fast as --speed.

                Example:
                  starling-sim job job.yaml --peers 100
                  starling-sim job job.yaml --peers 100 --churn 20% --faulty 5% --json
                """
        )

        @Argument(help: "A job file in YAML.", completion: .file(extensions: ["yaml", "yml"]))
        var jobFile: String

        @Option(help: "Peers that compute, 1 to 10000.")
        var peers = 20

        @Option(help: "Peers that leave in an hour, as 20% or 0.2; they come back after a while.")
        var churn = Share.none

        @Option(help: "Peers that are faulty, as 5% or 0.05.")
        var faulty = Share.none

        @Option(help: "Results of a faulty peer that are wrong, as 10% or 0.1.")
        var errorRate = Share(ratio: Ratio(1, of: 10))

        @Option(help: "Units that a peer computes at once, 1 to 64.")
        var cores = 2

        @Option(help: "Operations per second of a core, as 5e8.")
        var speed = 5e8

        @Option(help: "What chance follows from.")
        var seed: UInt64 = 0

        @Flag(help: "Print one JSON object.")
        var json = false

        func validate() throws {
            guard (1...9_999).contains(peers) else {
                throw ValidationError("--peers takes a number from 1 to 9999.")
            }
            guard (1...64).contains(cores) else {
                throw ValidationError("--cores takes a number from 1 to 64.")
            }
            guard speed >= 1, speed < 1e15 else {
                throw ValidationError("--speed takes a number of operations; write 5e8.")
            }
        }

        func run() throws {
            complain("reading \(jobFile)")
            let job = try JobInput(path: jobFile)
            let forecast = Forecast(
                unitCount: job.unitCount,
                operationsPerUnit: job.operationsPerUnit,
                secondsPerUnit: UnitTime.seconds(operations: job.operationsPerUnit),
                machines: JobModel.Machine.drawn(
                    peers,
                    places: cores,
                    speed: UInt64(speed),
                    faulty: faulty.ratio,
                    seed: seed
                ),
                churn: churn.ratio,
                errors: errorRate.ratio,
                seed: seed
            )
            var predictions: [Forecast.Prediction] = []
            for policy in [Policy.strict, .adaptive, .single] {
                complain("simulating the policy \(policy)")
                predictions.append(forecast.predict(policy))
            }
            let report = JobReport(job: job, peers: peers, predictions: predictions)
            print(json ? report.json : report.text)
        }
    }
}

/// A share as people write it: `20%` or `0.2`.
struct Share: ExpressibleByArgument {
    let ratio: Ratio

    /// Nothing.
    static let none = Share(ratio: .never)

    init(ratio: Ratio) { self.ratio = ratio }

    init?(argument: String) {
        let isPercent = argument.hasSuffix("%")
        guard let number = Double(isPercent ? String(argument.dropLast()) : argument) else {
            return nil
        }
        let share = isPercent ? number / 100 : number
        guard (0...1).contains(share) else { return nil }
        ratio = Ratio(UInt64((share * 1e6).rounded()), of: 1_000_000)
    }

    var defaultValueDescription: String {
        "\(Double(ratio.numerator) / Double(ratio.denominator) * 100)%"
    }
}
