import CZeroMQ
import Primitives

/// Decides which keys may connect, and answers libzmq's questions about it.
///
/// - Source: ZeroMQ RFC 27/ZAP.
final class Gatekeeper {
    /// Only this domain is answered for.
    static let domain = Bytes("starling".utf8)

    let socket: Socket
    private let allowed: Set<CurveKey>?
    private let bansMax: Int
    private var bannedUntil: [CurveKey: Instant] = [:]

    init(_ context: Context, _ configuration: TransportConfiguration) throws(TransportError) {
        allowed = configuration.allowed
        bansMax = configuration.limits.bansMax
        socket = try Socket(context, ZMQ_REP)
        try socket.set(ZMQ_LINGER, 0)
        guard zmq_bind(socket.pointer, "inproc://zeromq.zap.01") == 0 else {
            throw lastError("answer for keys")
        }
    }

    /// Keys that are remembered as banned.
    var banCount: Int { bannedUntil.count }

    /// Refuses `key` until `end`; when too many are banned, the ban that ends first makes room.
    func ban(_ key: CurveKey, until end: Instant) {
        if bannedUntil[key] == nil && bannedUntil.count >= bansMax,
            let soonest = bannedUntil.min(by: { $0.value < $1.value })
        {
            bannedUntil[soonest.key] = nil
        }
        bannedUntil[key] = max(end, bannedUntil[key] ?? .zero)
    }

    /// Whether `key` is banned or not on the list.
    func refuses(_ key: CurveKey, at now: Instant) -> Bool {
        if let end = bannedUntil[key] {
            if now < end { return true }
            bannedUntil[key] = nil
        }
        return allowed.map { !$0.contains(key) } ?? false
    }

    /// Answers every waiting question; nobody is let in while `isFull`.
    func answer(at now: Instant, isFull: Bool) {
        while let question = socket.receive(framesMax: 7) {
            let requestID = question.frames.count > 1 ? question.frames[1] : []
            let key = isFull ? nil : admissibleKey(question, at: now)
            let status = key.map { ["200", "OK", $0.description] } ?? ["400", "refused", ""]
            let verdict = status.map { Bytes($0.utf8) }
            socket.sendPlain([Bytes("1.0".utf8), requestID] + verdict + [[]])
        }
    }

    /// The key of a question of version 1.0 about CURVE in our domain, unless it is refused.
    private func admissibleKey(_ question: IncomingMessage, at now: Instant) -> CurveKey? {
        guard question.frameCount == 7, question.frames[0] == Bytes("1.0".utf8),
            question.frames[2] == Self.domain, question.frames[5] == Bytes("CURVE".utf8),
            let digest = Digest(question.frames[6])
        else { return nil }
        let key = CurveKey(digest)
        return refuses(key, at: now) ? nil : key
    }
}
