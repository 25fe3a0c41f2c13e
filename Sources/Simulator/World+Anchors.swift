import Ledger
import PeerCore
import Primitives
import Wire

/// A project that takes a worker's word when its job is under way already.
extension World {
    /// The worker whose word the project takes, and for how many hours after the first.
    struct Naming {
        let peer: PeerID
        let hours: UInt64
    }

    /// The submitter names a worker an anchor.
    func nameAnchor() {
        guard let index = options.named, manifestID != nil, isAwake(peers[Self.submitter]) else {
            queue.push(.nameAnchor, at: now.advanced(by: .seconds(1)))
            return
        }
        report.named += 1
        naming = Naming(peer: peers[index].id, hours: random.below(6))
        nameAgain()
    }

    /// A crash may have swallowed the word: it is said again until the ledger has it.
    func nameAgain() {
        let submitter = peers[Self.submitter]
        guard let naming, isAwake(submitter), let core = submitter.core,
            core.peer.ledger.anchors.naming(of: naming.peer, by: project) == nil
        else { return }
        let until = core.peer.epoch + naming.hours
        input(.anchor(naming.peer, project: project, until: until), to: submitter)
    }

    /// What a project says of a peer counts in its hours, at every peer, and in no others.
    func checkNaming() {
        guard let naming else { return }
        for peer in honestPeers.prefix(Self.boardsMax) {
            guard let ledger = peer.core?.peer.ledger,
                let anchor = ledger.anchors.naming(of: naming.peer, by: project)
            else { continue }
            let view = ledger.trustView
            let keys = ledger.ownership.keys(of: naming.peer)
            for manifest in jobs.compactMap({ ledger.manifest($0)?.body }) {
                let isInManifest = keys.contains { manifest.anchors.contains($0) }
                for hour in [anchor.epoch - 1, anchor.epoch, anchor.until, anchor.until + 1] {
                    let counts = (anchor.epoch...anchor.until).contains(hour) || isInManifest
                    let trustClass = view.trustClass(of: keys[0], for: manifest, at: hour)
                    guard (trustClass == .anchor) != counts else { continue }
                    report.violations.append(
                        "at peer \(peer.index) an anchor's word counts as \(trustClass)"
                    )
                }
            }
        }
    }
}
