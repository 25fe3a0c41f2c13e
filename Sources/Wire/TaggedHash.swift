package import Primitives

/// SHA-256 over a CBOR array that begins with a tag, so that no two kinds of hash can ever meet.
///
/// `count` items follow the tag; `write` writes exactly that many.
package func taggedHash(
    _ tag: String,
    count: Int,
    _ write: (inout CBOREncoder) -> Void
) -> Digest {
    var encoder = CBOREncoder()
    encoder.array(count + 1)
    encoder.text(tag)
    write(&encoder)
    return SHA256.hash(encoder.bytes)
}

/// What a worker found for one unit: the part of a result that is the same for every honest worker.
package struct Core: Hashable, Sendable {
    /// SHA-256 of the result's bytes.
    package let resultHash: Digest
    /// Operations that the unit took, by the kernel's own closed formula.
    package let operations: UInt64
    /// Thirty-two bytes, defined by the kernel, that a worker cannot guess without computing.
    package let evidence: Digest
    /// `H("starling/core/1", SHA-256(result bytes), operations, evidence)`, which votes compare.
    package let hash: Digest

    /// What a worker found.
    package init(resultHash: Digest, operations: UInt64, evidence: Digest) {
        self.resultHash = resultHash
        self.operations = operations
        self.evidence = evidence
        hash = taggedHash("starling/core/1", count: 3) { encoder in
            encoder.digest(resultHash)
            encoder.unsigned(operations)
            encoder.digest(evidence)
        }
    }

    /// The digest that a worker reveals for this core: another one in every round and for every
    /// steward, so that it cannot be copied from an earlier vote.
    package func digest(
        manifest: ManifestID,
        steward: PeerID,
        round: UInt32,
        unit: UInt32
    ) -> Digest {
        taggedHash("starling/digest/1", count: 5) { encoder in
            encoder.identifier(manifest)
            encoder.identifier(steward)
            encoder.unsigned(UInt64(round))
            encoder.unsigned(UInt64(unit))
            encoder.digest(hash)
        }
    }

    /// Appends result hash, operations and evidence, three items.
    package func encode(into encoder: inout CBOREncoder) {
        encoder.digest(resultHash)
        encoder.unsigned(operations)
        encoder.digest(evidence)
    }

    /// Reads result hash, operations and evidence.
    package init(from decoder: inout CBORDecoder) throws(DecodeError) {
        self.init(
            resultHash: try decoder.digest(),
            operations: try decoder.unsigned(),
            evidence: try decoder.digest()
        )
    }
}

/// The right of a worker to a seat, a number that it cannot choose.
///
/// A seat admits a worker whose ticket is below `3 / population · 2^widening` of all numbers.
package enum Ticket {
    /// First eight bytes of `H("starling/ticket/1", manifest, lowest unit, seat, worker)`.
    package static func number(
        manifest: ManifestID,
        lowestUnit: UInt32,
        seat: UInt8,
        worker: PeerID
    ) -> UInt64 {
        taggedHash("starling/ticket/1", count: 4) { encoder in
            encoder.identifier(manifest)
            encoder.unsigned(UInt64(lowestUnit))
            encoder.unsigned(UInt64(seat))
            encoder.identifier(worker)
        }.prefix
    }

    /// Whether a seat of a job made for `population` peers admits `number` after `widening`
    /// doublings.
    package static func admits(_ number: UInt64, population: UInt64, widening: UInt8) -> Bool {
        let expected = UInt64(3).multipliedFullWidth(by: UInt64(1) << UInt64(min(widening, 62)))
        guard expected.high == 0, expected.low < population else { return true }
        let (share, _) = population.dividingFullWidth((expected.low, 0))
        return number < share
    }
}
