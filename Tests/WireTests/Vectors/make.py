"""Writes vectors.json: examples of everything on the wire, made without the Swift code.

    python make.py > vectors.json

Keys and values follow from fixed names, so two runs write the same file.
"""

import json

import starling as s

MAX64 = 2**64 - 1
NAMES = """
peer steward steward2 worker1 worker2 worker3 worker4 project project2 owner other successor
"""
KEYS = {name: s.Key(name) for name in NAMES.split()}
PUBLIC = {name: key.public for name, key in KEYS.items()}


def fill(name):
    """Thirty-two bytes that mean nothing."""
    return s.sha256(b"starling test bytes " + name.encode())


NETWORK = fill("network")


def statement(name, kind, fields, key):
    """A signed statement, as the vectors describe it."""
    payload_map = s.BODIES[kind](fields)
    payload = s.encode(payload_map)
    envelope = s.envelope(kind, NETWORK, payload, KEYS[key])
    return {
        "name": name,
        "kind": kind,
        "fields": fields,
        "payload": payload,
        "envelope": envelope,
        "signature": envelope[-64:],
        "id": s.sha256(payload),
        "signer": PUBLIC[key],
        "signedBytes": s.signed_bytes(kind, NETWORK, payload),
        "slots": s.slots(kind, payload_map),
    }


def inner(vector):
    """A statement as a field of something else, by the names of Signed."""
    return {k: vector[v] for k, v in [("body", "fields"), ("signature", "signature"), ("id", "id")]}


def core(name, operations):
    return {
        "resultHash": fill(name + " result"),
        "operations": operations,
        "evidence": fill(name + " evidence"),
    }


def record(name, **changes):
    curve_key = fill("curve key")
    fields = {
        "peer": PUBLIC["peer"],
        "incarnation": 3,
        "curveKey": curve_key,
        "binding": KEYS["peer"].sign(s.binding_bytes(NETWORK, curve_key)),
        "controlEndpoints": ["tcp://192.0.2.1:7777", "tcp://[2001:db8::1]:7777"],
        "bulkEndpoints": ["tcp://192.0.2.1:7778"],
        "role": 1,
        "owner": PUBLIC["owner"],
        "cores": 8,
        "memoryByteCount": 16 << 30,
        "kernels": [
            {"kernel": "drift-search/1", "operationsPerSecond": 4_320_000_000},
            {"kernel": "fold/2", "operationsPerSecond": MAX64},
        ],
        "engines": ["wasm/1"],
        "successorHash": s.successor_hash(PUBLIC["successor"]),
        "epoch": 490_000,
        "expiry": 490_024,
        **changes,
    }
    return statement(name, "record", fields, "peer")


def manifest(name, **changes):
    fields = {
        "network": NETWORK,
        "project": PUBLIC["project"],
        "owner": PUBLIC["owner"],
        "submitter": PUBLIC["peer"],
        "nonce": fill("nonce"),
        "epoch": 490_000,
        "workload": "drift-search/1",
        "workloadHash": s.sha256(b"drift-search/1"),
        "parameters": bytes.fromhex("a10102"),
        "datasetRoot": fill("dataset"),
        "datasetByteCount": 5 << 20,
        "shape": [16, 65_536],
        "unitCount": 1_000,
        "operationsPerUnit": 10**12,
        "resultByteCount": 65_536,
        "memoryByteCount": 1 << 30,
        "secondsPerUnit": 600,
        "policy": 0,
        "anchors": sorted([PUBLIC["peer"], PUBLIC["other"]]),
        "recognised": [PUBLIC["project2"]],
        "population": 250,
        "priority": 128,
        "deadline": 490_720,
        "retention": 720,
        "reducer": "top/1",
        **changes,
    }
    return statement(name, "manifest", fields, "project")


