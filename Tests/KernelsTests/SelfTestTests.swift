import Kernels
import Primitives
import Testing

/// A variant must compute some small units right before it computes for others.
struct SelfTestTests {
    @Test(arguments: Variant.supported)
    func everyVariantPasses(variant: Variant) {
        #expect(
            SelfTest.digest(variant) == SelfTest.expected,
            """
            Only if the search was meant to compute something else, and all variants agree on it: \
            put the scalar variant's hash, which stands above, into SelfTest.expected.
            """
        )
    }

    @Test func fastestVariantThatPassesIsChosen() {
        let all = Variant.supported
        #expect(SelfTest.choose(.fastest) == SelfTest.Choice(variant: .fastest, failed: []))
        let slowest = SelfTest.choose(.fastest) { $0 == .scalar }
        #expect(slowest.variant == .scalar)
        #expect(slowest.failed == all.dropFirst().reversed())
        #expect(slowest.notice?.contains("the scalar one runs in its place") == true)
        #expect(SelfTest.choose(.scalar) { $0 != .scalar }.variant == nil)
    }

    @Test func nothingIsChosenWhenNonePasses() {
        let none = SelfTest.choose(.fastest) { SelfTest.digest($0) == .zero }
        #expect(none.variant == nil)
        #expect(none.failed == Variant.supported.reversed())
        #expect(none.notice?.contains("nothing is computed") == true)
    }
}
