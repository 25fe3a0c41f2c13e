import Kernels

/// The kernel implementation of this process.
enum KernelVariant {
    /// That one if it passes its self-test, or a slower one that does.
    ///
    /// When it must be a slower one, standard error says so; throws when there is none.
    static func tested() throws -> Variant {
        let choice = SelfTest.choose(try forced())
        guard let variant = choice.variant else { throw CommandFailure(choice.notice ?? "") }
        if let notice = choice.notice { OutputFile.writeToStandardError("note: \(notice)\n") }
        return variant
    }

    /// The one that the environment forces, or the fastest.
    static func forced() throws -> Variant {
        guard let name = Environment.value(Variant.environmentName), !name.isEmpty else {
            return .fastest
        }
        guard let variant = Variant(rawValue: name) else {
            let known = Variant.allCases.map(\.rawValue).joined(separator: ", ")
            throw CommandFailure(
                "\(Variant.environmentName) is '\(name)'; it must be one of \(known)"
            )
        }
        guard Variant.supported.contains(variant) else {
            let known = Variant.supported.map(\.rawValue).joined(separator: ", ")
            throw CommandFailure(
                "this processor has no \(name); set \(Variant.environmentName) to one of \(known), "
                    + "or unset it"
            )
        }
        return variant
    }
}
