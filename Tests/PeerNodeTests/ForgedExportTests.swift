import Foundation
import PeerNode
import Primitives
import TestSupport
import Testing
import Wire

/// Exports whose hash is right, and which are wrong all the same.
@Suite(.timeLimit(.minutes(10)))
struct ForgedExportTests {
    private let notary = Notary()

    @Test(arguments: Forgery.allCases)
    func forgeryIsFoundAndNamed(_ forgery: Forgery) async throws {
        let draft = try await forgery.draft(notary)
        let report = try await ExportDraft.audit(draft.bytes)
        let found = report.findings.map { "\($0.subject.kind) \($0.problem.name)" }
        #expect(found.sorted() == forgery.findings, "\(report.findings.map(\.description))")
    }

    @Test func wrongSignatureInsideACertificateNamesItsWorker() async throws {
        let draft = try await Forgery.borrowedSignature.draft(notary)
        let report = try await ExportDraft.audit(draft.bytes)
        let worker = try #require(notary.peers[1...2].max())
        let finding = try #require(report.findings.first)
        #expect(finding.problem == .wrongSignature(.result, signer: worker.digest))
        #expect(finding.subject.units == [0])
        #expect(finding.subject.job == notary.grid.id)
    }

    @Test func exportOfAnotherNetworkThanAskedForIsNamed() async throws {
        let draft = try await ExportDraft(Notary.everything()).withBoard()
        let own = try await ExportDraft.audit(draft.bytes, network: draft.network)
        #expect(own.isGood)
        let other = NetworkID(name: "other")
        let report = try await ExportDraft.audit(draft.bytes, network: other)
        #expect(report.findings.map(\.problem) == [.unexpectedNetwork(draft.network)])
    }

    @Test func wrongHashIsFoundThoughNothingElseIsWrong() async throws {
        let draft = try await ExportDraft(Notary.everything()).withBoard()
        let bytes = draft.elements.flatMap(\.bytes) + ExportElement.end(.zero).bytes
        let report = try await ExportDraft.audit(bytes)
        #expect(report.findings.map(\.problem) == [.wrongHash])
    }
}

/// Ways to make an export that is wrong, each with what an audit says.
enum Forgery: CaseIterable {
    case missingManifest, missingCertificate, swappedItems, repeatedItem, wrongCount
    case borrowedSignature, loneResult, foreignOpening, twoBodies, twoResults
    case raisedCredit, missingLine, extraLine, lineTwice, otherNetwork, futureHeader, futureItem
    case itemAfterLine, secondHeader, twoPauses, adoptionByForce, unforeseenSuccessor
    case contestedKey, anchorTwice

    /// The kinds of what is named, and the problems, in alphabetical order.
    var findings: [String] {
        switch self {
        case .missingManifest: ["certificate missing", "opening missing"]
        case .missingCertificate: ["opening missing"]
        case .swappedItems: ["manifest out-of-order"]
        case .repeatedItem: ["manifest repeated"]
        case .wrongCount: ["header wrong-count"]
        case .borrowedSignature: ["certificate wrong-signature"]
        case .loneResult: ["certificate unproven"]
        case .foreignOpening: ["opening opens-nothing"]
        case .twoBodies: ["cancel contradiction"]
        case .twoResults: Array(repeating: "certificate contradiction", count: 4)
        case .raisedCredit, .missingLine, .extraLine: ["board line wrong-line"]
        case .lineTwice: ["board line out-of-order"]
        case .otherNetwork: ["header wrong-network"]
        case .futureHeader: ["header future-epoch"]
        case .futureItem: ["manifest early"]
        case .itemAfterLine: ["manifest out-of-place"]
        case .secondHeader: ["header out-of-place"]
        case .twoPauses: ["hold contradiction"]
        case .adoptionByForce: ["device unverified"]
        case .unforeseenSuccessor: ["revoke unverified"]
        case .contestedKey: ["revoke contradiction"]
        case .anchorTwice: ["anchor contradiction"]
        }
    }
}

extension Forgery {
    /// The export, whose hash is right.
    func draft(_ notary: Notary) async throws -> ExportDraft {
        if let items = items(notary) { return ExportDraft(items) }
        let items = [notary.manifest] + notary.opened(notary.quorum(on: [0]))
        var draft = try await ExportDraft(items).withBoard()
        change(&draft, notary)
        return draft
    }

