import Identity
import Primitives
import Synchronization
import Transport
import Wire

/// Binds a link's CURVE key to its peer's Ed25519 key by the record in the first frame.
///
/// A frame from another network, a record that is not the speaker's, or one that names another
/// CURVE key than the link's own is refused: a copied HELLO is worth nothing.
final class LinkAdmission: Admission {
    private let network: NetworkID
    private let me: PeerID
    private let ownRecord = Mutex<Signed<Record>?>(nil)

    /// An admission that refuses everybody until the peer has a record of its own.
    init(network: NetworkID, me: PeerID) {
        self.network = network
        self.me = me
    }

    /// From now on new links are told of `record`.
    func update(_ record: Signed<Record>) { ownRecord.withLock { $0 = record } }

    func hello(to curveKey: CurveKey, dialled: Bool) -> Bytes {
        guard let record = ownRecord.withLock({ $0 }) else { return [] }
        return Hello(isWelcome: !dialled, network: network, record: record).frame
    }

    func admit(_ frame: Bytes, curveKey: CurveKey, dialled: Bool) -> AdmissionVerdict {
        guard ownRecord.withLock({ $0 != nil }) else {
            return .refuse(reason: "the peer is starting; try again")
        }
        switch Self.open(frame, network: network) {
        case .failure(let refusal):
            return .refuse(reason: refusal.reason)
        case .success(let hello):
            let record = hello.record.body
            guard hello.isWelcome == dialled else {
                return .refuse(reason: "HELLO and WELCOME are mixed up")
            }
            guard record.curveKey == curveKey else {
                return .refuse(reason: "the record names another CURVE key than the link's")
            }
            guard record.peer != me else {
                return .refuse(reason: "this is the peer itself")
            }
            return .admit(record.peer)
        }
    }

    struct Refusal: Error {
        let reason: String
    }

    /// The first frame of a link, decoded and verified.
    static func open(_ frame: Bytes, network: NetworkID) -> Result<Hello, Refusal> {
        let hello: Hello
        do throws(DecodeError) {
            hello = try Hello(frame: frame)
        } catch {
            return .failure(Refusal(reason: "not a HELLO of this version: \(error)"))
        }
        guard hello.network == network else {
            return .failure(Refusal(reason: "the peer belongs to another network"))
        }
        do throws(VerificationError) {
            _ = try verified(hello.record, in: network)
        } catch {
            return .failure(Refusal(reason: "the record does not verify: \(error)"))
        }
        return .success(hello)
    }
}