class Round:
    """A round of a vote: the workers' promises, the closed set and the results."""

    def __init__(self, job, steward, number, units, epoch, votes, silent=()):
        """`votes` is a list of (worker, seat, widening, core of every unit)."""
        self.job, self.steward, self.number, self.epoch = job, steward, number, epoch
        self.units = units
        self.bodies = []
        all_members = []
        for worker, seat, widening, cores in votes:
            where = (job, PUBLIC[steward], number)
            body = {
                "worker": PUBLIC[worker],
                "manifest": job,
                "steward": PUBLIC[steward],
                "round": number,
                "units": units,
                "digests": [s.unit_digest(*where, u, c) for u, c in zip(units, cores)],
                "operations": [c["operations"] for c in cores],
                "nonce": fill(f"{worker} {number}")[:16],
            }
            self.bodies.append((worker, seat, widening, body))
            all_members.append(self.member(worker, seat, widening, s.commitment(body)))
        self.unrevealed = sorted(
            (self.member(w, seat, wide, fill(f"{w} promise")) for w, seat, wide in silent),
            key=lambda m: m["worker"],
        )
        fields = {
            "steward": PUBLIC[steward],
            "manifest": job,
            "round": number,
            "units": units,
            "epoch": epoch,
            "seatCount": len(all_members) + len(self.unrevealed),
            "members": sorted(all_members + self.unrevealed, key=lambda m: m["worker"]),
        }
        self.set = statement(f"set of round {number}", "commitset", fields, steward)
        self.set_hash = s.set_hash(fields)
        self.results, self.commits = [], []
        for worker, _, _, body in self.bodies:
            body["setHash"] = self.set_hash
            name = f"{worker} in round {number}"
            self.results.append(statement("result of " + name, "result", body, worker))
            kept = {k: body[k] for k in ("worker", "manifest", "steward", "round", "units")}
            kept["commit"] = s.commitment(body)
            self.commits.append(statement("commit of " + name, "commit", kept, worker))

    @staticmethod
    def member(worker, seat, widening, commit):
        return {
            "worker": PUBLIC[worker], "seat": seat, "widening": widening, "commit": commit,
        }

    def compact(self):
        alone = self.set["fields"]["seatCount"] == 1
        return {
            "steward": PUBLIC[self.steward],
            "round": self.number,
            "units": self.units,
            "epoch": self.epoch,
            "seatCount": self.set["fields"]["seatCount"],
            "signature": None if alone else self.set["signature"],
            "unrevealed": self.unrevealed,
        }

    def entries(self, index):
        list_ = []
        for (_, seat, widening, body), vector in zip(self.bodies, self.results):
            entry = {k: body[k] for k in ("worker", "nonce", "digests", "operations")}
            entry |= {"set": index, "seat": seat, "widening": widening}
            entry["signature"] = vector["signature"]
            list_.append(entry)
        return sorted(list_, key=lambda e: e["worker"])


def certificate(name, job, vote, units, rounds, openings=(), rulings=()):
    fields = {
        "manifest": job,
        "steward": PUBLIC["steward"],
        "vote": vote,
        "units": units,
        "sets": [r.compact() for r in rounds],
        "entries": [e for i, r in enumerate(rounds) for e in r.entries(i)],
        "openings": sorted(openings, key=lambda o: (o["unit"], s.core_hash(o["core"]))),
        "rulings": list(rulings),
    }
    vector = statement(name, "certificate", fields, "steward")
    vector["commitSets"] = [
        {"payload": r.set["payload"], "hash": r.set_hash, "seatCount": r.compact()["seatCount"]}
        for r in rounds
    ]
    results = [(x["fields"]["worker"], i, x) for i, r in enumerate(rounds) for x in r.results]
    results.sort(key=lambda x: (x[1], x[0]))
    vector["results"] = [x["payload"] for _, _, x in results]
    return vector