    /// The items of an export that pays nobody.
    private func items(_ notary: Notary) -> [Item]? {
        let certificate = notary.quorum(on: [0])
        let grid = notary.grid
        switch self {
        case .missingManifest:
            return notary.opened(certificate)
        case .missingCertificate:
            return [notary.manifest, .opening(grid.opening(of: certificate))]
        case .borrowedSignature:
            return [notary.manifest, .certificate(grid.sign(borrowed(certificate.body)))]
        case .loneResult:
            let round = notary.round(0, on: 0, [(1, 0)])
            let lone = grid.certificate(.quorum, of: notary.peers[0], units: [0], rounds: [round])
            return [notary.manifest, .certificate(grid.sign(lone))]
        case .foreignOpening:
            let opening = grid.opening(of: certificate, variant: 1)
            return [notary.manifest, .certificate(certificate), .opening(opening)]
        case .twoResults:
            let other = notary.quorum(on: [0], variant: 1)
            return [notary.manifest, .certificate(certificate), .certificate(other)]
        case .twoPauses:
            return [notary.manifest, notary.hold(0), notary.hold(0, isHeld: false)]
        case .adoptionByForce: return [notary.device(1, consenting: 2)]
        case .unforeseenSuccessor: return [notary.revoke(1, by: 2, foreseen: 3)]
        case .contestedKey: return [notary.revoke(1, by: 2), notary.revoke(1, by: 3)]
        case .anchorTwice: return [notary.anchor(1), notary.anchor(1, hours: 25)]
        default:
            return nil
        }
    }

    /// The last result has the signature of the first one.
    private func borrowed(_ certificate: Certificate) -> Certificate {
        var entries = certificate.entries
        let last = entries.removeLast()
        entries.append(
            CertificateEntry(
                set: last.set,
                worker: last.worker,
                seat: last.seat,
                widening: last.widening,
                nonce: last.nonce,
                digests: last.digests,
                operations: last.operations,
                signature: entries[0].signature
            )
        )
        return Certificate(
            manifest: certificate.manifest,
            steward: certificate.steward,
            vote: certificate.vote,
            units: certificate.units,
            sets: certificate.sets,
            entries: entries,
            openings: certificate.openings,
            rulings: certificate.rulings
        )
    }

    private func change(_ draft: inout ExportDraft, _ notary: Notary) {
        let line = draft.lines[0]
        let stranger = ExportLine(peer: PeerID(.zero), operations: 1, won: 1, lost: 0)
        switch self {
        case .swappedItems:
            draft = ExportDraft((1...3).map { Notary(nonce: $0).manifest })
            draft.items.swapAt(0, 1)
        case .repeatedItem: draft.items.append(notary.manifest)
        case .wrongCount: draft.itemCount = 4
        case .twoBodies:
            draft.items.append(notary.cancel(epoch: TestGrid.epoch + 1))
            let first = notary.cancel()
            let place = draft.items.firstIndex { $0.id > first.id } ?? draft.items.count - 1
            draft.items.insert(first, at: min(place, draft.items.count - 1))
        case .raisedCredit:
            draft.lines[0] = ExportLine(
                peer: line.peer,
                operations: line.operations + 1,
                won: line.won,
                lost: line.lost
            )
        case .missingLine: draft.lines.removeFirst()
        case .extraLine: draft.lines.insert(stranger, at: 0)
        case .lineTwice: draft.lines.insert(line, at: 0)
        case .otherNetwork: draft.network = NetworkID(name: "other")
        case .futureHeader: draft.epoch += 2
        case .futureItem:
            draft = ExportDraft([notary.manifest])
            draft.epoch -= 2
        case .itemAfterLine: draft.tail = [.item(late(draft.items))]
        case .secondHeader: draft.tail = [draft.elements[0]]
        case .missingManifest, .missingCertificate, .borrowedSignature, .loneResult,
            .foreignOpening, .twoResults, .twoPauses, .adoptionByForce, .unforeseenSuccessor,
            .contestedKey, .anchorTwice:
            break
        }
    }

    /// A manifest whose place is after `items`.
    private func late(_ items: [Item]) -> Item {
        var nonce: UInt64 = 2
        while items.contains(where: { $0.id > Notary(nonce: nonce).manifest.id }) { nonce += 1 }
        return Notary(nonce: nonce).manifest
    }
}
