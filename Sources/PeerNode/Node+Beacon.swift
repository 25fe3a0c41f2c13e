import Identity
import Membership
import PeerCore
import Primitives
import Transport
import Wire

/// Finding peers of the local network, and being found by them.
extension Node {
    /// How often the machine's addresses are looked at.
    static let networkSpan = TimeSpan.seconds(10)

    /// The sockets for beacons, if they are wanted; or why there are none.
    static func beaconSocket(
        _ configuration: NodeConfiguration
    ) -> Result<BeaconSocket, BeaconSocket.Failure>? {
        guard let port = configuration.beaconPort else { return nil }
        return Result { () throws(BeaconSocket.Failure) in
            try BeaconSocket(port: port, address: configuration.address)
        }
    }

    /// Where others are told to dial a peer whose transport listens on `port`.
    static func endpoints(_ configuration: NodeConfiguration, _ bound: String?) -> [String] {
        if let advertised = configuration.advertised { return [advertised] }
        guard configuration.listensEverywhere, let bound,
            let port = bound.split(separator: ":").last.flatMap({ UInt16($0) })
        else { return [bound ?? ""] }
        return LocalNetwork.endpoints(port: port, addresses: LocalNetwork.addresses())
    }

    /// Looks now and then whether the machine has other addresses than before.
    func watchNetwork() {
        guard networkWatch == nil, configuration.advertised == nil, configuration.listensEverywhere
        else { return }
        networkWatch = Task { [weak self] in
            while !Task.isCancelled {
                try? await Task.sleep(nanoseconds: Self.networkSpan.nanoseconds)
                await self?.lookAtNetwork()
            }
        }
    }

    private func lookAtNetwork() {
        guard failure == nil, let record = peer.ownRecord?.body,
            place.update(Self.endpoints(configuration, transport.boundEndpoint))
        else { return }
        beacons.networkChanged(at: now)
        take(.advertise(draftRecord(speed: record.kernels.first?.operationsPerSecond ?? 0)))
        tendBeacons()
    }

    /// The record of this peer as it is now.
    func draftRecord(speed: UInt64) -> Record {
        OwnRecord(keys: keys, network: network, configuration: configuration)
            .record(endpoints: place.endpoints, speed: speed)
    }

    // MARK: - Links

    /// A link is up; `address` is the numeric address at its other end.
    func linked(_ record: Verified<Signed<Record>>, address: String) {
        take(.linked(record, network: NetworkPrefix(text: address)))
        beacons.linked(record.value.body.peer)
    }

    /// The last link with a peer is down.
    func unlinked(_ peer: PeerID) {
        take(.unlinked(peer))
        perform(beacons.unlinked(peer))
    }

    // MARK: - Beacons

    /// Whether there is a socket for beacons.
    package nonisolated var sendsBeacons: Bool {
        if case .success = beaconSocket { true } else { false }
    }

    /// Takes in what comes from machines of the local network.
    nonisolated func listenForBeacons() async {
        guard case .success(let socket) = beaconSocket else { return }
        for await datagram in socket.datagrams { await heard(datagram) }
    }

    /// Whatever is no beacon of this network is passed over: anybody can send anything there.
    private func heard(_ datagram: BeaconSocket.Datagram) {
        guard failure == nil, let beacon = try? Beacon(datagram: datagram.bytes),
            beacon.network == network, beacon.peer != id, beacon.counts(in: OwnRecord.epoch),
            beacons.mayCheck(at: now),
            LocalNetwork.isNear(datagram.address, LocalNetwork.addresses()),
            let checked = try? verified(beacon, in: network)
        else { return }
        let isIPv6 = datagram.address.contains(":")
        let host = isIPv6 ? "[\(datagram.address)]" : datagram.address
        beacons.heard(
            checked,
            endpoint: "tcp://\(host):\(beacon.port)",
            isLinked: peer.hubs.isLinked(beacon.peer),
            at: now
        )
        tendBeacons()
        changed()
    }

    /// Sends and dials what is due, and sees to it that this happens again in time.
    func tendBeacons() {
        guard case .success = beaconSocket, failure == nil else { return }
        perform(beacons.tick(at: now))
        beaconTimer?.cancel()
        let wait = max(beacons.deadline.since(now), TimeSpan.milliseconds(1))
        beaconTimer = Task { [weak self] in
            try? await Task.sleep(nanoseconds: wait.nanoseconds)
            guard !Task.isCancelled else { return }
            await self?.tendBeacons()
        }
    }

    func perform(_ actions: [BeaconDesk.Action]) {
        for action in actions {
            switch action {
            case .send: sendBeacon()
            case .dial(let place):
                try? transport.dial(endpoint: place.endpoint, curveKey: place.curveKey)
            case .hangUp(let place):
                hangUp(place.endpoint, place.curveKey)
            }
        }
    }

    private func sendBeacon() {
        // Whoever dials before there is a record is sent away.
        guard isReady, let port = transport.boundPort, case .success(let socket) = beaconSocket
        else { return }
        let beacon = Beacon(
            network: network,
            peer: id,
            curveKey: keys.curve.publicKey,
            port: port,
            epoch: OwnRecord.epoch,
            sign: { keys.peer.sign($0) }
        )
        isBeaconSent = socket.send(beacon.datagram)
    }
}
