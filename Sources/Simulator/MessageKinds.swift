import Wire

/// What kinds of message there are, items by what they hold, each of which a campaign must see.
package let messageKinds = [
    "record", "reconcile", "fetch", "claim", "lease", "commit", "commit set", "reveal", "refusal",
    "opening handed on", "result wanted", "result piece", "result offer", "result held",
    "ruling wanted", "chunk wanted", "chunk", "acting", "beat", "alert", "eviction", "farewell",
    "news", "manifest", "certificate", "opening",
    "ruling",
    "cancel", "hold", "device", "revoke", "anchor", "fault",
]

extension Message {
    /// The place of the message's kind in `messageKinds`.
    var kindIndex: Int {
        switch self {
        case .record: 0
        case .reconcile: 1
        case .fetch: 2
        case .claim: 3
        case .lease: 4
        case .commit: 5
        case .commitSet: 6
        case .reveal: 7
        case .refuse: 8
        case .opening: 9
        case .resultWant: 10
        case .resultPiece: 11
        case .resultOffer: 12
        case .resultHeld: 13
        case .held: 14
        case .chunkWant: 15
        case .chunk: 16
        case .acting: 17
        case .beat: 18
        case .alert: 19
        case .evict: 20
        case .bye: 21
        case .have: 22
        case .item(let item): 23 + item.kindIndex
        }
    }
}

extension Item {
    /// The place of the item's kind among items.
    fileprivate var kindIndex: Int {
        switch self {
        case .manifest: 0
        case .certificate: 1
        case .opening: 2
        case .ruling: 3
        case .cancel: 4
        case .hold: 5
        case .device: 6
        case .revoke: 7
        case .anchor: 8
        case .fault: 9
        }
    }
}
