"""Judges encodings without the Swift code: canonical form, COSE signatures, hashes and CDDL.

    python check.py                  the committed vectors.json
    python check.py emitted.json     what the Swift tests wrote, see README.md
"""

import json
import pathlib
import re
import sys

import cbor2
import pycddl
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pycose.keys import OKPKey
from pycose.keys.curves import Ed25519
from pycose.messages import Sign1Message

import starling as s

HERE = pathlib.Path(__file__).resolve().parent
CDDL = HERE.parents[2] / "docs" / "protocol.cddl"
ITEM_KINDS = {
    1: "manifest", 2: "certificate", 3: "opening", 4: "ruling", 5: "cancel", 6: "hold",
    7: "device", 8: "revoke", 9: "anchor", 10: "fault",
}
MESSAGE_RULES = dict(enumerate([
    "record-message", "item-message", "reconcile", "fetch", "claim", "lease", "commit-message",
    "commitset-message", "reveal", "refuse", "opening-message", "result-want", "result-piece",
    "result-offer", "result-held", "held", "chunk-want", "chunk", "acting",
    "beat", "alert-message", "evict", "bye-message", "have",
], start=3))
MESSAGE_STATEMENTS = {
    3: [(1, "record")], 9: [(1, "commit")], 10: [(1, "commitset")],
    11: [(1, "result"), (3, "commit")], 23: [(1, "alert")], 25: [(1, "bye")],
}


class Schemas:
    """The rules of protocol.cddl, rewritten where pycddl 0.6.4 goes wrong on valid CDDL.

    It follows `.cbor` only at some positions of an array, so the control is taken out of the text,
    and this script opens each byte string and validates what is in it against the rule that the
    file names there. It refuses an empty `[0*9 rule]` when the rule has lists of its own, so that
    becomes a choice between an empty list and one that is not. It refuses a choice of arrays inside
    an array; those parts are validated one by one.
    """

    def __init__(self):
        text = CDDL.read_text()
        pycddl.Schema(text)  # the file as it stands parses
        text = re.sub(r"bstr \.cbor ({[^}]*}|[a-z-]+)", "bstr .size (0..65536)", text)
        text = text.replace("round-or-null = round-key / null", "round-or-null = null")
        self.lists = {}
        self.text = re.sub(r"\[0\*(\d+) ([a-z0-9-]+)\]", self.list_rule, text)
        self.text += "no-items = []\n" + "".join(self.lists.values())
        self.parsed = {}

    def list_rule(self, match):
        limit, rule = match.groups()
        name = f"list-{limit}-{rule}"
        self.lists[name] = f"{name} = no-items / some-{name}\nsome-{name} = [1*{limit} {rule}]\n"
        return name

    def check(self, rule, data):
        if rule not in self.parsed:
            self.parsed[rule] = pycddl.Schema(f"start-here = {rule}\n" + self.text)
        self.parsed[rule].validate_cbor(data)


SCHEMAS = Schemas()


def require(condition, what):
    if not condition:
        raise SystemExit(f"WRONG: {what}")


def canonical(data, what):
    value = cbor2.loads(data)
    require(cbor2.dumps(value, canonical=True) == data, f"{what} is not canonical")
    return value


def check_names(value, what):
    """pycddl does not enforce .regexp, so names are checked here."""
    if isinstance(value, str):
        require(re.fullmatch("[ -~]{0,255}", value), f"{what} has an odd name")
    elif isinstance(value, dict):
        for each in value.values():
            check_names(each, what)
    elif isinstance(value, list):
        for each in value:
            check_names(each, what)


def check_envelope(kind, data, what):
    require(len(data) <= 65_536, f"{what} is too long")
    tag = canonical(data, what)
    SCHEMAS.check(f"signed-{kind}", data)
    require(tag.tag == 18, f"{what} is not tagged")
    protected, unprotected, payload, signature = tag.value
    require(protected == bytes.fromhex("a10127") and unprotected == {}, f"headers of {what}")
    SCHEMAS.check(kind, payload)
    body = canonical(payload, what)
    check_names(body, what)
    if kind == "revoke":
        record, _, _ = check_envelope("record", body[2], f"record of {what}")
        require(record[2] == 0, f"incarnation in {what}")
        require(record[1] != body[1], f"successor in {what}")
    if kind == "anchor":
        require(0 <= body[3] - body[4] <= 87_600, f"hours of {what}")
    return body, payload, signature


def check_signature(kind, network, data, signer, what):
    message = Sign1Message.decode(data)
    message.external_aad = s.external_data(kind, network)
    message.key = OKPKey(crv=Ed25519, x=signer)
    require(message.verify_signature(), f"signature of {what}")


