import Foundation
import Glibc

/// Points in time for people: in their time zone, as short as is clear.
enum Moment {
    /// The end of the year 9999: calendars and their texts go no further.
    private static let last = 253_402_300_799.0

    /// The end of an epoch, which is a UTC hour; a stranger may have chosen its number.
    static func end(ofEpoch epoch: UInt64) -> Date {
        Date(timeIntervalSince1970: min((Double(epoch) + 1) * 3_600, last))
    }

    /// The beginning of an epoch.
    static func begin(ofEpoch epoch: UInt64) -> Date {
        Date(timeIntervalSince1970: min(Double(epoch) * 3_600, last))
    }

    /// The last epoch of a day that is written as `2031-04-05`; nil for anything else.
    static func lastEpoch(ofDay text: String) -> UInt64? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [4, 2, 2],
            parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } })
        else { return nil }
        let numbers = parts.compactMap { Int($0) }
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let day = DateComponents(
            calendar: calendar,
            year: numbers[0],
            month: numbers[1],
            day: numbers[2]
        )
        guard day.isValidDate, let begin = day.date, begin.timeIntervalSince1970 >= 0 else {
            return nil
        }
        return UInt64(begin.timeIntervalSince1970) / 3_600 + 23
    }

    /// `14:05:09` for today, else `2031-04-05 14:05`.
    static func text(_ date: Date) -> String {
        let isToday = strftime(date, "%F") == strftime(Date(), "%F")
        return strftime(date, isToday ? "%T" : "%F %H:%M")
    }

    /// `until 14:05:09 (in 12 s)`.
    static func until(_ date: Date) -> String {
        let seconds = date.timeIntervalSinceNow
        guard seconds > 0 else { return "until \(text(date))" }
        return "until \(text(date)) (in \(Printable.span(seconds: seconds)))"
    }

    private static func strftime(_ date: Date, _ format: String) -> String {
        var time = time_t(min(max(date.timeIntervalSince1970, 0), last))
        var parts = tm()
        localtime_r(&time, &parts)
        var text = [CChar](repeating: 0, count: 64)
        let count = Glibc.strftime(&text, text.count, format, &parts)
        return String(decoding: text.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
