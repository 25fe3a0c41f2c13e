#!/usr/bin/env python3
"""Verifies an export of a Starling ledger without Starling.

    python3 docs/verify_export.py FILE

Written from docs/PROTOCOL.md and docs/protocol.cddl. Needs cbor2 and cryptography (Debian:
python3-cbor2 python3-cryptography). Prints counts and the board that follows from the items. Exits
with 1 when something is wrong, naming each statement, and with 2 when it cannot run. It does not ask
the clock: the epoch of the header is the present one.
"""

import hashlib
import io
import sys
from collections import Counter

try:
    import cbor2
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError as error:
    print(f"{error}; install python3-cbor2 and python3-cryptography", file=sys.stderr)
    sys.exit(2)

# Items: number, and name, keys in the payload, key of the signer, of the epoch, and of the slot's
# fields. Further kinds of signed items need a row here, and a rule in `Ledger.place`.
ITEMS = {
    1: ("manifest", 25, 2, 6, (5,)),
    2: ("certificate", 9, 3, None, None),
    3: ("opening", 3, None, None, None),
    4: ("ruling", 7, 1, 7, (2, 3)),
    5: ("cancel", 3, 1, 3, (2,)),
    6: ("hold", 5, 1, 5, (2, 3)),
    7: ("device", 4, 1, 4, (2,)),
    8: ("revoke", 3, 1, 3, None),
    9: ("anchor", 4, 1, 4, (2,)),
    10: ("fault", 3, None, None, None),
}
SLOT_KINDS = {
    "record": 1, "manifest": 2, "cancel": 3, "ruling": 4, "commit": 5, "commitset": 6, "result": 7,
    "certificate": 8, "hold": 9, "device": 10, "revoke": 11, "anchor": 12,
}
# Statements that a FAULT may hold: name, and keys of the signer, of the manifest and, but for
# certificates, of what the slot's fields are made of, with the units last.
FAULTS = {
    5: ("commit", 1, 2, (2, 3, 4, 5)),
    6: ("commitset", 1, 2, (2, 1, 3, 4)),
    7: ("result", 1, 2, (2, 3, 4, 5)),
    8: ("certificate", 3, 2, None),
}
STRICT, ADAPTIVE, SINGLE = range(3)
QUORUM, SINGLE_VOTE, PANEL, AUDIT, RULING = range(5)
NEWCOMER, TRUSTED, SENIOR, ANCHOR = range(4)
# Constants of trust, and weights of certificates.
MARGIN, SHARED_MARGIN, SENIOR_UNITS, SENIOR_HOURS, STREAK, FORGIVING = 3, 5, 1_000, 24, 50, 500
VOTE_WEIGHT, PANEL_WEIGHT, ANCHORED_VOTE, ANCHORED_PANEL, RULING_WEIGHT = range(5)
ELEMENT_BYTES = 131_089
ANCHOR_HOURS = 10 * 365 * 24


class Wrong(Exception):
    """What is wrong with a statement."""


def require(condition, what):
    if not condition:
        raise Wrong(what)


def encode(value):
    return cbor2.dumps(value, canonical=True)


def sha256(data):
    return hashlib.sha256(data).digest()


def H(tag, *items):
    return sha256(encode([tag, *items]))


def decode(data):
    """The value of `data` when that is its one deterministic encoding."""
    value = cbor2.loads(data)
    require(encode(value) == data, "not deterministic CBOR")
    return value


def is_plain(value):
    """Whether a payload holds nothing but what the formats know."""
    if isinstance(value, (list, dict)):
        parts = value if isinstance(value, list) else [*value, *value.values()]
        return all(is_plain(part) for part in parts)
    is_number = type(value) is int and 0 <= value < 1 << 64
    return is_number or value is None or isinstance(value, (bytes, str, bool))


def open_envelope(envelope):
    """The payload of a COSE_Sign1 envelope, decoded, with its bytes and the signature."""
    envelope = decode(envelope)
    protected, unprotected, payload, signature = envelope.value
    headers = (envelope.tag, protected, unprotected)
    require(headers == (18, encode({1: -8}), {}), "its envelope")
    return decode(payload), payload, signature


def ascends(keys):
    return all(left < right for left, right in zip(keys, keys[1:]))


def core_hash(core):
    return H("starling/core/1", *core)