def statements():
    job = manifest("manifest")
    jid = job["id"]
    good = {u: core(f"unit {u}", 10**12 + u) for u in (3, 4, 900)}
    bad = {u: core(f"wrong unit {u}", 10**12) for u in (3, 4)}
    g34, b34 = [good[3], good[4]], [bad[3], bad[4]]
    one = Round(jid, "steward", 0, [3], 490_001, [
        ("worker1", 0, 0, [good[3]]), ("worker2", 1, 2, [good[3]]),
    ])
    quorum = Round(jid, "steward", 1, [3, 4, 900], 490_001, [
        ("worker1", 0, 0, list(good.values())), ("worker2", 1, 63, list(good.values())),
        ("worker3", 2, 5, [good[3], bad[4], good[900]]),
    ], silent=[("worker4", 3, 1)])
    single = Round(jid, "steward", 2, [3], 490_002, [("worker1", 0, 0, [good[3]])])
    split = Round(jid, "steward", 3, [3, 4], 490_002, [
        ("worker1", 0, 0, g34), ("worker2", 1, 0, b34),
    ])
    third = Round(jid, "steward2", 300, [3, 4], 490_003, [("worker3", 2, 0, g34)])
    fourth = Round(jid, "steward", 70_000, [4], 490_003, [("worker4", 3, 0, [good[4]])])
    rule = statement("ruling", "ruling", {
        "project": PUBLIC["project"], "manifest": jid, "unit": 4, "core": good[4],
        "epoch": 490_004,
    }, "project")
    embedded = {
        "project": PUBLIC["project"], "unit": 4, "core": good[4], "epoch": 490_004,
        "signature": rule["signature"],
    }
    opened = [{"unit": u, "core": c} for u in (3, 4) for c in (good[u], bad[u])]
    first = record(
        "first record", incarnation=0, controlEndpoints=[], bulkEndpoints=[], kernels=[],
        engines=[], cores=0, memoryByteCount=0, role=0, epoch=0, expiry=0,
    )
    certificates = [
        certificate("certificate of one unit and two winners", jid, 0, [3], [one]),
        certificate("quorum certificate with dissent and silence", jid, 0, [3, 900], [quorum]),
        certificate("single certificate", jid, 1, [3], [single]),
        certificate(
            "panel certificate over rounds and stewards", jid, 2, [3, 4],
            [split, third, fourth], openings=opened,
        ),
        certificate("audit certificate", jid, 3, [3], [one, single], openings=opened[:1]),
        certificate(
            "ruling certificate", jid, 4, [4], [split], openings=opened[2:], rulings=[embedded],
        ),
        certificate("ruling certificate without entries", jid, 4, [4], [], rulings=[embedded]),
    ]
    return [
        record("record of a hub"),
        record(
            "record of a leaf", role=0, incarnation=0, controlEndpoints=[], bulkEndpoints=[],
            kernels=[], engines=[], owner=PUBLIC["peer"], cores=2**32 - 1, memoryByteCount=0,
            successorHash=bytes(32), expiry=MAX64,
        ),
        job,
        manifest(
            "manifest at its ends", parameters=b"", datasetByteCount=64 << 30, shape=[],
            unitCount=1_000_000, operationsPerUnit=MAX64, resultByteCount=16 << 20,
            memoryByteCount=MAX64, secondsPerUnit=604_800, policy=2, anchors=[], recognised=[],
            population=MAX64, priority=255, deadline=MAX64, retention=2**32 - 1, reducer="",
            workload=" ~" * 127 + "!",
        ),
        statement("cancel", "cancel", {
            "project": PUBLIC["project"], "manifest": jid, "epoch": 490_100,
        }, "project"),
        statement("hold", "hold", {
            "project": PUBLIC["project"], "manifest": jid, "number": 0, "isHeld": True,
            "epoch": 490_050,
        }, "project"),
        statement("hold that ends, with the last number", "hold", {
            "project": PUBLIC["project"], "manifest": jid, "number": 999, "isHeld": False,
            "epoch": MAX64,
        }, "project"),
        statement("device", "device", {
            "owner": PUBLIC["owner"],
            "peer": PUBLIC["peer"],
            "consent": KEYS["peer"].sign(s.consent_bytes(NETWORK, PUBLIC["owner"])),
            "epoch": 490_000,
        }, "owner"),
        statement("revoke", "revoke", {
            "successor": PUBLIC["successor"],
            "record": inner(first),
            "epoch": 490_200,
        }, "successor"),
        statement("anchor", "anchor", {
            "project": PUBLIC["project"], "peer": PUBLIC["peer"], "until": 490_720,
            "epoch": 490_000,
        }, "project"),
        statement("anchor of the last hour, for as long as may be", "anchor", {
            "project": PUBLIC["project"], "peer": PUBLIC["owner"], "until": MAX64,
            "epoch": MAX64 - 87_600,
        }, "project"),
        statement("alert", "alert", {
            "observer": PUBLIC["peer"], "subject": PUBLIC["other"], "incarnation": 7,
            "rings": 5, "epoch": 490_000,
        }, "peer"),
        statement("alert of another hub", "alert", {
            "observer": PUBLIC["owner"], "subject": PUBLIC["other"], "incarnation": 7,
            "rings": 255, "epoch": 490_001,
        }, "owner"),
        statement("bye", "bye", {"peer": PUBLIC["peer"], "incarnation": MAX64}, "peer"),
        first, rule, one.commits[0], quorum.commits[1], single.commits[0], one.set, quorum.set,
        one.results[0], quorum.results[2], *certificates,
    ]


