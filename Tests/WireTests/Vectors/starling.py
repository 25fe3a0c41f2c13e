"""The wire format of Starling in Python, written from docs/PROTOCOL.md and not from the Swift code.

Every function here takes fields by the names that the vectors use, which are the names of the
Swift properties, and returns what `cbor2` encodes.
"""

import hashlib

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pycose.algorithms import EdDSA
from pycose.headers import Algorithm
from pycose.keys import OKPKey
from pycose.keys.curves import Ed25519
from pycose.messages import Sign1Message


def encode(value):
    """Deterministic CBOR."""
    return cbor2.dumps(value, canonical=True)


def sha256(data):
    return hashlib.sha256(data).digest()


def tagged_hash(tag, *items):
    return sha256(encode([tag, *items]))


class Key:
    """An Ed25519 key whose seed follows from its name."""

    def __init__(self, name):
        self.seed = sha256(b"starling test key " + name.encode())
        self.private = Ed25519PrivateKey.from_private_bytes(self.seed)
        self.public = self.private.public_key().public_bytes_raw()

    def sign(self, message):
        return self.private.sign(message)


KINDS = {
    "record": 1,
    "manifest": 2,
    "cancel": 3,
    "ruling": 4,
    "commit": 5,
    "commitset": 6,
    "result": 7,
    "certificate": 8,
    "hold": 9,
    "device": 10,
    "revoke": 11,
    "anchor": 12,
    "alert": 13,
    "bye": 14,
}


def external_data(kind, network):
    return encode([f"starling/signed/{kind}/1", network])


def signed_bytes(kind, network, payload):
    header = encode({1: -8})
    return encode(["Signature1", header, external_data(kind, network), payload])


def envelope(kind, network, payload, key):
    """A COSE_Sign1 made by pycose."""
    message = Sign1Message(
        phdr={Algorithm: EdDSA},
        payload=payload,
        external_aad=external_data(kind, network),
    )
    message.key = OKPKey(crv=Ed25519, d=key.seed, x=key.public)
    return message.encode()


# Hashes


def core_hash(core):
    return tagged_hash("starling/core/1", core["resultHash"], core["operations"], core["evidence"])


def unit_digest(manifest, steward, round_, unit, core):
    return tagged_hash("starling/digest/1", manifest, steward, round_, unit, core_hash(core))


def commitment(r):
    return tagged_hash(
        "starling/commit/1", r["manifest"], r["steward"], r["round"], r["units"], r["worker"],
        r["digests"], r["nonce"],
    )


def set_hash(s):
    return tagged_hash(
        "starling/set/1", s["manifest"], s["steward"], s["round"], s["units"], s["epoch"],
        s["seatCount"], members(s["members"]),
    )


def ticket(manifest, lowest_unit, seat, worker):
    hash_ = tagged_hash("starling/ticket/1", manifest, lowest_unit, seat, worker)
    return int.from_bytes(hash_[:8], "big")


def admits(number, population, widening):
    """Exact, with the unlimited whole numbers of Python."""
    expected = 3 << min(widening, 62)
    return expected >= population or number < (expected << 64) // population


def binding_bytes(network, curve_key):
    return encode(["starling/curve/1", network, curve_key])


def beacon_items(fields):
    names = ("network", "peer", "curveKey", "port", "epoch")
    return ["starling/beacon/1", *(fields[name] for name in names)]


def consent_bytes(network, owner):
    return encode(["starling/device/1", network, owner])


def successor_hash(key):
    return tagged_hash("starling/successor/1", key)


def slots(kind, payload):
    """The slots of a statement, from its decoded payload."""

    def slot(signer, *fields):
        return tagged_hash("starling/slot/1", KINDS[kind], signer, *fields)

    p = payload
    if kind == "record":
        return [slot(p[1], p[2])]
    if kind == "manifest":
        return [slot(p[2], p[5])]
    if kind == "alert":
        return []
    if kind in ("cancel", "device", "anchor", "bye"):
        return [slot(p[1], p[2])]
    if kind in ("ruling", "hold"):
        return [slot(p[1], p[2], p[3])]
    if kind == "revoke":
        return [slot(p[1], first_record(p)[1])]
    if kind in ("commit", "result"):
        return [slot(p[1], p[2], p[3], p[4], unit) for unit in p[5]]
    if kind == "commitset":
        return [slot(p[1], p[2], p[1], p[3], unit) for unit in p[4]]
    round_ = max([s[1] for s in p[6]], default=0)
    return [slot(p[3], p[2], p[4], round_, unit) for unit in p[5]]


def first_record(payload):
    """The payload of the record that a REVOKE embeds."""
    return cbor2.loads(cbor2.loads(payload[2]).value[2])


def signer(kind, payload):
    return payload[{"manifest": 2, "certificate": 3}.get(kind, 1)]


def fingerprint(ids):
    total = sum(int.from_bytes(id_, "big") for id_ in ids) % 2**256
    return tagged_hash("starling/range/1", total.to_bytes(32, "big"), len(ids))


