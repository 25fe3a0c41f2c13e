/// A point on the driver's monotonic clock, in nanoseconds; the core never asks for the time.
package struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since the driver's own origin.
    package let nanoseconds: UInt64

    /// The point `nanoseconds` after the driver's origin.
    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// The driver's origin.
    package static let zero = Instant(nanoseconds: 0)

    /// This point moved later by `span`; saturates at the end of time.
    package func advanced(by span: TimeSpan) -> Instant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(span.nanoseconds)
        return Instant(nanoseconds: overflow ? .max : sum)
    }

    /// How long it is from `earlier` to this point; zero when `earlier` is later.
    package func since(_ earlier: Instant) -> TimeSpan {
        guard earlier < self else { return .zero }
        return TimeSpan(nanoseconds: nanoseconds - earlier.nanoseconds)
    }

    package static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

/// A length of time in nanoseconds, 584 years at most.
package struct TimeSpan: Hashable, Comparable, Sendable {
    /// The length in nanoseconds.
    package let nanoseconds: UInt64

    /// A length of `nanoseconds`.
    package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// A length of `milliseconds`; saturates.
    package static func milliseconds(_ milliseconds: UInt64) -> TimeSpan {
        TimeSpan(nanoseconds: saturatingProduct(milliseconds, 1_000_000))
    }

    /// A length of `seconds`; saturates.
    package static func seconds(_ seconds: UInt64) -> TimeSpan {
        TimeSpan(nanoseconds: saturatingProduct(seconds, 1_000_000_000))
    }

    /// The length in whole milliseconds.
    package var milliseconds: UInt64 { nanoseconds / 1_000_000 }

    /// No time at all.
    package static let zero = TimeSpan(nanoseconds: 0)

    /// `count` times this length; saturates.
    package func times(_ count: UInt64) -> TimeSpan {
        TimeSpan(nanoseconds: saturatingProduct(nanoseconds, count))
    }

    /// This length divided by `count`, which is above zero.
    package func divided(by count: UInt64) -> TimeSpan {
        TimeSpan(nanoseconds: nanoseconds / count)
    }

    package static func < (left: TimeSpan, right: TimeSpan) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

/// `left` × `right`, or the largest number when that overflows.
package func saturatingProduct(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (product, overflow) = left.multipliedReportingOverflow(by: right)
    return overflow ? .max : product
}

/// `left` + `right`, or the largest number when that overflows.
package func saturatingSum(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
}
