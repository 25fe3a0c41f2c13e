import Foundation
import Glibc
import Primitives

/// Processor seconds of each phase of a search, all threads together, and the process's memory.
struct PhaseTimes {
    private(set) var phases: [(String, Double)] = []
    private var last = Self.processorSeconds

    /// The phase `name` has ended; `reading` seconds of it count as the first phase's.
    mutating func end(_ name: String, reading: Double = 0) {
        let now = Self.processorSeconds
        phases.append((name, now - last - reading))
        phases[0].1 += reading
        last = now
    }

    /// A line for each phase, and one for the most memory that the process had.
    var text: String {
        let lines = phases.map { name, seconds in
            "\(name.padding(12))\(Printable.decimals(seconds, 4)) s\n"
        }
        let mebibytes = Double(Self.peakMemoryByteCount) / Double(1 << 20)
        return lines.joined() + "\("memory".padding(12))\(Printable.decimals(mebibytes, 1)) MiB\n"
    }

    /// The most memory that this process has had, in bytes; 0 where the system does not tell.
    private static var peakMemoryByteCount: UInt64 {
        guard let status = FileManager.default.contents(atPath: "/proc/self/status") else {
            return 0
        }
        for line in String(decoding: status, as: UTF8.self).split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == "\t" }
            if words.first == "VmHWM:", words.count > 1 { return (UInt64(words[1]) ?? 0) << 10 }
        }
        return 0
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