def opening(list_):
    panel = next(v for v in list_ if v["fields"].get("vote") == 0)
    return {
        "manifest": panel["fields"]["manifest"],
        "certificate": panel["id"],
        "cores": [
            {"unit": 3, "core": core("unit 3", 10**12 + 3)},
            {"unit": 900, "core": core("unit 900", 10**12 + 900)},
        ],
    }


def items(list_):
    """Every kind of ledger item: [kind, envelope, opening or fault]."""
    by_kind = {v["kind"]: v for v in reversed(list_)}
    vectors = []
    for number, kind in [
        (1, "manifest"), (2, "certificate"), (4, "ruling"), (5, "cancel"), (6, "hold"),
        (7, "device"), (8, "revoke"), (9, "anchor"),
    ]:
        vector = by_kind[kind]
        vectors.append({
            "name": f"item {kind}",
            "fields": {kind: inner(vector)},
            "value": [number, vector["envelope"]],
            "id": vector["id"],
        })
    fields = opening(list_)
    vectors.append({
        "name": "item opening",
        "fields": {"opening": fields},
        "value": [3, s.opening(fields)],
        "id": s.sha256(s.encode(s.opening(fields))),
    })
    for kind, name, change in [
        ("commit", "commits", {"commit": fill("another promise")}),
        ("commitset", "commitSets", {"epoch": 490_002}),
    ]:
        vectors.append(fault(by_kind[kind], name, change))
    for vector in vectors:
        vector["bytes"] = s.encode(vector["value"])
    return vectors


def fault(one, name, change):
    """A FAULT: a statement, and what its signer says otherwise of the same units."""
    key = next(k for k, public in PUBLIC.items() if public == one["signer"])
    other = statement("", one["kind"], {**one["fields"], **change}, key)
    pair = sorted([one, other], key=lambda v: v["id"])
    value = s.numbered(s.KINDS[one["kind"]], *(v["envelope"] for v in pair))
    first, second = map(inner, pair)
    return {
        "name": f"item fault of {one['kind']}s",
        "fields": {"fault": {"proof": {name: {"first": first, "second": second}}}},
        "value": [10, value],
        "id": s.sha256(s.encode(value)),
    }


