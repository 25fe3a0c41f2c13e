package import Primitives

/// Where a job can be found: `starling://host:port/<peer>?curve=<key>&job=<id>`.
package struct JobLink: Hashable, Sendable, CustomStringConvertible {
    /// A peer that knows the job.
    package let address: JoinAddress
    /// The job.
    package let job: ManifestID

    /// The link to `job` at `address`.
    package init(address: JoinAddress, job: ManifestID) {
        self.address = address
        self.job = job
    }

    /// Reads a link; nil for anything else.
    package init?(_ text: String) {
        let digitCount = 2 * Digest.byteCount
        guard text.count > Self.field.count + digitCount,
            let job = Digest(hexadecimal: text.suffix(digitCount))
        else { return nil }
        let rest = text.dropLast(digitCount)
        guard rest.hasSuffix(Self.field),
            let address = JoinAddress(String(rest.dropLast(Self.field.count)))
        else { return nil }
        self.address = address
        self.job = ManifestID(job)
    }

    package var description: String { "\(address)\(Self.field)\(job)" }

    private static let field = "&job="
}