def check_statement(vector, what):
    kind, data = vector["kind"], bytes.fromhex(vector["envelope"])
    body, payload, signature = check_envelope(kind, data, what)
    require(payload.hex() == vector["payload"], f"payload of {what}")
    require(s.sha256(payload).hex() == vector["id"], f"id of {what}")
    require(s.signer(kind, body).hex() == vector["signer"], f"signer of {what}")
    require([x.hex() for x in s.slots(kind, body)] == vector["slots"], f"slots of {what}")
    return body, payload, signature


def check_item(data, what):
    kind, content = canonical(data, what)
    if kind == 10:
        check_fault(content, what)
        return
    SCHEMAS.check(f"item-{ITEM_KINDS[kind]}", data)
    if kind != 3:
        check_envelope(ITEM_KINDS[kind], content, what)


def check_fault(content, what):
    """Two statements of one signer with a slot in common; pycddl refuses a choice of maps."""
    require(sorted(content) == [1, 2, 3], f"fields of {what}")
    kind = {number: name for name, number in s.KINDS.items()}[content[1]]
    SCHEMAS.check(f"fault-of-{kind}s", s.encode(content))
    bodies, ids = [], []
    for key in (2, 3):
        body, payload, _ = check_envelope(kind, content[key], what)
        bodies.append(body)
        ids.append(s.sha256(payload))
    require(ids[0] < ids[1], f"order of {what}")
    require(s.signer(kind, bodies[0]) == s.signer(kind, bodies[1]), f"signers of {what}")
    slots = [set(s.slots(kind, body)) for body in bodies]
    require(slots[0] & slots[1], f"slots of {what}")


def check_reconciliation(value, what):
    """The parts one by one: pycddl refuses a choice of arrays inside an array."""
    _, set_, ranges = value
    require(set_ in (0, 1) and len(ranges) <= 256, f"set of {what}")
    for end, claim in ranges:
        if end is not None:
            SCHEMAS.check("item-key", s.encode(end))
        if claim is not None:
            rule = {1: "range-keys", 2: "fingerprint"}[len(claim)]
            SCHEMAS.check(rule, s.encode(claim))
    ends = [end for end, _ in ranges]
    require(None not in ends[:-1], f"last range of {what}")
    ends = [end for end in ends if end is not None]
    require(all(a < b for a, b in zip(ends, ends[1:])), f"order of {what}")


def check_message(data, what):
    require(len(data) <= 393_216, f"{what} is too long")
    value = canonical(data, what)
    if value[0] == 5:
        check_reconciliation(value, what)
    elif value[0] == 12 and value[3] is not None:
        SCHEMAS.check("round-key", s.encode(value[3]))
        SCHEMAS.check("refuse", s.encode([*value[:3], None, *value[4:]]))
    elif value[0] != 4:
        SCHEMAS.check(MESSAGE_RULES[value[0]], data)
    else:
        require(len(value) == 2, f"{what} has two parts")
        check_item(cbor2.dumps(value[1], canonical=True), what)
    if value[0] == 24:
        check_eviction(value[1], what)
    for index, kind in MESSAGE_STATEMENTS.get(value[0], []):
        if value[index] is not None:
            check_envelope(kind, value[index], what)
    return value[0]


def check_eviction(envelopes, what):
    """Alerts of different observers about one record."""
    bodies = [check_envelope("alert", each, what)[0] for each in envelopes]
    require(len({(body[2], body[3]) for body in bodies}) == 1, f"subject of {what}")
    observers = [body[1] for body in bodies]
    require(all(a < b for a, b in zip(observers, observers[1:])), f"order of {what}")


def check_hello(data, what):
    require(len(data) <= 4_096, f"{what} is too long")
    SCHEMAS.check("hello", data)
    check_envelope("record", canonical(data, what)[3], what)


def check_beacon(data, what):
    require(len(data) <= 256, f"{what} is too long")
    SCHEMAS.check("beacon", data)
    return canonical(data, what)


def set_hash_of(body):
    return s.tagged_hash("starling/set/1", body[2], body[1], *(body[k] for k in (3, 4, 5, 6, 7)))


def commitment_of(body):
    keys = (2, 3, 4, 5, 1, 6, 8)
    return s.tagged_hash("starling/commit/1", *(body[k] for k in keys))


