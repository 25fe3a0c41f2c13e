import Ledger
package import Wire

extension TestGrid {
    /// What the signatures or the offline check have against `signed`; nil for a good certificate.
    package func complaint(about signed: Signed<Certificate>) -> String? {
        do throws(VerificationError) {
            try signed.check(with: verifier, in: network)
        } catch {
            return "\(error)"
        }
        let check = CertificateCheck(signed.body, manifest: manifest, id: id)
        do throws(CertificateError) {
            try check.run(latestEpoch: Self.epoch + Limits.epochSkew)
        } catch {
            return "\(error)"
        }
        return nil
    }
}
