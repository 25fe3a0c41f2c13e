package import Primitives

/// What a variant must compute before it computes for others: small fixed units, whose results and
/// evidence have a known hash.
///
/// They run through every path of the search: with single windows, all columns or none left by the
/// bounds, 16 steps and other numbers, boxcars, padding steps, unfinished columns, and samples of
/// all sizes.
package enum SelfTest {
    /// SHA-256 of all results and evidence.
    ///
    /// It changes with the definition of the search alone. Then it is what the scalar variant
    /// computes, once that is known to be right; `SelfTestTests` prints it.
    package static let expected = Digest(
        0x54f4_7842_0089_b741,
        0x83a6_5849_c1ab_302b,
        0x9ddc_65b7_f970_db1f,
        0x8077_40c2_7356_3e31
    )

    private static let units = [
        SmallUnit(
            .turboSETI,
            steps: 16,
            sampleBits: 8,
            width: 700,
            maxDrift: 0.5,
            threshold: 6.5
        ),
        SmallUnit(
            .native(boxcarMax: 2),
            steps: 16,
            sampleBits: 32,
            width: 500,
            maxDrift: 0.3,
            threshold: 2.5
        ),
        SmallUnit(
            .native(boxcarMax: 4),
            steps: 13,
            sampleBits: 16,
            width: 300,
            maxDrift: 0.1,
            threshold: 20
        ),
        SmallUnit(
            .turboSETI,
            steps: 8,
            sampleBits: 32,
            width: 300,
            maxDrift: 0.7,
            threshold: 4
        ),
        SmallUnit(
            .native(boxcarMax: 1),
            steps: 32,
            sampleBits: 8,
            width: 150,
            maxDrift: 0.1,
            threshold: 5
        ),
    ]

    /// The hash of what `variant` computes; nil when it does not come to an end.
    package static func digest(_ variant: Variant) -> Digest? {
        var bytes: Bytes = []
        for (seed, unit) in units.enumerated() {
            guard let input = try? unit.input(seed: UInt64(seed), variant),
                let output = try? run(input)
            else { return nil }
            bytes += output.result
            bytes += output.evidence.bytes
        }
        return SHA256.hash(bytes)
    }

    private static func run(_ input: UnitInput) throws(KernelError) -> UnitOutput {
        var unit = try DriftSearch(input)
        while try !unit.step().isFinished {}
        return try unit.finish()
    }

    /// What may run on this machine.
    package struct Choice: Hashable, Sendable {
        /// The variant that passed; nil when none did.
        package let variant: Variant?
        /// Those that failed before it, from the fastest to the slowest.
        package let failed: [Variant]

        /// A choice that was made.
        package init(variant: Variant?, failed: [Variant]) {
            self.variant = variant
            self.failed = failed
        }

        /// What the machine's owner must know; nil when the wanted variant passed.
        package var notice: String? {
            guard let first = failed.first else { return nil }
            guard let variant else {
                return "no implementation of the search passes its self-test here, so nothing is "
                    + "computed: check this machine's memory and cooling; if they are in order, "
                    + "report it with the processor's name"
            }
            return "the \(first) implementation of the search fails its self-test here, so the "
                + "\(variant) one runs in its place; report it with the processor's name"
        }
    }

    /// Whether `variant` computes what it must.
    package static func passes(_ variant: Variant) -> Bool { digest(variant) == expected }

    /// The fastest variant that passes and is not faster than `wanted`.
    ///
    /// One that computes something else would cost its host the votes, and the units of others the
    /// time; a slower one is better than none.
    package static func choose(
        _ wanted: Variant,
        passes: (Variant) -> Bool = passes
    ) -> Choice {
        var failed: [Variant] = []
        let last = Variant.supported.firstIndex(of: wanted) ?? 0
        for variant in Variant.supported[...last].reversed() {
            if passes(variant) { return Choice(variant: variant, failed: failed) }
            failed.append(variant)
        }
        return Choice(variant: nil, failed: failed)
    }
}
