import Glibc
import Primitives

/// Processor seconds of each phase of a search, all threads together.
struct PhaseTimes {
    private(set) var phases: [(String, Double)] = []
    private var last = Self.processorSeconds

    /// The phase `name` has ended.
    mutating func end(_ name: String) {
        let now = Self.processorSeconds
        phases.append((name, now - last))
        last = now
    }

    /// A line for each phase.
    var text: String {
        phases.map { name, seconds in
            "\(name.padding(12))\(Printable.decimals(seconds, 4)) s\n"
        }.joined()
    }

    private static var processorSeconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

extension String {
    /// The text, with blanks behind it up to `width`.
    fileprivate func padding(_ width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
