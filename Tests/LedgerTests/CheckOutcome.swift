import Ledger
import Wire

/// What an offline check says.
enum CheckOutcome: Hashable {
    case valid
    case unverified(VerificationError)
    case refused(CertificateError)
}
