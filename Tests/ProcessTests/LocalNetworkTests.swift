import Foundation
import Glibc
import Subprocesses
import Testing

/// Peers that find each other with nothing configured.
@Suite(.serialized, .timeLimit(.minutes(10)))
struct LocalNetworkTests {
    /// What `invite --json` writes.
    private struct Invite: Decodable {
        struct Invitation: Decodable {
            let address: String
            let reach: String
        }

        let invitations: [Invitation]
        let sendsBeacons: Bool
    }

    // MARK: - Two machines

    @Test(.enabled(if: Cable.isPossible, "making network namespaces needs root"))
    func machinesOnOneCableFindEachOtherWithoutAnyOption() async throws {
        let cable = try Cable(addresses: ["10.77.0.1/24", "10.77.0.2/24"])
        let first = try await Donor(at: cable.ends[0])
        #expect(first.program.output.contains("peers on the local network find it"))
        let alone = try await first.text("status")
        #expect(alone.contains("no other peer found yet; it goes on trying"))
        #expect(alone.contains("it sends beacons on the local network, UDP port 24711: nobody"))
        let second = try await Donor(at: cable.ends[1])
        for donor in [first, second] { try await donor.waitForLinks(1) }
        // What the beacons began works without them: each knows where to dial the other.
        let invites = [
            try await first.object(Invite.self, "invite"),
            try await second.object(Invite.self, "invite"),
        ]
        for (index, invite) in invites.enumerated() {
            #expect(invite.invitations.map(\.reach) == ["localNetwork"])
            let address = try #require(invite.invitations.first?.address)
            #expect(address.hasPrefix("starling://10.77.0.\(index + 1):"))
            #expect(invite.sendsBeacons)
        }
        let known = try await first.object(Peers.self, "peers").peers.map(\.address)
        #expect(known == invites.map(\.invitations[0].address))
        #expect(!(try await first.text("status")).contains("no other peer found"))
        for donor in [first, second] { #expect(try await donor.end().status == 0) }
    }

    @Test(.enabled(if: Cable.isPossible, "making network namespaces needs root"))
    func machinesWithoutAnyAddressOfTheirOwnFindEachOtherOverIPv6() async throws {
        let cable = try Cable(addresses: ["", ""])
        let donors = [try await Donor(at: cable.ends[0]), try await Donor(at: cable.ends[1])]
        for donor in donors { try await donor.waitForLinks(1) }
        for donor in donors { #expect(try await donor.end().status == 0) }
    }

    @Test(.enabled(if: Cable.isPossible, "making network namespaces needs root"))
    func addressThatComesAfterTheStartIsToldAndFound() async throws {
        let cable = try Cable(addresses: ["", "10.77.0.2/24"], hasIPv6: false)
        let first = try await Donor(at: cable.ends[0])
        #expect(try await first.address().hasPrefix("starling://127.0.0.1:"))
        #expect(try await first.text("invite").contains("WARNING: works on this machine only"))
        let second = try await Donor(at: cable.ends[1])
        try cable.ends[0].add(address: "10.77.0.1/24")
        for donor in [first, second] { try await donor.waitForLinks(1) }
        while try await !first.address().hasPrefix("starling://10.77.0.1:") {}
        while try await !second.text("peers").contains("10.77.0.1:") {}
        for donor in [first, second] { #expect(try await donor.end().status == 0) }
    }

    @Test(.enabled(if: Cable.isPossible, "making network namespaces needs root"))
    func peerThatSendsNoBeaconsIsNotFoundAndCanBeJoined() async throws {
        let cable = try Cable(addresses: ["10.77.0.1/24", "10.77.0.2/24"])
        let first = try await Donor(at: cable.ends[0], ["--no-beacon"])
        #expect(!first.program.output.contains("peers on the local network find it"))
        #expect(try await first.text("status").contains("it sends no beacons on the local network"))
        let second = try await Donor(
            at: cable.ends[1],
            ["--no-beacon", "--join", try await first.address()]
        )
        for donor in [first, second] { try await donor.waitForLinks(1) }
        for donor in [first, second] { #expect(try await donor.end().status == 0) }
    }

    // MARK: - One machine

    @Test func peersOfOneMachineFindEachOtherWhenTheyAreTold() async throws {
        let port = try freeUDPPort()
        let options = ["--beacon", "--beacon-port", "\(port)", "--listen", "127.0.0.1:0"]
        let donors = [
            try await Donor(options, cores: 0), try await Donor(options, cores: 0),
            // Whoever listens on the machine alone is not found unless it wants to be.
            try await Donor(["--beacon-port", "\(port)"], cores: 0),
        ]
        for donor in donors.prefix(2) { try await donor.waitForLinks(1) }
        #expect(try await donors[2].object(Status.self, "status").links == 0)
        #expect(try await !donors[2].object(Invite.self, "invite").sendsBeacons)
        for donor in donors { #expect(try await donor.end().status == 0) }
    }

    @Test func peerThatListensHereAloneSaysThatNobodyCanJoin() async throws {
        let donor = try await Donor(cores: 0)
        let invite = try await donor.object(Invite.self, "invite")
        #expect(invite.invitations.map(\.reach) == ["machine"])
        #expect(invite.invitations.map(\.address) == [try await donor.address()])
        let text = try await donor.text("invite")
        #expect(text.contains("WARNING: works on this machine only; others cannot reach it"))
        #expect(text.contains("nobody on another machine can join"))
        #expect(try await donor.end().status == 0)
    }

    @Test func invitationIsTakenByNameToo() async throws {
        let first = try await Donor(cores: 0)
        let invite = try await first.object(Invite.self, "invite")
        let address = try #require(invite.invitations.first?.address)
        let named = address.replacing("127.0.0.1", with: "localhost")
        let second = try await Donor(["--join", named], cores: 0)
        for donor in [first, second] { try await donor.waitForLinks(1) }
        for donor in [first, second] { #expect(try await donor.end().status == 0) }
    }

    @Test func peerThatFindsNobodySaysWhatItTries() async throws {
        let first = try await Donor(cores: 0)
        let address = try await first.address()
        #expect(try await first.end().status == 0)
        let alone = try await Donor(["--join", address], cores: 0)
        while try await !alone.text("status").contains(": nobody listens there") {}
        let text = try await alone.text("status")
        #expect(text.contains("activity      donates nothing"))
        #expect(text.contains("no other peer found yet; it goes on trying"))
        #expect(text.contains("it sends no beacons on the local network"))
        #expect(text.contains("to help: "))
        let peer = try await alone.object(Status.self, "status").peer
        #expect(try await alone.text("why", peer).contains(": nobody listens there"))
        // It goes on: the peer that comes back is found.
        let again = try await Donor(cores: 0, in: first.home)
        #expect(try await again.address() == address)
        try await alone.waitForLinks(1)
        for donor in [alone, again] { #expect(try await donor.end().status == 0) }
    }

    /// A UDP port that nobody used a moment ago.
    private func freeUDPPort() throws -> UInt16 {
        let descriptor = socket(AF_INET, CInt(SOCK_DGRAM.rawValue), 0)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, size) == 0 && getsockname(descriptor, $0, &size) == 0
            }
        }
        try #require(isBound)
        return UInt16(bigEndian: address.sin_port)
    }
}

// MARK: - Machines

extension Donor {
    /// Starts a peer on a machine of its own, as its owner would.
    fileprivate convenience init(at machine: Machine, _ options: [String] = []) async throws {
        try await self.init(options: options, through: machine.launcher)
    }
}

/// A machine with one network card: a network namespace of this one.
struct Machine: Sendable {
    fileprivate let name: String
    fileprivate static let card = "cable"
    fileprivate static let tool = "/usr/sbin/ip"

    /// What runs a program there.
    var launcher: [String] { [Self.tool, "netns", "exec", name] }

    /// Gives the card an address, as `10.0.0.1/24`.
    func add(address: String) throws {
        try Cable.run(["-n", name, "address", "add", address, "dev", Self.card])
    }
}

/// Two machines that a cable joins, and nothing else; gone with the object.
final class Cable: Sendable {
    let ends: [Machine]

    struct Failure: Error {
        let arguments: [String]
    }

    /// An empty address leaves an end without one; throws where this process may not do it.
    init(addresses: [String], hasIPv6: Bool = true) throws {
        let number = UInt32.random(in: 0...UInt32.max)
        ends = addresses.indices.map { Machine(name: "starling-\(number)-\($0)") }
        for end in ends {
            try Self.run(["netns", "add", end.name])
            try Self.run(["-n", end.name, "link", "set", "lo", "up"])
        }
        let card = Machine.card
        try Self.run([
            "-n", ends[0].name, "link", "add", card, "type", "veth", "peer", "name", card, "netns",
            ends[1].name,
        ])
        for (end, address) in zip(ends, addresses) {
            if !hasIPv6 {
                try Self.run(["-n", end.name, "link", "set", card, "addrgenmode", "none"])
            }
            try Self.run(["-n", end.name, "link", "set", card, "up"])
            if !address.isEmpty { try end.add(address: address) }
        }
    }

    deinit {
        for end in ends { try? Self.run(["netns", "delete", end.name]) }
    }

    /// Whether this process may make network namespaces, and cards in them.
    static let isPossible = (try? Cable(addresses: ["10.77.0.1/24", "10.77.0.2/24"])) != nil

    fileprivate static func run(_ arguments: [String]) throws {
        let process = try Subprocess(Machine.tool, arguments, output: nil, errors: nil)
        guard process.wait().status == 0 else { throw Failure(arguments: arguments) }
    }
}
