package import Kernels

/// By whose rules a search is made, as options and job files say it.
package struct SearchRules: Codable, Hashable, Sendable {
    /// The only foreign rules that are known.
    package static let turboSETI = "turboseti"
    /// The widest boxcars to choose from.
    package static let boxcars = SearchMethod.native.boxcars

    /// Whose rules; nil for our own.
    package private(set) var compat: String?
    /// Channels of the widest boxcar; nil for the widest there is.
    package private(set) var boxcar: Int?

    /// Our own rules, with the widest boxcars there are.
    package init() {}

    /// Takes over what `other` says.
    package mutating func take(_ other: SearchRules) {
        compat = other.compat ?? compat
        boxcar = other.boxcar ?? boxcar
    }

    /// Takes the name of whose rules.
    package mutating func set(compat text: String) throws(JobDescription.Flaw) {
        guard text == Self.turboSETI else {
            throw JobDescription.Flaw(
                reason: "'\(text)' is not known; it must be \(Self.turboSETI)"
            )
        }
        compat = text
    }

    /// Takes a number of channels.
    package mutating func set(boxcar text: String) throws(JobDescription.Flaw) {
        guard let number = Int(text), Self.boxcars.contains(number) else {
            let choice = Self.boxcars.map(String.init).joined(separator: ", ")
            throw JobDescription.Flaw(reason: "'\(text)' is not one of \(choice)")
        }
        boxcar = number
    }

    /// What a kernel calls it; turboSETI knows no boxcars.
    package var method: SearchMethod {
        if compat != nil { return .turboSETI }
        return boxcar.map { .native(boxcarMax: $0) } ?? .native
    }
}
