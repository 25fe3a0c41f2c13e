import Primitives
import Simulator

/// What is predicted of a job, for people and for programs.
struct JobReport {
    let job: JobInput
    let peers: Int
    let predictions: [Forecast.Prediction]

    var text: String {
        var lines = [
            "\(job.unitCount) units of at most \(figure(job.operationsPerUnit)) operations, "
                + "\(peers) peers"
        ]
        if let scale { lines.append(scale) }
        lines.append("policy    seconds  replicas  operations  overhead  wrong units")
        for each in predictions {
            let seconds = each.span.map { decimal($0.milliseconds) } ?? "never"
            let cells = [
                pad("\(each.policy)", 8, left: false), pad(seconds, 9),
                pad(decimal(each.milliReplicas), 9), pad(figure(each.operations), 11),
                pad("\(percent(each)) %", 9), pad("\(each.wrong)", 12),
            ]
            lines.append(cells.joined(separator: " "))
        }
        return lines.joined(separator: "\n")
    }

    /// What was simulated, where it was less than the whole.
    private var scale: String? {
        guard let first = predictions.first,
            first.simulatedUnits < job.unitCount || first.simulatedMachines < peers
        else { return nil }
        return "scaled from \(first.simulatedUnits) units on \(first.simulatedMachines) peers"
    }

    var json: String {
        let list = predictions.map { each in
            let seconds = each.span.map { decimal($0.milliseconds) } ?? "null"
            return """
                {"policy": "\(each.policy)", "seconds": \(seconds), \
                "replicas": \(decimal(each.milliReplicas)), "operations": \(each.operations), \
                "overheadOperations": \(each.overhead), "wrongUnits": \(each.wrong), \
                "simulatedUnits": \(each.simulatedUnits), \
                "simulatedPeers": \(each.simulatedMachines)}
                """
        }
        return """
            {"units": \(job.unitCount), "operationsPerUnit": \(job.operationsPerUnit), \
            "operations": \(job.operations), "peers": \(peers), \
            "policies": [\(list.joined(separator: ", "))]}
            """
    }

    /// Operations beyond one result of each unit, in percent of those.
    private func percent(_ prediction: Forecast.Prediction) -> UInt64 {
        let useful = max(1, prediction.operations - prediction.overhead)
        return UInt64((Double(prediction.overhead) / Double(useful) * 100).rounded())
    }

    /// Thousandths as a decimal number.
    private func decimal(_ thousandths: UInt64) -> String {
        "\(thousandths / 1_000).\(String(1_000 + thousandths % 1_000).dropFirst())"
    }

    private func figure(_ number: UInt64) -> String {
        guard number >= 100_000 else { return "\(number)" }
        let exponent = "\(number)".count - 1
        let hundredths = (Double(number) / pow10(exponent) * 100).rounded() / 100
        return "\(hundredths)e\(exponent)"
    }

    private func pow10(_ exponent: Int) -> Double {
        (0..<exponent).reduce(1) { product, _ in product * 10 }
    }

    private func pad(_ text: String, _ width: Int, left: Bool = true) -> String {
        let space = String(repeating: " ", count: max(0, width - text.count))
        return left ? space + text : text + space
    }
}
