package import Primitives

/// What checking needs from cryptography: OpenSSL in a peer, a fast stand-in in the simulator.
package protocol SignatureVerifier: Sendable {
    /// Whether `signature` is `key`'s over `message`.
    func isValid(_ signature: Signature, of message: Bytes, by key: Digest) -> Bool
    /// SHA-256 of bulk data.
    func hash(_ bytes: Bytes) -> Digest
}

/// Why a value is not what it claims to be.
package enum VerificationError: Error, Hashable, Sendable {
    /// A signature is not its signer's; the kind of the statement it stands on.
    case badSignature(StatementKind)
    /// A beacon's signature is not its peer's.
    case badBeacon
    /// A record's CURVE binding is not its peer's.
    case badBinding
    /// An adopted peer has not agreed.
    case badConsent
    /// A key takes over from one that foresaw another.
    case badSuccessor
    /// A manifest is for another network.
    case otherNetwork
    /// A chunk does not lead to its root.
    case badChunk
}

/// A value whose every signature, nested ones too, and every hash has been checked.
///
/// There is one way to make one: hand over a `SignatureVerifier`.
package struct Verified<Value: Checkable>: Sendable {
    /// The checked value.
    package let value: Value

    /// Checks `value` for `network`.
    package init(
        checking value: Value,
        with verifier: some SignatureVerifier,
        in network: NetworkID
    ) throws(VerificationError) {
        try value.check(with: verifier, in: network)
        self.value = value
    }
}

extension Verified {
    @inlinable init(trusted value: Value) { self.value = value }
}

extension Verified where Value == Message {
    /// The record that the message carries.
    package var record: Verified<Signed<Record>>? {
        guard case .record(let signed) = value else { return nil }
        return Verified<Signed<Record>>(trusted: signed)
    }

    /// The alert that the message carries.
    package var alert: Verified<Signed<Alert>>? {
        guard case .alert(let signed) = value else { return nil }
        return Verified<Signed<Alert>>(trusted: signed)
    }

    /// The eviction that the message carries.
    package var eviction: Verified<Eviction>? {
        guard case .evict(let eviction) = value else { return nil }
        return Verified<Eviction>(trusted: eviction)
    }

    /// The farewell that the message carries.
    package var bye: Verified<Signed<Bye>>? {
        guard case .bye(let signed) = value else { return nil }
        return Verified<Signed<Bye>>(trusted: signed)
    }

    /// The ledger item that the message carries.
    package var item: Verified<Item>? {
        switch value {
        case .item(let item): Verified<Item>(trusted: item)
        case .opening(let opening): Verified<Item>(trusted: .opening(opening))
        default: nil
        }
    }
}

extension Checkable {
    /// This value as a verified one, for what this peer has signed itself or has verified before
    /// and kept in its own journal.
    @inlinable package var verifiedHere: Verified<Self> { Verified(trusted: self) }
}

/// A value that can be checked alone.
package protocol Checkable: Sendable {
    /// Fails unless every signature and hash inside is right.
    func check(
        with verifier: some SignatureVerifier,
        in network: NetworkID
    ) throws(VerificationError)
}

extension Signed: Checkable {
    package func check(
        with verifier: some SignatureVerifier,
        in network: NetworkID
    ) throws(VerificationError) {
        guard verifier.isValid(signature, of: signedBytes(in: network), by: body.signer) else {
            throw .badSignature(Body.kind)
        }
        try body.checkContent(with: verifier, in: network)
    }
}

extension StatementBody {
    package func checkContent(
        with verifier: some SignatureVerifier,
        in network: NetworkID
    ) throws(VerificationError) {}
}

extension Manifest {
    package func checkContent(
        with verifier: some SignatureVerifier,
        in network: NetworkID
    ) throws(VerificationError) {
        guard self.network == network else { throw .otherNetwork }
    }
}

extension Record {
    package func checkContent(
        with verifier: some SignatureVerifier,
        in network: NetworkID
    ) throws(VerificationError) {
        let bytes = Self.bindingBytes(network: network, curveKey: curveKey)
        guard verifier.isValid(binding, of: bytes, by: peer.digest) else { throw .badBinding }
    }
}

extension Device {
    package func checkContent(
        with verifier: some SignatureVerifier,
        in network: NetworkID
    ) throws(VerificationError) {
        let bytes = Self.consentBytes(network: network, owner: owner)
        guard verifier.isValid(consent, of: bytes, by: peer.digest) else { throw .badConsent }
    }
}