def digest(core, manifest, steward, round_, unit):
    return H("starling/digest/1", manifest, steward, round_, unit, core_hash(core))


def admits(manifest, lowest_unit, seat, worker, population, widening):
    number = int.from_bytes(H("starling/ticket/1", manifest, lowest_unit, seat, worker)[:8], "big")
    share = 3 << min(widening, 62)
    return share >= population or number < (share << 64) // population


def lead(votes):
    """The core with the most workers, and whether its lead settles a dispute."""
    said = {}
    for worker, core in votes:
        said.setdefault(worker, set()).add(core)
    counts = Counter(cores.pop() for cores in said.values() if len(cores) == 1).most_common(2)
    if not counts:
        return None, False
    next_count = counts[1][1] if len(counts) > 1 else 0
    margin = SHARED_MARGIN if next_count > 1 else MARGIN
    return counts[0][0], counts[0][1] - next_count >= margin


class Certificate:
    """A certificate, with the commit sets and results that it was assembled from."""

    def __init__(self, id_, p):
        self.id, self.manifest, self.steward, self.kind, self.units = id_, p[2], p[3], p[4], p[5]
        self.openings = [(unit, core) for unit, *core in p[8]]
        self.rulings = {unit: (project, core, epoch, signature)
                        for project, unit, *core, epoch, signature in p[9]}
        self.sets, self.entries = [], []
        for index, (steward, round_, units, epoch, seats, signature, unrevealed) in enumerate(p[6]):
            steward = steward or self.steward
            entries = [entry for entry in p[7] if entry[0] == index]
            members = list(unrevealed)
            for _, worker, seat, widening, nonce, digests, operations, _ in entries:
                commit = H("starling/commit/1", self.manifest, steward, round_, units, worker,
                           digests, nonce)
                members.append([worker, seat, widening, commit])
            members.sort()
            hash_ = H("starling/set/1", self.manifest, steward, round_, units, epoch, seats,
                      members)
            self.sets.append((steward, round_, units, epoch, seats, signature, members,
                              len(entries)))
            self.entries += [(*entry, hash_) for entry in entries]
        self.round = max((s[1] for s in self.sets), default=0)
        self.epoch = max([s[3] for s in self.sets] + [r[2] for r in self.rulings.values()])
        require(p[1] == 1 and ascends(self.units), "units or version")
        require(ascends([(e[0], e[1]) for e in p[7]]), "entries do not ascend")
        require(ascends([(u, core_hash(c)) for u, c in self.openings]), "openings do not ascend")
        require(ascends([ruling[1] for ruling in p[9]]), "rulings do not ascend")
        require(all(entry[0] < len(p[6]) for entry in p[7]), "an entry without a set")

    def ballots(self, unit):
        """Worker, set, digest and operations of every entry on `unit`, with steward and round."""
        for index, worker, *_, digests, operations, _, _ in self.entries:
            steward, round_, units = self.sets[index][:3]
            if unit in units:
                place = units.index(unit)
                yield worker, index, digests[place], operations[place], steward, round_

    def opens(self, core, ballot, unit):
        _, _, stated, operations, steward, round_ = ballot
        made = digest(core, self.manifest, steward, round_, unit)
        return core[1] == operations and made == stated

    def statements(self):
        """Kind, signer, payload, signature and slot fields of every statement inside."""
        for steward, round_, units, epoch, seats, signature, members, _ in self.sets:
            if signature is not None:
                payload = {1: steward, 2: self.manifest, 3: round_, 4: units, 5: epoch, 6: seats,
                           7: members}
                fields = [(self.manifest, steward, round_, unit) for unit in units]
                yield "commitset", steward, payload, signature, fields
        for index, worker, _, _, nonce, digests, operations, signature, hash_ in self.entries:
            steward, round_, units = self.sets[index][:3]
            payload = {1: worker, 2: self.manifest, 3: steward, 4: round_, 5: units, 6: digests,
                       7: operations, 8: nonce, 9: hash_}
            fields = [(self.manifest, steward, round_, unit) for unit in units]
            yield "result", worker, payload, signature, fields
        for unit, (project, core, epoch, signature) in self.rulings.items():
            payload = {1: project, 2: self.manifest, 3: unit, 4: core[0], 5: core[1], 6: core[2],
                       7: epoch}
            yield "ruling", project, payload, signature, [(self.manifest, unit)]

    def check(self, manifest, present):
        """The rules under "Verdicts" in docs/PROTOCOL.md."""
        unit_count, cap, population = manifest[13], manifest[14], manifest[21]
        for units in [self.units] + [s[2] for s in self.sets]:
            require(units[-1] < unit_count, "a unit that the job does not have")
            require(units[0] // 256 == units[-1] // 256, "units of several shards")
        require(manifest[6] <= self.epoch <= max(manifest[6], present + 1), "its epoch")
        for steward, _, units, epoch, seats, signature, members, entry_count in self.sets:
            require(epoch >= manifest[6] and ascends(units), "epoch or units of a set")
            require(len(members) == seats and entry_count > 0, "members of a set")
            require(ascends([member[0] for member in members]), "workers of a set")
            require(sorted(member[1] for member in members) == list(range(seats)), "seats of a set")
            require((signature is None) == (seats == 1), "the signature of a set")
            require(set(units) & set(self.units), "a set without a certified unit")
            for worker, seat, widening, _ in members:
                require(seats == 1 or admits(self.manifest, units[0], seat, worker, population,
                                             widening), f"the ticket of worker {short(worker)}")
        for unit in self.units:
            self.check_vote(unit, list(self.ballots(unit)), manifest[18], cap, manifest[2])

    def check_vote(self, unit, ballots, policy, cap, project):
        what = f"nobody won unit {unit}"
        if self.kind in (QUORUM, SINGLE_VOTE):
            seats = 2 if self.kind == QUORUM else 1
            forbidden = SINGLE if self.kind == QUORUM else STRICT
            require(policy != forbidden, "its kind and the policy")
            require(len(ballots) == seats and not self.openings and not self.rulings, what)
            require(len({ballot[1:] for ballot in ballots}) == 1, what)
            require(self.sets[ballots[0][1]][4] == seats and ballots[0][3] <= cap, what)
            return
        require(self.kind in (PANEL, AUDIT, RULING), "its kind")
        cores = [core for opened, core in self.openings if opened == unit]
        votes = []
        for ballot in ballots:
            core = next((core for core in cores if self.opens(core, ballot, unit)), None)
            require(core and core[1] <= cap, f"an entry on unit {unit} that no core opens")
            votes.append((ballot[0], core_hash(core)))
        if self.kind == PANEL:
            require(len({ballot[1] for ballot in ballots}) > 1 and not self.rulings, what)
            require(lead(votes)[1], what)
        elif self.kind == AUDIT:
            require(len(self.entries) == len(self.sets) == 1 and self.sets[0][4] == 1, what)
            require([opened for opened, _ in self.openings] == self.units, what)
            require(not self.rulings, what)
        else:
            require(list(self.rulings) == self.units, "rulings on other units")
            ruling = self.rulings[unit]
            require(ruling[0] == project and ruling[1] in cores, f"the ruling on unit {unit}")

    def winner(self, unit, cores):
        """The hash of the core that the vote chose, as far as `cores` open it."""
        if self.kind == RULING:
            return core_hash(self.rulings[unit][1])
        votes = []
        for ballot in self.ballots(unit):
            core = next((core for core in cores.values() if self.opens(core, ballot, unit)), None)
            if core:
                votes.append((ballot[0], core_hash(core)))
            if self.kind != PANEL:
                break
        return lead(votes)[0]


class Ledger:
    """What has been read and is right."""

    def __init__(self, network, epoch):
        self.network, self.epoch = network, epoch
        self.manifests, self.certificates = {}, {}
        self.by_unit = {}  # (manifest, unit): certificates, and cores by hash
        self.successors = {}  # old key: the keys that claim to take over
        self.anchors = {}  # (project, peer): first and last epoch
        self.culprits = {}  # (peer, manifest): hour of the job
        self.slots, self.signatures = {}, 0

    def signed(self, signer, message, signature, what):
        try:
            Ed25519PublicKey.from_public_bytes(signer).verify(signature, message)
        except InvalidSignature:
            raise Wrong(f"the signature of the {what} of {short(signer)}") from None

    def verify(self, kind, signer, payload, signature, slot_fields):
        for slot, data in self.slots_of(kind, signer, payload, signature, slot_fields):
            other = self.slots.setdefault(slot, sha256(data))
            require(other == sha256(data) or (signer, payload.get(2)) in self.culprits,
                    f"{short(signer)} signed two {kind}s for one slot")

    def slots_of(self, kind, signer, payload, signature, slot_fields):
        """The slots of a statement whose signature is right, each with the statement's bytes."""
        data = encode(payload)
        external = encode([f"starling/signed/{kind}/1", self.network])
        message = encode(["Signature1", encode({1: -8}), external, data])
        self.signed(signer, message, signature, kind)
        self.signatures += 1
        return [(H("starling/slot/1", SLOT_KINDS[kind], signer, *fields), data)
                for fields in slot_fields]

    def unit(self, manifest, unit):
        return self.by_unit.setdefault((manifest, unit), ([], {}))

    def place(self, kind, id_, p, signature):
        """Checks an item whose references have been placed before; returns its epoch."""
        name, _, signer, epoch_key, slot_keys = ITEMS[kind]
        if name == "opening":
            return self.place_opening(p)
        if name == "fault":
            return self.place_fault(p)
        certificate = Certificate(id_, p) if name == "certificate" else None
        if certificate:
            fields = [(certificate.manifest, certificate.kind, certificate.round, unit)
                      for unit in certificate.units]
        elif name == "revoke":
            record, _, record_signature = open_envelope(p[2])
            fields = [(record[1],)]
        else:
            fields = [[p[key] for key in slot_keys]]
        if name == "manifest":
            require(p[1] == self.network, "its network is not that of the header")
        self.verify(name, p[signer], p, signature, fields)
        if certificate:
            for statement in certificate.statements():
                self.verify(*statement)
        epoch = certificate.epoch if certificate else p[epoch_key]
        require(epoch <= self.epoch + 1, "its epoch is in the future")
        if name == "manifest":
            self.manifests[id_] = p
            return epoch
        if name == "device":
            consent = encode(["starling/device/1", self.network, p[1]])
            self.signed(p[2], consent, p[3], "consent")
            return epoch
        if name == "revoke":
            require(record[2] == 0 and record[1] != p[1], "its record is not a first one")
            require(record[13] == H("starling/successor/1", p[1]), "it was not foreseen")
            self.verify("record", record[1], record, record_signature, [(record[1], 0)])
            binding = encode(["starling/curve/1", self.network, record[3]])
            self.signed(record[1], binding, record[4], "CURVE key")
            self.successors.setdefault(record[1], set()).add(p[1])
            return epoch
        if name == "anchor":
            require(epoch <= p[3] <= epoch + ANCHOR_HOURS, "the hours for which it counts")
            self.anchors.setdefault((p[1], p[2]), (epoch, p[3]))
            return epoch
        require(p[2] in self.manifests, f"its manifest {short(p[2])} is missing or wrong")
        manifest = self.manifests[p[2]]
        if certificate:
            certificate.check(manifest, self.epoch)
            self.certificates[id_] = certificate
            for unit in certificate.units:
                certificates, cores = self.unit(certificate.manifest, unit)
                certificates.append(certificate)
                opened = [core for number, core in certificate.openings if number == unit]
                cores.update((core_hash(core), core) for core in opened)
        else:
            require(p[1] == manifest[2] and epoch >= manifest[6], "not its project's, or too old")
            require(name != "ruling" or p[3] < manifest[13], "a unit that the job does not have")
        return epoch

    def place_opening(self, p):
        certificate = self.certificates.get(p[2])
        require(certificate, f"its certificate {short(p[2])} is missing or wrong")
        require(certificate.manifest == p[1], "its certificate is for another job")
        require(ascends([unit for unit, *_ in p[3]]), "units do not ascend")
        for unit, *core in p[3]:
            opened = any(certificate.opens(core, b, unit) for b in certificate.ballots(unit))
            require(unit in certificate.units and opened, f"unit {unit}: it makes no digest")
            self.unit(p[1], unit)[1][core_hash(core)] = core
        return certificate.epoch

    def place_fault(self, p):
        """Two statements of one signer for one slot."""
        require(p[1] in FAULTS, "its kind")
        name, signer_key, job_key, slot_keys = FAULTS[p[1]]
        slots, said = [], []
        for key in (2, 3):
            payload, data, signature = open_envelope(p[key])
            signer, job = payload[signer_key], payload[job_key]
            if slot_keys:
                *fields, units = (payload[each] for each in slot_keys)
                fields = [(*fields, unit) for unit in units]
            else:
                certificate = Certificate(sha256(data), payload)
                fields = [(job, certificate.kind, certificate.round, unit)
                          for unit in certificate.units]
                for statement in certificate.statements():
                    self.slots_of(*statement)
            found = self.slots_of(name, signer, payload, signature, fields)
            slots.append({slot for slot, _ in found})
            said.append((sha256(data), signer, job))
        require(said[0][0] < said[1][0] and said[0][1:] == said[1][1:], "they are not two of one")
        require(slots[0] & slots[1], "they do not contradict each other")
        require(job in self.manifests, f"its manifest {short(job)} is missing or wrong")
        self.culprits[signer, job] = self.manifests[job][6]
        return self.manifests[job][6]

    def is_culprit(self, peer, epoch):
        """Whether a peer was caught in a job of an hour before `epoch`."""
        return any(key == peer and hour < epoch for (key, _), hour in self.culprits.items())

    def current(self, peer):
        """The key that a machine has now: a chain of at most 64 that nobody contests."""
        key = peer
        for _ in range(65):
            successors = self.successors.get(key, ())
            if len(successors) != 1:
                return key
            key, = successors
        return peer

    def board(self):
        """Operations, results won and results lost by machine."""
        reputations = Reputations(self)
        rows = {}
        for (manifest, unit), (_, cores) in self.by_unit.items():
            hash_ = reputations.verdict(manifest, unit)
            if hash_ is None:
                continue  # disputed, or sealed
            for worker, kind in self.outcomes(manifest, unit, hash_).items():
                row = rows.setdefault(self.current(worker), [0, 0, 0])
                is_paid = kind == "won" and (worker, manifest) not in self.culprits
                row[0] += cores[hash_][1] if is_paid else 0
                row[1 if is_paid else 2] += 1
        return [[worker, *rows[worker]] for worker in sorted(rows)]

    def outcomes(self, manifest, unit, hash_, last=None):
        """What became of each worker's word, by certificates up to the hour `last`."""
        certificates, cores = self.by_unit[manifest, unit]
        lies, workers = {}, set()
        for certificate in certificates:
            if last is not None and certificate.epoch > last:
                continue
            for ballot in certificate.ballots(unit):
                workers.add(ballot[0])
                if not certificate.opens(cores[hash_], ballot, unit):
                    said = (h for h, c in cores.items() if certificate.opens(c, ballot, unit))
                    lies.setdefault(ballot[0], set()).add(next(said, ballot[2]))
        def kind(worker):
            own = lies.get(worker)
            others = (said for other, said in lies.items() if other != worker)
            return "won" if not own else "shared" if any(own & said for said in others) else "lone"
        return {worker: kind(worker) for worker in workers}


class Reputations:
    """What earlier results make of workers, and which certificates prevail for that."""

    def __init__(self, ledger):
        self.ledger, self.tallies, self.marks = ledger, {}, {}
        machines = {}
        for key in {*ledger.successors, *(k for s in ledger.successors.values() for k in s)}:
            machines.setdefault(ledger.current(key), set()).add(key)
        self.keys = lambda worker: {worker} | machines.get(ledger.current(worker), set())
        contested = [name for name in ledger.by_unit if not self.is_of_one_mind(self.words(*name))]
        for name in ledger.by_unit:
            self.mark(*name)
        while any([self.mark(*name) for name in contested]):
            pass

    def words(self, manifest, unit):
        certificates, cores = self.ledger.by_unit[manifest, unit]
        return [(certificate, certificate.winner(unit, cores)) for certificate in certificates]

    @staticmethod
    def is_of_one_mind(words):
        return len({core for _, core in words}) == 1 and words[0][1] is not None

    def mark(self, manifest, unit):
        """Counts what a unit adds to reputations hour by hour; whether that has changed."""
        certificates, marks, said = self.ledger.by_unit[manifest, unit][0], [], {}
        for hour in sorted({certificate.epoch for certificate in certificates}):
            hash_ = self.verdict(manifest, unit, hour)
            now = self.ledger.outcomes(manifest, unit, hash_, hour) if hash_ else {}
            for worker in {*said, *now}:
                if said.get(worker) != now.get(worker):
                    marks += [(worker, hour, said[worker], -1)] if worker in said else []
                    marks += [(worker, hour, now[worker], 1)] if worker in now else []
            said = now
        earlier, self.marks[manifest, unit] = self.marks.get((manifest, unit), []), sorted(marks)
        if earlier == sorted(marks):
            return False
        project = self.ledger.manifests[manifest][2]
        for sign, changes in ((-1, earlier), (1, marks)):
            for worker, hour, kind, change in changes:
                hours = self.tallies.setdefault((project, worker), {})
                hours.setdefault(hour, Counter())[kind] += sign * change
        return True

    def reputation(self, keys, manifest, last):
        """Certified results, those in a row, and mistakes, up to the hour `last`."""
        hours = {}
        for project in {manifest[2], *manifest[20]}:
            for key in keys:
                for hour, tally in self.tallies.get((project, key), {}).items():
                    if hour <= last:
                        hours.setdefault(hour, Counter()).update(tally)
        units = streak = clean = faults = 0
        for _, tally in sorted(hours.items()):
            units, streak, clean = (max(0, n + tally["won"]) for n in (units, streak, clean))
            wrong = tally["lone"] + tally["shared"]
            faults = max(0, faults + wrong)
            if wrong > 0:
                units = 0 if tally["shared"] > 0 else units >> tally["lone"]
                streak = clean = 0
            else:
                forgiven = min(faults, clean // FORGIVING)
                faults -= forgiven
                clean = clean - forgiven * FORGIVING if faults else 0
        return units, streak, faults

    def trust_class(self, worker, manifest, epoch):
        if self.ledger.is_culprit(worker, epoch):
            return NEWCOMER
        keys = {key for key in self.keys(worker) if not self.ledger.is_culprit(key, epoch)}
        named = (self.ledger.anchors.get((manifest[2], key)) for key in keys)
        if keys & {manifest[4], *manifest[19]} or any(
                hours and hours[0] <= epoch <= hours[1] for hours in named):
            return ANCHOR
        if self.reputation(keys, manifest, epoch - SENIOR_HOURS)[0] >= SENIOR_UNITS:
            return SENIOR
        _, streak, faults = self.reputation(keys, manifest, epoch - 1)
        return TRUSTED if streak >= STREAK << faults else NEWCOMER

    def weight(self, certificate, core, unit):
        if certificate.kind == RULING:
            return RULING_WEIGHT
        manifest = self.ledger.manifests[certificate.manifest]
        needed = TRUSTED if certificate.kind == SINGLE_VOTE else SENIOR
        vouching = [ballot for ballot in certificate.ballots(unit) if self.trust_class(
            ballot[0], manifest, certificate.sets[ballot[1]][3]) >= needed]
        if certificate.kind != PANEL:
            return ANCHORED_VOTE if vouching else VOTE_WEIGHT
        cores = self.ledger.by_unit[certificate.manifest, unit][1]
        votes = [(ballot[0], hash_) for ballot in vouching for hash_, said in cores.items()
                 if certificate.opens(said, ballot, unit)]
        return ANCHORED_PANEL if lead(votes) == (core, True) else PANEL_WEIGHT

    def verdict(self, manifest, unit, last=None):
        """The hash of the core that prevails, by certificates up to the hour `last`."""
        words = [(certificate, core) for certificate, core in self.words(manifest, unit)
                 if last is None or certificate.epoch <= last]
        weighed = [(VOTE_WEIGHT, *word) for word in words]
        if words and not self.is_of_one_mind(words):
            weighed = [(self.weight(*word, unit), *word) for word in words]
            weighed = [(w, c, core) for w, c, core in weighed
                       if c.kind != AUDIT or w >= ANCHORED_VOTE]
        if not weighed:
            return None
        top = max(weight for weight, _, _ in weighed)
        others = [weight for weight, certificate, _ in weighed if certificate.kind != AUDIT]
        audits_alone = all(w < top or c.kind == AUDIT for w, c, _ in weighed)
        counting = {core for weight, _, core in weighed
                    if weight == top or audits_alone and weight == max(others, default=top)}
        return counting.pop() if len(counting) == 1 else None


def short(data):
    return data.hex()[:8]


class Export:
    """The elements of a file; what is wrong goes to `findings`."""

    def __init__(self, data):
        self.data, self.findings = data, []
        self.header, self.items, self.lines, self.end = None, [], [], None
        for offset, element, raw in self.elements():
            what = element[0] if isinstance(element, list) and element else None
            if offset == 0 and what == "starling/export/1" and len(element) == 4:
                self.header = element
            elif self.end is not None:
                self.wrong(offset, "bytes", "something follows the end")
            elif what == "starling/export/end/1" and len(element) == 2:
                self.end = element[1]
                if sha256(data[:offset + len(raw) - 34]) != self.end:
                    self.wrong(offset, "end", "the hash: the file was changed after it was written")
            elif isinstance(what, bytes) and len(element) == 4:
                self.lines.append(element)
            elif what in ITEMS and len(element) == 2 and not self.lines:
                self.items.append((offset, what, element[1]))
            else:
                self.wrong(offset, "bytes", "no element that may stand here")
        if self.header is None:
            self.wrong(0, "header", "the file does not begin with the header of an export")
        elif self.header[3] != len(self.items):
            self.wrong(0, "header", f"it states {self.header[3]} items of {len(self.items)}")
        if self.end is None:
            self.wrong(len(data), "end", "the file was cut off: it has no end")

    def wrong(self, offset, subject, what):
        self.findings.append((offset, f"byte {offset}: {subject}: {what}"))

    def elements(self):
        offset = 0
        while offset < len(self.data):
            try:
                window = self.data[offset:offset + ELEMENT_BYTES]
                element = cbor2.CBORDecoder(io.BytesIO(window)).decode()
                raw = encode(element)
                require(window.startswith(raw), "not deterministic CBOR")
            except Exception as error:
                self.wrong(offset, "bytes", f"neither this nor the rest can be read: {error}")
                return
            yield offset, element, raw
            offset += len(raw)

    def check(self):
        """Places every item: manifests first, then faults, what else refers to them, openings."""
        _, network, epoch, _ = self.header or (None, bytes(32), 0, 0)
        ledger = Ledger(network, epoch)
        keys, ids = {}, set()
        ranks = {"manifest": 0, "fault": 1, "opening": 3}
        self.items.sort(key=lambda item: (ranks.get(ITEMS[item[1]][0], 2), item[0]))
        for offset, kind, content in self.items:
            name, key_count = ITEMS[kind][:2]
            subject = name
            try:
                p, payload, signature = content, encode(content), None
                if name not in ("opening", "fault"):
                    p, payload, signature = open_envelope(content)
                id_ = sha256(payload)
                subject = f"{name} {short(id_)}"
                require(list(p) == list(range(1, key_count + 1)) and is_plain(p), "its fields")
                require(id_ not in ids, "it stands here for a second time")
                ids.add(id_)
                keys[offset] = (ledger.place(kind, id_, p, signature), id_, subject)
            except Wrong as error:
                self.wrong(offset, subject, error)
            except Exception as error:
                self.wrong(offset, subject, f"it is malformed: {error!r}")
        for offset, (_, id_, subject) in keys.items():
            looked = ledger.certificates.get(id_)
            if looked and looked.kind == AUDIT and not all(
                    any(c.kind != AUDIT for c in ledger.unit(looked.manifest, unit)[0])
                    for unit in looked.units):
                self.wrong(offset, subject, "an audit of what nobody has certified")
        placed = sorted(keys.items())
        for (_, (*left, _)), (offset, (*right, subject)) in zip(placed, placed[1:]):
            if left >= right:
                self.wrong(offset, subject, "it belongs before what stands before it")
        board = ledger.board()
        if self.lines != board:
            names = sorted({short(line[0]) for line in self.lines + board
                            if line not in self.lines or line not in board})
            self.wrong(len(self.data), "board line of " + " ".join(names), "the items give another")
        return ledger, board


def main(path):
    try:
        with open(path, "rb") as file:
            export = Export(file.read())
    except OSError as error:
        print(f"cannot read {path}: {error}", file=sys.stderr)
        return 2
    ledger, board = export.check()
    for number, (name, *_) in ITEMS.items():
        print(f"{sum(kind == number for _, kind, _ in export.items):8} {name}")
    print(f"{ledger.signatures:8} signatures")
    for peer, operations, won, lost in board:
        print(f"{peer.hex()} {operations} {won} {lost}")
    for _, finding in sorted(export.findings):
        print(finding)
    print("WRONG" if export.findings else "right")
    return 1 if export.findings else 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print("usage: verify_export.py FILE", file=sys.stderr)
        sys.exit(2)
    sys.exit(main(sys.argv[1]))
