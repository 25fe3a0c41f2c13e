package import Primitives

/// Changes single bits of a unit's memory at random moments, and counts what self-checks notice.
///
/// A moment lies between two drift blocks of a stripe, before, between or behind which a unit's
/// memory is at rest. Each region gets equally many flips, however small it is.
package struct BitFlipCampaign: Sendable {
    /// What became of flips.
    package struct Tally: Hashable, Sendable {
        /// Bytes of the region, in the middle of the work.
        package fileprivate(set) var byteCount = 0
        /// Bits that were changed, one for each run of the unit.
        package fileprivate(set) var flips: UInt64 = 0
        /// Those that changed result or evidence.
        package fileprivate(set) var harmful: UInt64 = 0
        /// Those of the harmful ones that a self-check noticed.
        package fileprivate(set) var noticed: UInt64 = 0
        /// Those of the others that a self-check noticed: the memory is faulty all the same.
        package fileprivate(set) var alarms: UInt64 = 0

        /// Nothing happened yet.
        package init() {}

        /// Harmful flips that nobody noticed.
        package var escaped: UInt64 { harmful - noticed }

        /// Adds another tally of the same region.
        package mutating func add(_ other: Tally) {
            byteCount = max(byteCount, other.byteCount)
            flips += other.flips
            harmful += other.harmful
            noticed += other.noticed
            alarms += other.alarms
        }
    }

    /// What became of the flips, in the order of `MemoryRegion.allCases`.
    package private(set) var tallies = MemoryRegion.allCases.map { _ in Tally() }
    /// The unit before its first drift block, before its second one, and so on to its end.
    private let moments: [DamagedUnit]
    private let expected: UnitOutput

    /// A campaign on one unit; throws what is wrong with it.
    package init(_ unit: UnitInput) throws(KernelError) {
        var unit = try DamagedUnit(unit)
        var moments = [unit]
        while !unit.isFinished {
            unit.step()
            moments.append(unit)
        }
        let (output, failed) = unit.finish()
        if let failed { throw .selfCheck(failed) }
        self.moments = moments
        expected = output
        for index in tallies.indices {
            tallies[index].byteCount = Self.byteCount(
                of: MemoryRegion.allCases[index],
                in: moments[moments.count / 2]
            )
        }
    }

    /// Changes `flips` bits, one after the other, each in a unit of its own; regions take turns.
    package mutating func run(flips: Int, _ random: inout PRNG) {
        let present = tallies.indices.filter { tallies[$0].byteCount > 0 }
        for flip in 0..<flips {
            let index = present[flip % present.count]
            flipOnce(MemoryRegion.allCases[index], &tallies[index], &random)
        }
    }

    private func flipOnce(_ region: MemoryRegion, _ tally: inout Tally, _ random: inout PRNG) {
        var unit: DamagedUnit
        var byteCount: Int
        repeat {
            unit = moments[Int(random.below(UInt64(moments.count)))]
            byteCount = Self.byteCount(of: region, in: unit)
        } while byteCount == 0
        let bit = Int(random.below(UInt64(8 * byteCount)))
        unsafe unit.withMemory(of: region) { memory in
            unsafe memory[bit / 8] ^= 1 << UInt8(bit % 8)
        }
        while !unit.isFinished { unit.step() }
        let (output, failed) = unit.finish()
        tally.flips += 1
        switch (output != expected, failed != nil) {
        case (true, let isNoticed):
            tally.harmful += 1
            tally.noticed += isNoticed ? 1 : 0
        case (false, true): tally.alarms += 1
        case (false, false): break
        }
    }

    private static func byteCount(of region: MemoryRegion, in unit: DamagedUnit) -> Int {
        var unit = unit
        var count = 0
        unsafe unit.withMemory(of: region) { count = $0.count }
        return count
    }
}
