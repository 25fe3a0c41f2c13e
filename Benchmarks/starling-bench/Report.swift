import Foundation

/// What is measured; the raw value is the key in the JSON.
enum Measure: String, CaseIterable {
    case unitsPerCertificate
    case commitsPerCertificate
    case loneRowCommitsPerCertificate
    case flushesPerUnit
    case rowsPerUnit
    case rowBytesPerUnit
    case signaturesPerUnit
    case commitSpan
    case durableUnitsPerSecond
    case memoryUnitsPerSecond
    case startToAnswer
    case startToLink
    case startToLease
    case startToWork
    case submitToCertificate
    case submitterResident
    case workerResident

    /// How the table calls it.
    var title: String {
        switch self {
        case .unitsPerCertificate: "certified units per certificate"
        case .commitsPerCertificate: "commits per certificate, 3 peers"
        case .loneRowCommitsPerCertificate: "  those of one row"
        case .flushesPerUnit: "flushes to disk per certified unit, 3 peers"
        case .rowsPerUnit: "rows per certified unit, 3 peers"
        case .rowBytesPerUnit: "bytes of rows per certified unit, 3 peers"
        case .signaturesPerUnit: "signatures per certified unit, 3 peers"
        case .commitSpan: "time of a commit"
        case .durableUnitsPerSecond: "certified units per second, durable"
        case .memoryUnitsPerSecond: "certified units per second, in memory"
        case .startToAnswer: "start of a peer to its first answer"
        case .startToLink: "start of a peer to its first link"
        case .startToLease: "start of a peer to its first lease"
        case .startToWork: "start of a peer to its first unit"
        case .submitToCertificate: "submit to first certificate"
        case .submitterResident: "resident memory of the submitter"
        case .workerResident: "resident memory of a worker"
        }
    }

    /// What one of it is.
    var unit: String {
        switch self {
        case .commitSpan, .startToAnswer, .startToLink, .startToLease, .startToWork,
            .submitToCertificate:
            "ms"
        case .submitterResident, .workerResident: "MiB"
        case .rowBytesPerUnit: "bytes"
        case .durableUnitsPerSecond, .memoryUnitsPerSecond: "1/s"
        case .unitsPerCertificate, .commitsPerCertificate, .loneRowCommitsPerCertificate,
            .flushesPerUnit, .rowsPerUnit, .signaturesPerUnit:
            ""
        }
    }
}

/// One value of one run.
struct Reading {
    let measure: Measure
    let value: Double

    init(_ measure: Measure, _ value: Double) {
        self.measure = measure
        self.value = value
    }
}

/// The values of all runs, and what is shown of them.
struct Report {
    private struct Figure: Encodable {
        let unit: String
        let median: Double
        let least: Double
        let most: Double
    }

    private var values: [Measure: [Double]] = [:]

    mutating func add(_ readings: [Reading]) {
        for reading in readings { values[reading.measure, default: []].append(reading.value) }
    }

    /// One line for each figure: its median, and the least and the most.
    var table: String {
        let lines = figures.map { measure, figure in
            let title = measure.title.padding(toLength: 44, withPad: " ", startingAt: 0)
            let numbers = [figure.median, figure.least, figure.most].map(Self.number)
            return "\(title)\(numbers.joined())  \(figure.unit)"
        }
        let head = "".padding(toLength: 44, withPad: " ", startingAt: 0)
        let columns = ["median", "least", "most"].map(Self.column)
        return ([head + columns.joined()] + lines).joined(separator: "\n")
    }

    /// One object, whose keys are the measures.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        let pairs = figures.map { measure, figure in (measure.rawValue, figure) }
        let bytes = try encoder.encode(Dictionary(uniqueKeysWithValues: pairs))
        return String(decoding: bytes, as: UTF8.self)
    }

    private var figures: [(Measure, Figure)] {
        Measure.allCases.compactMap { measure in
            guard let sorted = values[measure]?.sorted(), let least = sorted.first,
                let most = sorted.last
            else { return nil }
            let middle = sorted.count / 2
            let upper = sorted[middle]
            let median = sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + upper) / 2 : upper
            return (measure, Figure(unit: measure.unit, median: median, least: least, most: most))
        }
    }

    private static func number(_ value: Double) -> String {
        column(String(format: value < 100 ? "%.1f" : "%.0f", value))
    }

    private static func column(_ text: String) -> String {
        String(repeating: " ", count: max(1, 10 - text.count)) + text
    }
}

extension Duration {
    /// The whole of it in seconds.
    var seconds: Double { self / .seconds(1) }
}
