package import Primitives

/// A unit of the drift search whose memory may be damaged: for those who measure what self-checks
/// notice, and for nobody else.
///
/// It goes on where a unit would stop, so that one sees whether the damage matters. A copy of it is
/// another unit, which goes on from the same place.
package struct DamagedUnit: Sendable {
    private var search: DriftSearch

    /// A unit that is sound, and has done nothing yet.
    package init(_ unit: UnitInput) throws(KernelError) { search = try DriftSearch(unit) }

    /// Whether it has come to its end.
    package var isFinished: Bool { search.stage == .finished }

    /// Searches one drift block of one stripe.
    package mutating func step() { search.advance(sums: 1) }

    /// Lets `body` change the bytes of `region`; there may be none.
    package mutating func withMemory(
        of region: MemoryRegion,
        _ body: (UnsafeMutableRawBufferPointer) -> Void
    ) {
        switch region {
        case .samples: unsafe search.rows.withMemory { unsafe body($0) }
        case .evidence: unsafe search.evidence.withMemory { unsafe body($0) }
        case .place: unsafe search.withPlace { unsafe body($0) }
        case .maxima, .scratch, .survivors, .hitBuffer, .reach:
            unsafe search.vectorTree?.withMemory(of: region) { unsafe body($0) }
        case .ratios, .drifts, .boxcars, .hitCount, .thresholds, .noise:
            unsafe search.recorder.withMemory(of: region) { unsafe body($0) }
        }
    }

    /// Keeps a hit in the first column that there is not, in good order, as an error of the
    /// processor would.
    package mutating func invent(sum: Float, drift: Float) {
        search.recorder.record(column: 0, sum: sum, drift: drift)
    }

    /// Its checkpoint, as a unit hands it out.
    package var state: Bytes {
        get throws(KernelError) { try search.state }
    }

    /// What it would hand in, and the part whose self-check failed, which hands in nothing.
    package consuming func finish() -> (output: UnitOutput, failed: CheckedPart?) {
        (search.output, search.check())
    }
}

extension DriftSearch {
    /// Lets `body` damage stripe and drift block, as a fault of the memory would.
    fileprivate mutating func withPlace(_ body: (UnsafeMutableRawBufferPointer) -> Void) {
        place.damage { stage in
            guard case .search(let stripe, let turn) = stage else { return }
            var numbers = SIMD2(stripe, turn)
            unsafe withUnsafeMutableBytes(of: &numbers) { unsafe body($0) }
            stage = .search(stripe: numbers[0], turn: numbers[1])
        }
    }
}
