package import Primitives

/// Decides who may have a link; the transport itself does not know what HELLO says.
///
/// Called on the transport's thread: an answer must come without waiting, within about a
/// millisecond, because nothing is sent or received meanwhile.
package protocol Admission: Sendable {
    /// The body of our HELLO (`dialled` is true) or WELCOME to the holder of `curveKey`.
    func hello(to curveKey: CurveKey, dialled: Bool) -> Bytes

    /// Judges the body of a HELLO (`dialled` is false) or of a WELCOME (`dialled` is true).
    ///
    /// `curveKey` is proven: the key that the other side's encryption uses, whatever the frame
    /// claims. A frame that names another key is a replay.
    func admit(_ frame: Bytes, curveKey: CurveKey, dialled: Bool) -> AdmissionVerdict
}

/// What `Admission` decided about a link.
package enum AdmissionVerdict: Sendable, Equatable {
    /// The link belongs to this peer.
    case admit(PeerID)
    /// No link; the reason is told to a dialler that sent HELLO.
    case refuse(reason: String)
}