extension Revoke {
    /// Checks the first record of the old key, and that it foresaw this successor.
    package func checkContent(
        with verifier: some SignatureVerifier,
        in network: NetworkID
    ) throws(VerificationError) {
        guard record.body.successorHash == Record.successorHash(of: successor) else {
            throw .badSuccessor
        }
        try record.check(with: verifier, in: network)
    }
}

extension Certificate {
    /// Checks the signature of every commit set, every result and every ruling.
    package func checkContent(
        with verifier: some SignatureVerifier,
        in network: NetworkID
    ) throws(VerificationError) {
        for index in sets.indices {
            let set = commitSet(at: index)
            if let signature = sets[index].signature {
                try Signed(set, signature: signature).check(with: verifier, in: network)
            }
            let setHash = set.hash
            for entry in entries where Int(entry.set) == index {
                let result = result(of: entry, setHash: setHash)
                try Signed(result, signature: entry.signature)
                    .check(with: verifier, in: network)
            }
        }
        for ruling in rulings {
            try ruling.statement(of: manifest).check(with: verifier, in: network)
        }
    }
}

extension Chunk: Checkable {
    package func check(
        with verifier: some SignatureVerifier,
        in network: NetworkID
    ) throws(VerificationError) {
        let length = DataTree.chunkLength(index: Int(index), byteCount: datasetByteCount)
        guard bytes.count == length,
            DataTree.verifies(
                leaf: verifier.hash(bytes),
                index: Int(index),
                byteCount: datasetByteCount,
                proof: proof,
                root: root
            )
        else { throw .badChunk }
    }
}

extension Message: Checkable {
    package func check(
        with verifier: some SignatureVerifier,
        in network: NetworkID
    ) throws(VerificationError) {
        switch self {
        case .record(let signed): try signed.check(with: verifier, in: network)
        case .alert(let signed): try signed.check(with: verifier, in: network)
        case .evict(let eviction): try eviction.check(with: verifier, in: network)
        case .bye(let signed): try signed.check(with: verifier, in: network)
        case .item(let item): try item.check(with: verifier, in: network)
        case .commit(let signed): try signed.check(with: verifier, in: network)
        case .commitSet(let signed): try signed.check(with: verifier, in: network)
        case .reveal(let reveal):
            try reveal.result.check(with: verifier, in: network)
            try reveal.commit?.check(with: verifier, in: network)
        case .chunk(let chunk): try chunk.check(with: verifier, in: network)
        case .reconcile, .fetch, .have, .claim, .lease, .refuse, .opening, .resultWant,
            .resultPiece, .resultOffer, .resultHeld, .held, .chunkWant, .acting, .beat:
            break
        }
    }
}

extension Item: Checkable {
    package func check(
        with verifier: some SignatureVerifier,
        in network: NetworkID
    ) throws(VerificationError) {
        switch self {
        case .manifest(let signed): try signed.check(with: verifier, in: network)
        case .certificate(let signed): try signed.check(with: verifier, in: network)
        case .opening: break
        case .ruling(let signed): try signed.check(with: verifier, in: network)
        case .cancel(let signed): try signed.check(with: verifier, in: network)
        case .hold(let signed): try signed.check(with: verifier, in: network)
        case .device(let signed): try signed.check(with: verifier, in: network)
        case .revoke(let signed): try signed.check(with: verifier, in: network)
        case .anchor(let signed): try signed.check(with: verifier, in: network)
        case .fault(let fault): try fault.check(with: verifier, in: network)
        }
    }
}

extension Fault: Checkable {
    /// Checks the signatures of both statements, and of what stands in them.
    package func check(
        with verifier: some SignatureVerifier,
        in network: NetworkID
    ) throws(VerificationError) {
        switch proof {
        case .commits(let pair): try pair.check(with: verifier, in: network)
        case .commitSets(let pair): try pair.check(with: verifier, in: network)
        case .results(let pair): try pair.check(with: verifier, in: network)
        case .certificates(let pair): try pair.check(with: verifier, in: network)
        }
    }
}

extension Contradiction {
    fileprivate func check(
        with verifier: some SignatureVerifier,
        in network: NetworkID
    ) throws(VerificationError) {
        try first.check(with: verifier, in: network)
        try second.check(with: verifier, in: network)
    }
}
