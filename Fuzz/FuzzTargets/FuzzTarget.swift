package import Primitives

/// What is fuzzed: bytes go in, and what was wrong comes out.
///
/// Each target is a pure function of its input. A trap ends the process, as libFuzzer wants it; a
/// broken rule is told in words.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// Every format of the wire, the ledger and exports.
    case decoders
    /// Files, parameters and results of searches, and job files.
    case files
    /// Certificates that a hostile steward makes of what honest workers have signed.
    case certificates
    /// A whole peer among strangers.
    case core

    /// The rules that `input` breaks; none if all is well.
    package func violations(of input: Bytes) -> [String] {
        switch self {
        case .decoders: DecoderFuzz.violations(of: input)
        case .files: FileFuzz.violations(of: input)
        case .certificates: CertificateFuzz.violations(of: input)
        case .core: CoreFuzz.violations(of: input)
        }
    }

    /// Inputs to begin with, made of real values.
    package var seeds: [Bytes] {
        switch self {
        case .decoders: DecoderFuzz.seeds
        case .files: FileFuzz.seeds
        case .certificates: CertificateFuzz.seeds
        case .core: CoreFuzz.seeds
        }
    }

    /// Inputs that begin with `encoded`, a value of the wire from elsewhere.
    package func seeds(of encoded: Bytes) -> [Bytes] {
        self == .decoders ? DecoderFuzz.seeds(of: encoded) : []
    }
}