def tree_root(leaves, byte_count):
    return tagged_hash("starling/data/1", byte_count, tree_top(leaves))


def tree_top(leaves):
    if len(leaves) == 1:
        return leaves[0]
    half = tree_split(len(leaves))
    return tagged_hash("starling/node/1", tree_top(leaves[:half]), tree_top(leaves[half:]))


def tree_split(count):
    half = 1
    while half * 2 < count:
        half *= 2
    return half


def tree_proof(leaves, index):
    if len(leaves) == 1:
        return []
    half = tree_split(len(leaves))
    if index < half:
        return tree_proof(leaves[:half], index) + [tree_top(leaves[half:])]
    return tree_proof(leaves[half:], index - half) + [tree_top(leaves[:half])]


# Payloads


def numbered(*values):
    return dict(enumerate(values, start=1))


def core(c):
    return [c["resultHash"], c["operations"], c["evidence"]]


def unit_cores(cores):
    return [[c["unit"], *core(c["core"])] for c in cores]


def members(list_):
    return [[m["worker"], m["seat"], m["widening"], m["commit"]] for m in list_]


def record(f):
    return numbered(
        f["peer"], f["incarnation"], f["curveKey"], f["binding"], f["controlEndpoints"],
        f["bulkEndpoints"], f["role"], f["owner"], f["cores"], f["memoryByteCount"],
        [[k["kernel"], k["operationsPerSecond"]] for k in f["kernels"]], f["engines"],
        f["successorHash"], f["epoch"], f["expiry"],
    )


def manifest(f):
    return numbered(
        f["network"], f["project"], f["owner"], f["submitter"], f["nonce"], f["epoch"],
        f["workload"], f["workloadHash"], f["parameters"], f["datasetRoot"],
        f["datasetByteCount"], f["shape"], f["unitCount"], f["operationsPerUnit"],
        f["resultByteCount"], f["memoryByteCount"], f["secondsPerUnit"], f["policy"],
        f["anchors"], f["recognised"], f["population"], f["priority"], f["deadline"],
        f["retention"], f["reducer"],
    )


def cancel(f):
    return numbered(f["project"], f["manifest"], f["epoch"])


def ruling(f):
    return numbered(f["project"], f["manifest"], f["unit"], *core(f["core"]), f["epoch"])


def vote(f):
    return [f["worker"], f["manifest"], f["steward"], f["round"], f["units"]]


def commit(f):
    return numbered(*vote(f), f["commit"])


def commitset(f):
    return numbered(
        f["steward"], f["manifest"], f["round"], f["units"], f["epoch"], f["seatCount"],
        members(f["members"]),
    )


def result(f):
    return numbered(*vote(f), f["digests"], f["operations"], f["nonce"], f["setHash"])


def certificate(f):
    own = f["steward"]
    sets = [
        [
            None if s["steward"] == own else s["steward"], s["round"], s["units"], s["epoch"],
            s["seatCount"], s["signature"], members(s["unrevealed"]),
        ]
        for s in f["sets"]
    ]
    entries = [
        [
            e["set"], e["worker"], e["seat"], e["widening"], e["nonce"], e["digests"],
            e["operations"], e["signature"],
        ]
        for e in f["entries"]
    ]
    rulings = [
        [r["project"], r["unit"], *core(r["core"]), r["epoch"], r["signature"]]
        for r in f["rulings"]
    ]
    return numbered(
        1, f["manifest"], own, f["vote"], f["units"], sets, entries, unit_cores(f["openings"]),
        rulings,
    )


def hold(f):
    return numbered(f["project"], f["manifest"], f["number"], f["isHeld"], f["epoch"])


def device(f):
    return numbered(f["owner"], f["peer"], f["consent"], f["epoch"])


def revoke(f):
    record_ = f["record"]
    payload = encode(record(record_["body"]))
    envelope_ = encode(
        cbor2.CBORTag(18, [encode({1: -8}), {}, payload, record_["signature"]])
    )
    return numbered(f["successor"], envelope_, f["epoch"])


def anchor(f):
    return numbered(f["project"], f["peer"], f["until"], f["epoch"])


def alert(f):
    return numbered(f["observer"], f["subject"], f["incarnation"], f["rings"], f["epoch"])


def bye(f):
    return numbered(f["peer"], f["incarnation"])


def evict_id(subject, incarnation):
    return tagged_hash("starling/evict/1", subject, incarnation)


def ring_position(peer, ring, day):
    return int.from_bytes(tagged_hash("starling/ring/1", peer, ring, day)[:8], "big")


def opening(f):
    return numbered(f["manifest"], f["certificate"], unit_cores(f["cores"]))


BODIES = {
    "record": record,
    "manifest": manifest,
    "cancel": cancel,
    "ruling": ruling,
    "commit": commit,
    "commitset": commitset,
    "result": result,
    "certificate": certificate,
    "hold": hold,
    "device": device,
    "revoke": revoke,
    "anchor": anchor,
    "alert": alert,
    "bye": bye,
}