def check_certificate(body, network, what):
    """Every nested signature, over sets and results put together again by this script."""
    own = body[3]
    for index, set_ in enumerate(body[6]):
        steward, round_, units, epoch, seats, signature, silent = set_
        steward = steward or own
        entries = [e for e in body[7] if e[0] == index]
        members = list(silent)
        results = []
        for _, worker, seat, widening, nonce, digests, operations, _ in entries:
            result = s.numbered(
                worker, body[2], steward, round_, units, digests, operations, nonce, None
            )
            results.append(result)
            members.append([worker, seat, widening, commitment_of(result)])
        members.sort()
        commit_set = s.numbered(steward, body[2], round_, units, epoch, seats, members)
        require((signature is None) == (seats == 1), f"set signature of {what}")
        if signature is not None:
            verify(steward, "commitset", network, commit_set, signature)
        for entry, result in zip(entries, results):
            result[9] = set_hash_of(commit_set)
            verify(entry[1], "result", network, result, entry[7])
    for project, unit, *core, epoch, signature in body[9]:
        ruling = s.numbered(project, body[2], unit, *core, epoch)
        verify(project, "ruling", network, ruling, signature)


def verify(key, kind, network, body, signature):
    verify_bytes(key, s.signed_bytes(kind, network, s.encode(body)), signature)


def verify_bytes(key, message, signature):
    Ed25519PublicKey.from_public_bytes(key).verify(signature, message)


def check_record(body, network):
    verify_bytes(body[1], s.binding_bytes(network, body[3]), body[4])


def check_revoke(body, network, what):
    """The record inside, its binding, and that it foresaw the successor."""
    record, payload, signature = check_envelope("record", body[2], what)
    verify_bytes(record[1], s.signed_bytes("record", network, payload), signature)
    check_record(record, network)
    require(record[13] == s.successor_hash(body[1]), f"successor of {what}")


def check_vectors(vectors):
    network = bytes.fromhex(vectors["network"])
    for vector in vectors["statements"]:
        what = vector["name"]
        body, payload, _ = check_statement(vector, what)
        data, signer = bytes.fromhex(vector["envelope"]), bytes.fromhex(vector["signer"])
        check_signature(vector["kind"], network, data, signer, what)
        signed = s.signed_bytes(vector["kind"], network, payload)
        require(signed.hex() == vector["signedBytes"], f"signed bytes of {what}")
        external = s.external_data(vector["kind"], network)
        SCHEMAS.check("external-data", external)
        if vector["kind"] == "record":
            check_record(body, network)
        if vector["kind"] == "device":
            verify_bytes(body[2], s.consent_bytes(network, body[1]), body[3])
        if vector["kind"] == "revoke":
            check_revoke(body, network, what)
        if vector["kind"] == "certificate":
            check_certificate(body, network, what)
    for vector in vectors["items"]:
        check_item(bytes.fromhex(vector["bytes"]), vector["name"])
    kinds = {check_message(bytes.fromhex(v["bytes"]), v["name"]) for v in vectors["messages"]}
    require(kinds == set(range(3, 27)), "every kind of message has a vector")
    for vector in vectors["hellos"]:
        check_hello(bytes.fromhex(vector["bytes"]), vector["name"])
    for vector in vectors["beacons"]:
        items = check_beacon(bytes.fromhex(vector["bytes"]), vector["name"])
        SCHEMAS.check("beacon-content", bytes.fromhex(vector["signedBytes"]))
        require(s.encode(items[:6]).hex() == vector["signedBytes"], "what a beacon signs")
        verify_bytes(items[2], s.encode(items[:6]), items[6])
    SCHEMAS.check("curve-binding", bytes.fromhex(vectors["hashes"]["binding"]["bytes"]))
    SCHEMAS.check("device-consent", bytes.fromhex(vectors["hashes"]["consent"]["bytes"]))
    kinds = ("statements", "items", "messages", "hellos", "beacons")
    return sum(len(vectors[k]) for k in kinds)


def check_emitted(emitted):
    for index, vector in enumerate(emitted["statements"]):
        what = f"{vector['kind']} {index}"
        body, _, _ = check_statement(vector, what)
        hash_ = {"commitset": set_hash_of, "result": commitment_of}.get(vector["kind"])
        if hash_:
            require(hash_(body).hex() == vector["hash"], f"hash of {what}")
    checks = [
        ("items", check_item), ("messages", check_message), ("hellos", check_hello),
        ("beacons", check_beacon),
    ]
    for name, check in checks:
        for index, text in enumerate(emitted[name]):
            check(bytes.fromhex(text), f"{name} {index}")
    return sum(len(list_) for list_ in emitted.values())


def main():
    path = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "vectors.json"
    content = json.loads(path.read_text())
    count = check_vectors(content) if "network" in content else check_emitted(content)
    print(f"{count} encodings are right")


if __name__ == "__main__":
    main()