def messages(list_, item_list):
    """Every kind of message: [kind, fields…]; the fields are named as in Swift."""
    by_kind = {v["kind"]: v for v in reversed(list_)}
    job = by_kind["manifest"]["id"]
    result, commit = by_kind["result"], by_kind["commit"]
    open_ = opening(list_)
    found = [core("unit 3", 10**12 + 3)]
    keys = [{"epoch": e, "id": fill(f"key {e} {n}")} for e in (7, 8) for n in (0, 1)]
    keys.sort(key=lambda k: (k["epoch"], k["id"]))
    wire_keys = [[k["epoch"], k["id"]] for k in keys]
    leaves = [fill(f"leaf {n}") for n in range(5)]
    piece = bytes(range(40))
    chunk = bytes(range(256)) * 2
    alerts = [v for v in list_ if v["kind"] == "alert"]
    alerts.sort(key=lambda v: v["fields"]["observer"])
    unit_list = {"manifest": job, "units": [0, 23, 24, 255, 256, 65_536, 999_999]}

    def signed(number, name):
        vector = by_kind[name]
        case = "commitSet" if name == "commitset" else name
        return (name, [number, vector["envelope"]], {case: inner(vector)})

    table = [
        signed(3, "record"),
        *[(x["name"], [4, x["value"]], {"item": x["fields"]}) for x in item_list],
        ("reconciliation", [5, 1, [
            [[7, fill("end 7")], None],
            [[9, fill("end 9")], [MAX64, fill("fingerprint")]],
            [None, [wire_keys]],
        ]], {"reconcile": {"set": 1, "ranges": [
            {"end": {"epoch": 7, "id": fill("end 7")}, "claim": "settled"},
            {"end": {"epoch": 9, "id": fill("end 9")},
             "claim": {"fingerprint": [MAX64, fill("fingerprint")]}},
            {"end": None, "claim": {"keys": keys}},
        ]}}),
        ("fetch", [6, 0, wire_keys], {"fetch": [0, keys]}),
        ("claim", [7, job, 3_906, 64, 10**9, [1, 2, 999_999], True], {"claim": {
            "manifest": job, "shard": 3_906, "unitCount": 64, "operationsPerSecond": 10**9,
            "sealed": [1, 2, 999_999], "isIdle": True,
        }}),
        ("lease", [
            8, job, [3, 4], 2, 490_001, 70_000, 1, 63, 15_000, [PUBLIC["peer"], PUBLIC["other"]],
            True,
        ], {"lease": {
            "manifest": job, "units": [3, 4], "seatCount": 2, "epoch": 490_001, "round": 70_000,
            "seat": 1, "widening": 63, "commitMilliseconds": 15_000,
            "holders": [PUBLIC["peer"], PUBLIC["other"]], "wantsReference": True,
        }}),
        signed(9, "commit"),
        signed(10, "commitset"),
        ("reveal", [11, result["envelope"], [s.core(c) for c in found], None],
         {"reveal": {"result": inner(result), "cores": found, "commit": None}}),
        ("reveal with commit",
         [11, result["envelope"], [s.core(c) for c in found], commit["envelope"]],
         {"reveal": {"result": inner(result), "cores": found, "commit": inner(commit)}}),
        ("refusal", [12, job, 2, None, 2, 5_000], {"refuse": {
            "manifest": job, "shard": 2, "round": None, "reason": 2, "retryMilliseconds": 5_000,
        }}),
        ("refusal of a round", [12, job, 2, [9, 600], 5, 0], {"refuse": {
            "manifest": job, "shard": 2, "round": {"number": 9, "firstUnit": 600}, "reason": 5,
            "retryMilliseconds": 0,
        }}),
        ("refusal to rule", [12, job, 0, None, 6, 60_000], {"refuse": {
            "manifest": job, "shard": 0, "round": None, "reason": 6, "retryMilliseconds": 60_000,
        }}),
        ("opening", [13, s.opening(open_)], {"opening": open_}),
        ("result want", [14, fill("result"), 262_144], {"resultWant": [fill("result"), 262_144]}),
        ("result piece", [15, fill("result"), 1_000, 960, piece], {"resultPiece": {
            "resultHash": fill("result"), "byteCount": 1_000, "offset": 960, "bytes": piece,
        }}),
        ("empty result piece", [15, s.sha256(b""), 0, 0, b""], {"resultPiece": {
            "resultHash": s.sha256(b""), "byteCount": 0, "offset": 0, "bytes": b"",
        }}),
        ("result offer", [16, job, s.unit_cores(open_["cores"])],
         {"resultOffer": {"manifest": job, "cores": open_["cores"]}}),
        ("results held", [17, job, unit_list["units"]], {"resultHeld": unit_list}),
        ("units held", [18, job, unit_list["units"]], {"held": unit_list}),
        ("chunk want", [19, fill("root"), 262_143],
         {"chunkWant": {"root": fill("root"), "index": 262_143}}),
        ("chunk", [20, fill("root"), 1_100_000, 4, chunk, s.tree_proof(leaves, 4)], {"chunk": {
            "root": fill("root"), "datasetByteCount": 1_100_000, "index": 4, "bytes": chunk,
            "proof": s.tree_proof(leaves, 4),
        }}),
        ("acting", [21, job, [0, 7, 3_906]],
         {"acting": {"manifest": job, "shards": [0, 7, 3_906]}}),
        ("beat", [22, MAX64], {"beat": [MAX64]}),
        signed(23, "alert"),
        ("evict", [24, [v["envelope"] for v in alerts]],
         {"evict": {"alerts": [inner(v) for v in alerts]}}),
        signed(25, "bye"),
        ("have", [26, 1, wire_keys], {"have": [1, keys]}),
    ]
    return [{"name": n, "bytes": s.encode(v), "fields": f} for n, v, f in table]


def hellos(list_):
    vectors = []
    for number, name in [(1, "hello"), (2, "welcome")]:
        vector = list_[number - 1]
        vectors.append({
            "name": name,
            "bytes": s.encode([number, 1, NETWORK, vector["envelope"]]),
            "fields": {
                "isWelcome": number == 2, "network": NETWORK, "record": inner(vector),
            },
        })
    return vectors


