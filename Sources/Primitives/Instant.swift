/// A point on the driver's monotonic clock, in nanoseconds; the core never asks for the time.
public struct Instant: Hashable, Comparable, Sendable {
    /// Nanoseconds since the driver's own origin.
    public let nanoseconds: UInt64

    /// The point `nanoseconds` after the driver's origin.
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// The driver's origin.
    public static let zero = Instant(nanoseconds: 0)

    /// This point moved later by `span`; saturates at the end of time.
    public func advanced(by span: TimeSpan) -> Instant {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(span.nanoseconds)
        return Instant(nanoseconds: overflow ? .max : sum)
    }

    /// How long it is from `earlier` to this point; zero when `earlier` is later.
    public func since(_ earlier: Instant) -> TimeSpan {
        guard earlier < self else { return .zero }
        return TimeSpan(nanoseconds: nanoseconds - earlier.nanoseconds)
    }

    /// The order of time.
    public static func < (left: Instant, right: Instant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

/// A length of time in nanoseconds, 584 years at most.
public struct TimeSpan: Hashable, Comparable, Sendable {
    /// The length in nanoseconds.
    public let nanoseconds: UInt64

    /// A length of `nanoseconds`.
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

    /// A length of `milliseconds`; saturates.
    public static func milliseconds(_ milliseconds: UInt64) -> TimeSpan {
        TimeSpan(nanoseconds: saturatingProduct(milliseconds, 1_000_000))
    }

    /// A length of `seconds`; saturates.
    public static func seconds(_ seconds: UInt64) -> TimeSpan {
        TimeSpan(nanoseconds: saturatingProduct(seconds, 1_000_000_000))
    }

    /// The length in whole milliseconds.
    public var milliseconds: UInt64 { nanoseconds / 1_000_000 }

    /// No time at all.
    public static let zero = TimeSpan(nanoseconds: 0)

    /// `count` times this length; saturates.
    public func times(_ count: UInt64) -> TimeSpan {
        TimeSpan(nanoseconds: saturatingProduct(nanoseconds, count))
    }

    /// This length divided by `count`, which is above zero.
    public func divided(by count: UInt64) -> TimeSpan {
        TimeSpan(nanoseconds: nanoseconds / count)
    }

    /// The order of length.
    public static func < (left: TimeSpan, right: TimeSpan) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

/// `left` × `right`, or the largest number when that overflows.
public func saturatingProduct(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (product, overflow) = left.multipliedReportingOverflow(by: right)
    return overflow ? .max : product
}

/// `left` + `right`, or the largest number when that overflows.
public func saturatingSum(_ left: UInt64, _ right: UInt64) -> UInt64 {
    let (sum, overflow) = left.addingReportingOverflow(right)
    return overflow ? .max : sum
}
