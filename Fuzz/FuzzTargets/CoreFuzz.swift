package import Primitives

/// A whole core among strangers.
///
/// The input says what happens, step by step: messages of every kind, true answers to what the peer
/// has said, events of its machine, the passing of time, and crashes at any effect. Strangers sign
/// with any key but the peer's own and its owner's. The peer never traps; it asks for no more than
/// ``LonePeer/effectsMax`` effects at once; it says nothing that is not durable, and never two
/// things for one slot; it sends nothing that its own decoder refuses; it reads its own journal;
/// and it does not wake again and again with nothing to do.
package enum CoreFuzz {
    /// Steps of one input.
    private static let stepsMax = 400

    static func violations(of input: Bytes) -> [String] { life(of: input).violations }

    /// The numbers of the kinds of message that the peer sends in the life that `input` tells.
    package static func sentKinds(of input: Bytes) -> Set<UInt8> { life(of: input).sentKinds }

    private static func life(of input: Bytes) -> LonePeer {
        var choices = Choices(input)
        let peer = LonePeer(&choices)
        for _ in 0..<stepsMax {
            guard !choices.isAtEnd, peer.violations.isEmpty, !peer.hasStopped else { break }
            peer.step(&choices)
        }
        return peer
    }

    /// Lives as steward, worker and submitter in which most goes well, to be disturbed.
    static var seeds: [Bytes] {
        (0..<12).flatMap { role in
            (0..<6).map { number in
                var random = PRNG(seed: UInt64(role * 6 + number))
                return [UInt8(role)] + (0..<60).flatMap { _ in usualStep(&random) }
            }
        }
    }

    /// What ``LonePeer/step(_:)`` and what it calls read from an input.
    private static func usualStep(_ random: inout PRNG) -> Bytes {
        let choice = UInt8(random.below(4))
        return switch random.below(10) {
        case 0, 1: [5, choice, 7, 0, 0, 0, 64, 0, 100, 0, 1]
        case 2, 3: [1]
        case 4, 5, 6: [2, choice, 0, 1, 0, choice, 0, choice + 1, UInt8(random.below(2)), choice]
        case 7: [4, choice]
        case 8: [14, choice, 0]
        default: [UInt8(random.below(16)), choice, UInt8(random.below(256))]
        }
    }
}