def beacons():
    vectors = []
    for name, port, epoch in [("beacon", 47_110, 490_003), ("beacon of small numbers", 1, 0)]:
        fields = {
            "network": NETWORK, "peer": PUBLIC["peer"], "curveKey": fill("curve key"),
            "port": port, "epoch": epoch,
        }
        items = s.beacon_items(fields)
        signature = KEYS["peer"].sign(s.encode(items))
        vectors.append({
            "name": name,
            "bytes": s.encode([*items, signature]),
            "signedBytes": s.encode(items),
            "fields": {**fields, "signature": signature},
        })
    return vectors


def hashes(list_):
    tickets = []
    for seat, unit, population, widening in [
        (0, 0, 0, 0), (1, 7, 3, 0), (2, 900, 4, 0), (3, 999_999, 250, 5), (255, 24, MAX64, 63),
        (0, 65_536, 10**6, 18), (5, 256, 100, 4), (6, 255, 100, 5),
    ]:
        number = s.ticket(list_[2]["id"], unit, seat, PUBLIC["worker1"])
        tickets.append({
            "manifest": list_[2]["id"], "lowestUnit": unit, "seat": seat,
            "worker": PUBLIC["worker1"], "number": number, "population": population,
            "widening": widening, "admits": s.admits(number, population, widening),
        })
    one = core("unit 3", 10**12 + 3)
    where = {
        "manifest": list_[2]["id"], "steward": PUBLIC["steward"], "round": 70_000, "unit": 256,
    }
    trees = []
    for count in [1, 2, 3, 4, 5, 7, 8, 9, 13, 33]:
        leaves = [fill(f"leaf {n}") for n in range(count)]
        length = (count - 1) * 262_144 + 1_000 + count
        trees.append({
            "byteCount": length, "leaves": leaves, "root": s.tree_root(leaves, length),
            "proofs": [s.tree_proof(leaves, n) for n in range(count)],
        })
    node = [fill("left"), fill("right")]
    keys = sorted(
        ({"epoch": n // 3, "id": fill(f"item {n}")} for n in range(10)),
        key=lambda key: (key["epoch"], key["id"]),
    )
    return {
        "range": {"keys": keys, "hash": s.fingerprint([key["id"] for key in keys])},
        "tickets": tickets,
        "core": {"fields": one, "hash": s.core_hash(one)},
        "digest": {**where, "core": one, "hash": s.unit_digest(*where.values(), one)},
        "commitments": [
            {"payload": v["payload"], "hash": s.commitment(v["fields"])}
            for v in list_ if v["kind"] == "result"
        ],
        "sets": [
            {"payload": v["payload"], "hash": s.set_hash(v["fields"])}
            for v in list_ if v["kind"] == "commitset"
        ],
        "node": {"items": node, "hash": s.tagged_hash("starling/node/1", *node)},
        "trees": trees,
        "binding": {
            "curveKey": fill("curve key"),
            "bytes": s.binding_bytes(NETWORK, fill("curve key")),
        },
        "consent": {
            "owner": PUBLIC["owner"],
            "bytes": s.consent_bytes(NETWORK, PUBLIC["owner"]),
        },
        "successor": {
            "key": PUBLIC["successor"],
            "hash": s.successor_hash(PUBLIC["successor"]),
        },
        "eviction": {
            "subject": PUBLIC["other"],
            "incarnation": MAX64,
            "id": s.evict_id(PUBLIC["other"], MAX64),
        },
        "rings": [
            {
                "peer": PUBLIC[name], "ring": ring, "epoch": epoch,
                "position": s.ring_position(PUBLIC[name], ring, (epoch + 3 * ring) // 24),
            }
            for name, ring, epoch in [
                ("peer", 0, 0), ("peer", 7, 490_000), ("other", 3, 490_007), ("other", 3, 490_006),
            ]
        ],
    }


def main():
    list_ = statements()
    item_list = items(list_)
    vectors = {
        "network": NETWORK,
        "keys": PUBLIC,
        "statements": list_,
        "items": [{k: v for k, v in x.items() if k != "value"} for x in item_list],
        "messages": messages(list_, item_list),
        "hellos": hellos(list_),
        "beacons": beacons(),
        "hashes": hashes(list_),
    }
    print(json.dumps(vectors, indent=1, default=bytes.hex))


if __name__ == "__main__":
    main()
