import Foundation
import PeerNode
import Primitives

/// One thing that people ask of a running peer over its control socket.
///
/// The properties are the request's arguments, an event is one object of the answer, and `answer`
/// runs in the peer. A verb is known to the socket once it stands in `ControlVerbs.all`.
protocol ControlVerb: Codable, Sendable {
    /// What the answer consists of: one event, or several as things happen.
    associatedtype Event: Codable & Sendable

    /// The verb's name in a request.
    static var name: String { get }

    /// Answers with events; ends when there are no more, or throws what the user must know.
    func answer(by peer: ControlledPeer, tell: @Sendable (Event) async throws -> Void) async throws
}

/// Every verb of the control socket.
enum ControlVerbs {
    static let all: [any ControlVerb.Type] = [
        StatusVerb.self, InviteVerb.self, PeersVerb.self, LeaderboardVerb.self, WhyVerb.self,
        JobsVerb.self, WatchVerb.self, ResultsVerb.self,
        EstimateVerb.self, SubmitVerb.self, CancelVerb.self, HoldVerb.self,
        ReleaseVerb.self, ReleaseResultsVerb.self, PlantVerb.self,
        AnchorVerb.self, AnchorsVerb.self,
        PauseVerb.self, ResumeVerb.self, AuditVerb.self, ExportVerb.self,
    ]
}

/// What verbs act on: a running peer, and what its process knows beside it.
struct ControlledPeer: Sendable {
    let node: Node
    let folder: PeerFolder
    let names: JobNames
    let start = ContinuousClock.now
}

/// A request as it stands on its line.
struct ControlRequest<Verb: ControlVerb>: Codable {
    let verb: String
    let arguments: Verb

    init(_ arguments: Verb) {
        verb = Verb.name
        self.arguments = arguments
    }
}

/// One line of an answer: an event, the reason of a failure, or the end.
struct ControlReply<Event: Codable>: Codable {
    var event: Event?
    var failure: String?
    var end: Bool?
}

/// Lines of JSON: sorted keys, dates as in ISO 8601.
enum ControlLine {
    /// Bytes of a request at most, without its end.
    static let requestByteCountMax = 1 << 20
    /// Bytes of a reply at most: the largest result as text, and something around it.
    static let replyByteCountMax = 32 << 20

    static func encode(_ value: some Encodable) throws -> Bytes {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .iso8601
        return Bytes(try encoder.encode(value)) + [UInt8(ascii: "\n")]
    }

    static func decode<Value: Decodable>(_ line: some Sequence<UInt8>) throws -> Value {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .iso8601
        return try decoder.decode(Value.self, from: Data(line))
    }
}
