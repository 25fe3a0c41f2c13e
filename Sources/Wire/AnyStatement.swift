package import Primitives

/// A signed statement of whatever kind, alone or put together again from a certificate.
package struct AnyStatement: Hashable, Sendable {
    /// Which kind it is.
    package let kind: StatementKind
    /// The key that must have signed it.
    package let signer: Digest
    /// The signature; nobody has checked it yet.
    package let signature: Signature
    /// The slots that it fills for ever.
    package let slots: [Slot]
    /// SHA-256 of the payload.
    package let id: ItemID
    private let payload: Bytes

    /// `signed` without its type.
    package init<Body: StatementBody>(_ signed: Signed<Body>) {
        kind = Body.kind
        signer = signed.body.signer
        signature = signed.signature
        slots = signed.body.slots
        id = signed.id
        payload = signed.body.payload
    }

    /// The bytes that the signature covers, in `network`.
    package func signedBytes(in network: NetworkID) -> Bytes {
        COSE.signedBytes(kind: kind, network: network, payload: payload)
    }
}

extension Item {
    /// What the item is, in a word of the protocol.
    package var name: String {
        switch self {
        case .manifest: StatementKind.manifest.name
        case .certificate: StatementKind.certificate.name
        case .opening: "opening"
        case .ruling: StatementKind.ruling.name
        case .cancel: StatementKind.cancel.name
        case .hold: StatementKind.hold.name
        case .device: StatementKind.device.name
        case .revoke: StatementKind.revoke.name
        case .anchor: StatementKind.anchor.name
        case .fault: "fault"
        }
    }

    /// Every statement that the item holds, its own first; an opening holds none, a fault at least
    /// two.
    package var statements: [AnyStatement] {
        switch self {
        case .manifest(let signed): [AnyStatement(signed)]
        case .certificate(let signed): [AnyStatement(signed)] + signed.body.nestedStatements
        case .opening: []
        case .ruling(let signed): [AnyStatement(signed)]
        case .cancel(let signed): [AnyStatement(signed)]
        case .hold(let signed): [AnyStatement(signed)]
        case .device(let signed): [AnyStatement(signed)]
        case .revoke(let signed): [AnyStatement(signed), AnyStatement(signed.body.record)]
        case .anchor(let signed): [AnyStatement(signed)]
        case .fault(let fault): fault.statements
        }
    }
}

extension Certificate {
    /// The statements that the certificate was assembled from: commit sets that are signed, results
    /// and rulings.
    package var nestedStatements: [AnyStatement] {
        var statements: [AnyStatement] = []
        for index in sets.indices {
            let set = commitSet(at: index)
            if let signature = sets[index].signature {
                statements.append(AnyStatement(Signed(set, signature: signature)))
            }
            let setHash = set.hash
            for entry in entries where Int(entry.set) == index {
                let result = result(of: entry, setHash: setHash)
                statements.append(AnyStatement(Signed(result, signature: entry.signature)))
            }
        }
        return statements + rulings.map { AnyStatement($0.statement(of: manifest)) }
    }
}
