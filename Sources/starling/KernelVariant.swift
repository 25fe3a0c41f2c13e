import Kernels

/// The kernel implementation of this process.
enum KernelVariant {
    /// The one that the environment forces, or the fastest.
    static func forced() throws -> Variant {
        guard let name = Environment.value(Variant.environmentName), !name.isEmpty else {
            return .vector
        }
        guard let variant = Variant(rawValue: name) else {
            let known = Variant.allCases.map(\.rawValue).joined(separator: " or ")
            throw CommandFailure("\(Variant.environmentName) is '\(name)'; it must be \(known)")
        }
        return variant
    }
}
