package import Primitives

/// A statement about units of a job, of which its signer may make one for each.
package protocol UnitStatement: StatementBody {
    /// The job.
    var manifest: ManifestID { get }
    /// Units that the statement is about, ascending.
    var units: [UInt32] { get }
}

extension CommitStatement: UnitStatement {}
extension CommitSet: UnitStatement {}
extension ResultStatement: UnitStatement {}
extension Certificate: UnitStatement {}

/// Two different statements of one signer for one slot.
package struct Contradiction<Body: UnitStatement>: Hashable, Sendable {
    /// The statement whose id is lower.
    package let first: Signed<Body>
    /// The other one.
    package let second: Signed<Body>

    /// The two, if they contradict each other; nil if they are the same, or have no slot in common.
    package init?(_ left: Signed<Body>, _ right: Signed<Body>) {
        guard left.id != right.id, left.body.signer == right.body.signer else { return nil }
        let slots = left.body.slots
        guard right.body.slots.contains(where: slots.contains) else { return nil }
        (first, second) = left.id < right.id ? (left, right) : (right, left)
    }

    /// Units that both are about, ascending: one at least.
    fileprivate var units: [UInt32] { first.body.units.filter(second.body.units.contains) }
}

/// FAULT: the proof that a worker or steward lied to somebody.
///
/// Nobody signs it, for it holds what its culprit has signed.
package struct Fault: Hashable, Sendable {
    /// What contradicts what.
    package enum Proof: Hashable, Sendable {
        /// A worker promised two results.
        case commits(Contradiction<CommitStatement>)
        /// A steward closed a round twice.
        case commitSets(Contradiction<CommitSet>)
        /// A worker gave two results.
        case results(Contradiction<ResultStatement>)
        /// A steward certified two votes as one.
        case certificates(Contradiction<Certificate>)
    }

    /// The two statements.
    package let proof: Proof
    /// SHA-256 of the payload.
    package let id: ItemID

    /// What `proof` proves.
    package init(_ proof: Proof) {
        self.proof = proof
        var encoder = CBOREncoder()
        Self.encode(proof, into: &encoder)
        id = ItemID(SHA256.hash(encoder.bytes))
    }

    /// Who made both statements.
    package var culprit: PeerID {
        switch proof {
        case .commits(let pair): pair.first.body.worker
        case .commitSets(let pair): pair.first.body.steward
        case .results(let pair): pair.first.body.worker
        case .certificates(let pair): pair.first.body.steward
        }
    }

    /// The job that they are about.
    package var manifest: ManifestID {
        switch proof {
        case .commits(let pair): pair.first.body.manifest
        case .commitSets(let pair): pair.first.body.manifest
        case .results(let pair): pair.first.body.manifest
        case .certificates(let pair): pair.first.body.manifest
        }
    }

    /// Units that both statements are about, ascending.
    package var units: [UInt32] {
        switch proof {
        case .commits(let pair): pair.units
        case .commitSets(let pair): pair.units
        case .results(let pair): pair.units
        case .certificates(let pair): pair.units
        }
    }

    /// The ids of both statements, ascending.
    package var statementIDs: [ItemID] {
        switch proof {
        case .commits(let pair): [pair.first.id, pair.second.id]
        case .commitSets(let pair): [pair.first.id, pair.second.id]
        case .results(let pair): [pair.first.id, pair.second.id]
        case .certificates(let pair): [pair.first.id, pair.second.id]
        }
    }

    /// The kind of both statements.
    package var kind: StatementKind {
        switch proof {
        case .commits: .commit
        case .commitSets: .commitSet
        case .results: .result
        case .certificates: .certificate
        }
    }

    /// Both statements, the one whose id is lower first, each with those that stand in it.
    package var statements: [AnyStatement] {
        switch proof {
        case .commits(let pair): [AnyStatement(pair.first), AnyStatement(pair.second)]
        case .commitSets(let pair): [AnyStatement(pair.first), AnyStatement(pair.second)]
        case .results(let pair): [AnyStatement(pair.first), AnyStatement(pair.second)]
        case .certificates(let pair):
            [pair.first, pair.second].flatMap { [AnyStatement($0)] + $0.body.nestedStatements }
        }
    }

    /// Writes the payload.
    package func encode(into encoder: inout CBOREncoder) { Self.encode(proof, into: &encoder) }

    private static func encode(_ proof: Proof, into encoder: inout CBOREncoder) {
        switch proof {
        case .commits(let pair): encoder.contradiction(pair)
        case .commitSets(let pair): encoder.contradiction(pair)
        case .results(let pair): encoder.contradiction(pair)
        case .certificates(let pair): encoder.contradiction(pair)
        }
    }

    /// Reads the payload, and refuses two statements that do not contradict each other; signatures
    /// are not checked here.
    package init(from decoder: inout CBORDecoder) throws(DecodeError) {
        try decoder.map(exactly: 3)
        try decoder.key(1)
        switch try decoder.unsigned() {
        case UInt64(StatementKind.commit.rawValue):
            self.init(.commits(try decoder.contradiction()))
        case UInt64(StatementKind.commitSet.rawValue):
            self.init(.commitSets(try decoder.contradiction()))
        case UInt64(StatementKind.result.rawValue):
            self.init(.results(try decoder.contradiction()))
        case UInt64(StatementKind.certificate.rawValue):
            self.init(.certificates(try decoder.contradiction()))
        case let kind:
            throw .unknownKind(kind)
        }
    }
}

extension CBOREncoder {
    fileprivate mutating func contradiction<Body: UnitStatement>(_ pair: Contradiction<Body>) {
        map(3)
        unsigned(1)
        unsigned(UInt64(Body.kind.rawValue))
        unsigned(2)
        byteString(pair.first.envelope)
        unsigned(3)
        byteString(pair.second.envelope)
    }
}

extension CBORDecoder {
    /// Fields 2 and 3 of a FAULT.
    fileprivate mutating func contradiction<Body: UnitStatement>() throws(DecodeError)
        -> Contradiction<Body>
    {
        try key(2)
        let first: Signed<Body> = try signed()
        let start = position
        try key(3)
        let second: Signed<Body> = try signed()
        guard let pair = Contradiction(first, second), pair.first == first else {
            throw .outOfRange(at: start, field: "statements that contradict each other, by id")
        }
        return pair
    }
}
