import Ledger
package import Primitives
import Wire
import WorkUnits

/// What is dropped, and when. Results are kept until the owner of their job releases them, or until
/// the job's deadline and retention have passed; an own dataset until its jobs are over.
///
/// A job is released once, which a row keeps. What follows from it is worked out anew each hour:
/// it does not matter when a crash came between, or when a lost ledger comes back.
extension Peer {
    /// Whether the results of a job are released: they are dropped, and never fetched again.
    package func isReleased(_ id: ManifestID) -> Bool { released.contains(id) }

    /// The owner needs the results of `id` no longer; nothing happens before an own job is over.
    mutating func release(_ id: ManifestID, at now: Instant, into out: inout Outbox) {
        guard let manifest = ownManifest(id), isOver(id, manifest, at: now) else { return }
        noteReleased(id, into: &out)
        dropReleased(into: &out)
        dropDatasets(at: now, into: &out)
    }

    /// A new hour: the retention of some jobs may have passed, and own jobs may be over.
    mutating func hourBegan(at now: Instant, into out: inout Outbox) {
        for (id, signed) in ledger.manifests where signed.body.retentionEpoch < epoch {
            noteReleased(id, into: &out)
        }
        dropReleased(into: &out)
        compareRingers(at: now, into: &out)
        dropDatasets(at: now, into: &out)
    }

    /// A row of a job that was released before the start.
    mutating func restoreReleased(_ row: JournalRow) throws(DecodeError) {
        guard let id = Digest(row.key), let value = row.value else { return }
        var decoder = CBORDecoder(value)
        released[ManifestID(id)] = try decoder.unsigned()
        try decoder.finish()
    }

    /// Ends what this peer does for a job that is over.
    mutating func end(_ id: ManifestID, into out: inout Outbox) {
        steward.ended(id, into: &out)
        worker.ended(id, into: &out)
        submitter.ended(id, into: &out)
        ringers.ended(id, into: &out)
        for key in offers.keys where key.manifest == id {
            offers.remove(key)
        }
    }

    /// Hashes of the results that this peer's unfinished work on jobs refers to.
    func resultHashes(ofWorkOn isMeant: (ManifestID) -> Bool) -> [Digest] {
        let offered = offers.values.filter { isMeant($0.manifest) }.flatMap(\.cores)
        return steward.resultHashes(where: isMeant) + worker.resultHashes(where: isMeant)
            + ringers.resultHashes(where: isMeant) + offered.map(\.core.resultHash)
    }

    /// Drops those of `hashes` that no job needs any more, and stops fetching them.
    ///
    /// Results go by their hash: the same one may belong to many units, of other jobs too.
    mutating func dropUnneeded(_ hashes: [Digest], into out: inout Outbox) {
        var unneeded = SortedTable<Digest, Bool>()
        for hash in hashes.filter({ results.concerns($0) }).sorted() { unneeded[hash] = true }
        guard !unneeded.isEmpty else { return }
        for hash in resultHashes(ofWorkOn: { !isReleased($0) }) { unneeded.remove(hash) }
        for id in ledger.manifests.keys where !isReleased(id) {
            for hash in ledger.resultHashes(of: id) { unneeded.remove(hash) }
        }
        // One that is stored even now is dropped with the next hour.
        for hash in unneeded.keys where results.holds(hash) { out.append(.dropResult(hash)) }
        results.forget(unneeded)
    }

    // MARK: - Parts

    private mutating func noteReleased(_ id: ManifestID, into out: inout Outbox) {
        guard !isReleased(id) else { return }
        released[id] = epoch
        var encoder = CBOREncoder()
        encoder.unsigned(epoch)
        out.append(.persist(JournalRow(.released, key: id.digest.bytes, value: encoder.bytes)))
        let begun = resultHashes(ofWorkOn: { $0 == id })
        end(id, into: &out)
        areOpportunitiesStale = true
        dropUnneeded(begun, into: &out)
    }

    private mutating func dropReleased(into out: inout Outbox) {
        dropUnneeded(released.keys.flatMap { ledger.resultHashes(of: $0) }, into: &out)
    }

    private mutating func dropDatasets(at now: Instant, into out: inout Outbox) {
        for root in chunks.datasetRoots where !submitted.values.contains(root) {
            let jobs = ledger.manifests.filter { _, signed in
                signed.body.datasetRoot == root && isSubmitter(of: signed.body)
            }
            // Before the ledger is back nobody knows whose it is.
            let areOver = jobs.allSatisfy { id, signed in
                isOver(id, signed.body, at: now) && !mayBeLookedAtAgain(Job(signed), at: now)
            }
            guard !jobs.isEmpty, areOver else { continue }
            chunks.forgetDataset(root)
            out.append(.dropDataset(root))
        }
    }

    /// Whether somebody may be computing units of a complete job once more, with its data.
    private func mayBeLookedAtAgain(_ job: Job, at now: Instant) -> Bool {
        let span = job.leaseSpan(unitCount: 1).times(2 * WorkLimits.auditLeases)
        return job.manifest.deadline >= epoch && !isReleased(job.id)
            && !ledger.isCancelled(job.id)
            && !ledger.isFinal(job.id, at: now, settle: span)
    }

    /// Whether nothing more will become of an own job.
    private func isOver(_ id: ManifestID, _ manifest: Manifest, at now: Instant) -> Bool {
        manifest.deadline < epoch || progress(of: id, at: now)?.isOverForItsOwner == true
    }
}
